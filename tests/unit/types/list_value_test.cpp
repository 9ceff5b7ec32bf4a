#include "core/types/list_value.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <string>

#include "tests/unit/types/allocation_meter.h"

namespace replete {
namespace {

using Elements = std::deque<std::string>;

Elements All(const ListValue& list) {
  Elements elements;
  list.ForEach([&](std::string_view element) { elements.emplace_back(element); });
  return elements;
}

std::string Front(const ListValue& list) {
  std::string_view element;
  return list.Front(&element) ? std::string(element) : "(none)";
}

std::string Back(const ListValue& list) {
  std::string_view element;
  return list.Back(&element) ? std::string(element) : "(none)";
}

TEST(ListValue, EmptyList) {
  ListValue list;
  EXPECT_EQ(list.size(), 0u);
  EXPECT_TRUE(list.is_packed());
  EXPECT_FALSE(list.PopFront());
  EXPECT_FALSE(list.PopBack());
  EXPECT_EQ(Front(list), "(none)");
  EXPECT_EQ(Back(list), "(none)");
  EXPECT_EQ(list.bytes(), AllocatedSize(sizeof(ListValue)));
  std::unique_ptr<ListValue> copy(list.Clone());
  EXPECT_EQ(copy->size(), 0u);
}

TEST(ListValue, Settings) {
  const uint32_t kibibytes[] = {4, 8, 16, 32, 64, 64, 64};
  for (int i = 0; i < 7; ++i) {
    const ListLimits limits = ListLimits::FromSetting(-1 - i);
    EXPECT_EQ(limits.chunk_bytes, kibibytes[i] * 1024);
    EXPECT_EQ(limits.chunk_count, UINT32_MAX);
  }
  EXPECT_EQ(ListLimits::FromSetting(INT32_MIN).chunk_bytes, 65536u);
  for (int count : {0, 1, 128}) {
    EXPECT_EQ(ListLimits::FromSetting(count).chunk_count,
              static_cast<uint32_t>(count == 0 ? 1 : count));
    EXPECT_EQ(ListLimits::FromSetting(count).chunk_bytes, 8192u);
  }
}

// Sizes where an element's own sizes get one byte longer, and where it becomes a chunk of its own.
TEST(ListValue, ElementsOfEverySize) {
  Elements model;
  ListValue list;
  for (size_t size :
       {0,    1,    125,  126,  127,  128,  129,   8150,  8151,  8152,  8153,  8154,  8155,   8156,
        8157, 8158, 8159, 8160, 8161, 8192, 16380, 16381, 16382, 16383, 16384, 70000, 2100000}) {
    const std::string element(size, static_cast<char>('a' + size % 26));
    list.PushFront(element);
    model.push_front(element);
    EXPECT_TRUE(Front(list) == element);
    list.PushBack(element);
    model.push_back(element);
    EXPECT_TRUE(Back(list) == element);
    list.PushBack("small");
    model.emplace_back("small");
  }
  EXPECT_TRUE(All(list) == model);
  std::unique_ptr<ListValue> copy(list.Clone());
  while (!model.empty()) {
    ASSERT_TRUE(Front(list) == model.front());
    ASSERT_TRUE(Back(list) == model.back());
    ASSERT_TRUE(Front(*copy) == model.front());
    ASSERT_TRUE(Back(*copy) == model.back());
    model.pop_front();
    ASSERT_TRUE(list.PopFront());
    ASSERT_TRUE(copy->PopFront());
    if (model.empty()) break;
    model.pop_back();
    ASSERT_TRUE(list.PopBack());
    ASSERT_TRUE(copy->PopBack());
  }
  EXPECT_EQ(list.size(), 0u);
  EXPECT_EQ(list.bytes(), AllocatedSize(sizeof(ListValue)));
  EXPECT_EQ(copy->bytes(), AllocatedSize(sizeof(ListValue)));
}

TEST(ListValue, OneChunkUpToTheLimitOfBytes) {
  for (bool front : {false, true}) {
    for (int setting : {-1, -2, -5}) {
      const ListLimits limits = ListLimits::FromSetting(setting);
      ListValue list;
      // 32 bytes of header, and elements of 12.
      const size_t fitting = (limits.chunk_bytes - 32) / 12;
      for (size_t i = 0; i < fitting; ++i) {
        front ? list.PushFront("0123456789", limits) : list.PushBack("0123456789", limits);
      }
      EXPECT_TRUE(list.is_packed());
      EXPECT_EQ(list.bytes(), AllocatedSize(sizeof(ListValue)) + AllocatedSize(limits.chunk_bytes));
      front ? list.PushFront("0123456789", limits) : list.PushBack("0123456789", limits);
      EXPECT_FALSE(list.is_packed());
      front ? list.PopFront() : list.PopBack();
      EXPECT_TRUE(list.is_packed());
      EXPECT_EQ(list.size(), fitting);
    }
  }
}

TEST(ListValue, OneChunkUpToTheLimitOfElements) {
  const ListLimits limits = ListLimits::FromSetting(3);
  ListValue list;
  list.PushBack("a", limits);
  list.PushFront("b", limits);
  list.PushBack("c", limits);
  EXPECT_TRUE(list.is_packed());
  list.PushFront("d", limits);
  EXPECT_FALSE(list.is_packed());
  list.PushBack("e", limits);
  EXPECT_EQ(All(list), (Elements{"d", "b", "a", "c", "e"}));
  ListValue big;
  big.PushBack(std::string(5000, 'x'), limits);
  big.PushBack(std::string(5000, 'y'), limits);
  EXPECT_FALSE(big.is_packed());
}

TEST(ListValue, AnElementBeyondTheLimitStandsAlone) {
  ListValue list;
  list.PushBack(std::string(8160, 'x'));
  EXPECT_FALSE(list.is_packed());
  list.PushBack("after");
  list.PushFront("before");
  EXPECT_EQ(list.bytes(), AllocatedSize(sizeof(ListValue)) + AllocatedSize(32 + 8 + 8160) +
                              2 * AllocatedSize(1024));
  EXPECT_EQ(All(list), (Elements{"before", std::string(8160, 'x'), "after"}));
  list.PopBack();
  list.PopBack();
  EXPECT_TRUE(list.is_packed());
  EXPECT_EQ(Back(list), "before");
}

TEST(ListValue, TinyListsAreSmall) {
  ListValue list;
  list.PushFront("job:1");
  EXPECT_EQ(list.bytes(), AllocatedSize(sizeof(ListValue)) + AllocatedSize(64));
  for (int i = 0; i < 3; ++i) list.PushFront("job:1");
  EXPECT_EQ(list.bytes(), AllocatedSize(sizeof(ListValue)) + AllocatedSize(64));
  list.PushFront("job:1");
  EXPECT_EQ(list.bytes(), AllocatedSize(sizeof(ListValue)) + AllocatedSize(128));
}

// LMOVE and RPOPLPUSH push a view of the list they take it from.
TEST(ListValue, AViewOfItselfMayBePushed) {
  std::mt19937 random(4);
  for (size_t size : {3u, 100u, 3000u, 9000u}) {
    ListValue list;
    Elements model;
    for (int i = 0; i < 7; ++i) {
      model.push_back(std::string(size, static_cast<char>('a' + i)));
      list.PushBack(model.back());
    }
    for (int i = 0; i < 300; ++i) {
      std::string_view element;
      if (random() % 2) {
        ASSERT_TRUE(list.Back(&element));
        list.PushFront(element);
        list.PopBack();
        model.push_front(model.back());
        model.pop_back();
      } else {
        ASSERT_TRUE(list.Front(&element));
        list.PushBack(element);
        list.PopFront();
        model.push_back(model.front());
        model.pop_front();
      }
      ASSERT_TRUE(All(list) == model);
    }
  }
}

struct Mix {
  unsigned push_front, push_back, pop_front;  // percent; the rest pops at the back
  unsigned longest;
  int setting;
};

void RandomWork(const Mix& mix, unsigned seed) {
  std::mt19937 random(seed);
  const ListLimits limits = ListLimits::FromSetting(mix.setting);
  ListValue list;
  Elements model;
  int64_t allocated = 0;
  for (int i = 0; i < 20000; ++i) {
    const unsigned dice = random() % 100;
    const unsigned longest = random() % 50 == 0 ? mix.longest : 20;
    const std::string element(random() % (longest + 1), static_cast<char>('a' + random() % 26));
    const int64_t start = AllocationMeter::Now();
    if (dice < mix.push_front) {
      list.PushFront(element, limits);
      allocated += AllocationMeter::Now() - start;
      model.push_front(element);
    } else if (dice < mix.push_front + mix.push_back) {
      list.PushBack(element, limits);
      allocated += AllocationMeter::Now() - start;
      model.push_back(element);
    } else if (dice < mix.push_front + mix.push_back + mix.pop_front) {
      const bool popped = list.PopFront();
      allocated += AllocationMeter::Now() - start;
      ASSERT_EQ(popped, !model.empty());
      if (popped) model.pop_front();
    } else {
      const bool popped = list.PopBack();
      allocated += AllocationMeter::Now() - start;
      ASSERT_EQ(popped, !model.empty());
      if (popped) model.pop_back();
    }
    ASSERT_EQ(list.size(), model.size());
    ASSERT_EQ(Front(list), model.empty() ? "(none)" : model.front());
    ASSERT_EQ(Back(list), model.empty() ? "(none)" : model.back());
    if (AllocationMeter::kExact) {
      ASSERT_EQ(list.bytes(), AllocatedSize(sizeof(ListValue)) + static_cast<size_t>(allocated));
    }
    if (i % 500 == 0) {
      ASSERT_TRUE(All(list) == model);
      std::unique_ptr<ListValue> copy(list.Clone());
      ASSERT_TRUE(All(*copy) == model);
    }
  }
  while (random() % 2 ? list.PopFront() : list.PopBack()) {
  }
  EXPECT_EQ(list.bytes(), AllocatedSize(sizeof(ListValue)));
}

TEST(ListValue, AgreesWithADeque) {
  const Mix mixes[] = {
      {50, 10, 10, 20, -2},    {10, 50, 10, 20, -2},    {25, 25, 25, 200, -2}, {48, 2, 2, 300, -1},
      {30, 30, 20, 9000, -2},  {30, 30, 20, 20000, -1}, {30, 25, 20, 500, 5},  {30, 25, 20, 500, 0},
      {40, 40, 10, 70000, -5}, {0, 55, 45, 100, -2},
  };
  unsigned seed = 1;
  for (const Mix& mix : mixes) RandomWork(mix, seed++);
}

TEST(ListValue, AQueueKeepsItsMemory) {
  for (int pattern = 0; pattern < 3; ++pattern) {
    ListValue list;
    size_t most = 0;
    for (int i = 0; i < 100000; ++i) {
      const std::string element = "job:" + std::to_string(i);
      const bool front = pattern == 0 || (pattern == 2 && i % 2 == 0);
      front ? list.PushFront(element) : list.PushBack(element);
      if (list.size() > 16) front ? list.PopBack() : list.PopFront();
      most = std::max(most, list.bytes());
    }
    EXPECT_TRUE(list.is_packed());
    EXPECT_LE(most, 1100u) << pattern;
  }
}

TEST(ListValue, CloneIsIndependentAndHasNoGaps) {
  ListValue list;
  Elements model;
  for (int i = 0; i < 3000; ++i) {
    model.push_front("element:" + std::to_string(i));
    list.PushFront(model.front());
  }
  for (int i = 0; i < 400; ++i) {
    list.PopFront();
    model.pop_front();
  }
  std::unique_ptr<ListValue> copy(list.Clone());
  EXPECT_LT(copy->bytes(), list.bytes());
  copy->PushFront("only in the copy");
  copy->PopBack();
  EXPECT_TRUE(All(list) == model);
  list.PushBack("only in the list");
  model.push_front("only in the copy");
  model.pop_back();
  EXPECT_TRUE(All(*copy) == model);
  for (int i = 0; i < 500; ++i) {
    copy->PushBack("b");
    model.push_back("b");
    copy->PushFront("f");
    model.push_front("f");
  }
  EXPECT_TRUE(All(*copy) == model);
}

}  // namespace
}  // namespace replete
