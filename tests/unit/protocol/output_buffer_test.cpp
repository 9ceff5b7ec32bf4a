#include "protocol/output_buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace replete {
namespace {

TEST(OutputBuffer, StartsWithoutMemory) {
  OutputBuffer buffer;
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(buffer.capacity(), 0u);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.view(), "");
  buffer.Append(std::string_view());
  EXPECT_EQ(buffer.view(), "");
}

TEST(OutputBuffer, ReserveAndCommit) {
  OutputBuffer buffer;
  char* to = buffer.Reserve(1000);
  EXPECT_GE(buffer.free_space(), 1000u);
  EXPECT_EQ(buffer.size(), 0u);
  std::memset(to, 'x', 1000);
  buffer.Commit(600);
  EXPECT_EQ(buffer.view(), std::string(600, 'x'));
}

TEST(OutputBuffer, ConsumeTruncateClear) {
  OutputBuffer buffer;
  buffer.Append("hello world");
  buffer.Append('!');
  buffer.Consume(6);
  EXPECT_EQ(buffer.view(), "world!");
  buffer.Truncate(5);
  EXPECT_EQ(buffer.view(), "world");
  buffer.Consume(5);
  EXPECT_TRUE(buffer.empty());
  const size_t capacity = buffer.capacity();
  buffer.Append("again");
  buffer.Clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.capacity(), capacity);
}

TEST(OutputBuffer, ConsumedSpaceIsUsedAgain) {
  OutputBuffer buffer;
  buffer.Append(std::string(1000, 'a'));
  const size_t capacity = buffer.capacity();
  for (int i = 0; i < 10'000; ++i) {
    buffer.Consume(900);
    buffer.Append(std::string(900, static_cast<char>('a' + i % 26)));
  }
  EXPECT_EQ(buffer.size(), 1000u);
  EXPECT_LE(buffer.capacity(), 4 * capacity);
}

TEST(OutputBuffer, InsertMakesAHole) {
  OutputBuffer buffer;
  buffer.Append("__abcdef");
  buffer.Consume(2);
  std::memcpy(buffer.Insert(3, 2), "12", 2);
  EXPECT_EQ(buffer.view(), "abc12def");
  std::memcpy(buffer.Insert(8, 1), "!", 1);
  std::memcpy(buffer.Insert(0, 1), "<", 1);
  EXPECT_EQ(buffer.view(), "<abc12def!");
}

TEST(OutputBuffer, ShrinkKeepsTheContent) {
  OutputBuffer buffer;
  buffer.Append(std::string(100'000, 'x'));
  buffer.Consume(99'990);
  buffer.Shrink(1'000'000);
  EXPECT_GE(buffer.capacity(), 100'000u) << "nothing to give back";
  buffer.Shrink(4096);
  EXPECT_EQ(buffer.capacity(), 4096u);
  EXPECT_EQ(buffer.view(), std::string(10, 'x'));
  buffer.Shrink(0);
  EXPECT_EQ(buffer.capacity(), 10u);
  EXPECT_EQ(buffer.view(), std::string(10, 'x'));
  buffer.Clear();
  buffer.Shrink(0);
  EXPECT_EQ(buffer.capacity(), 0u);
  buffer.Append("back");
  EXPECT_EQ(buffer.view(), "back");
}

TEST(OutputBuffer, Moves) {
  OutputBuffer first;
  first.Append("content");
  OutputBuffer second(std::move(first));
  EXPECT_EQ(second.view(), "content");
  OutputBuffer third;
  third.Append("other");
  third = std::move(second);
  EXPECT_EQ(third.view(), "content");
}

TEST(OutputBuffer, TooMuchThrowsAndChangesNothing) {
  OutputBuffer buffer;
  buffer.Append("content");
  EXPECT_THROW(buffer.Reserve(SIZE_MAX), std::bad_alloc);
  EXPECT_THROW(buffer.Reserve(SIZE_MAX / 2), std::bad_alloc);
  EXPECT_EQ(buffer.view(), "content");
}

TEST(OutputBuffer, BehavesAsAString) {
  std::mt19937 random(1);
  OutputBuffer buffer;
  std::string model;
  for (int step = 0; step < 50'000; ++step) {
    const size_t n = random() % 300;
    switch (random() % 6) {
      case 0:
      case 1:
        buffer.Append(std::string(n, static_cast<char>('a' + n % 26)));
        model.append(n, static_cast<char>('a' + n % 26));
        break;
      case 2:
        buffer.Append(static_cast<char>(n));
        model.push_back(static_cast<char>(n));
        break;
      case 3:
        buffer.Consume(std::min(n, model.size()));
        model.erase(0, n);
        break;
      case 4:
        if (n < model.size()) {
          *buffer.Insert(n, 1) = '#';
          model.insert(n, 1, '#');
        }
        break;
      default:
        if (n < 3) {
          buffer.Shrink(n * 100);
        } else if (n < model.size()) {
          buffer.Truncate(model.size() - n / 10);
          model.erase(model.size() - n / 10);
        }
    }
    ASSERT_EQ(buffer.view(), model);
  }
}

}  // namespace
}  // namespace replete
