#include "core/keyspace/entry.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/types/hash_value.h"
#include "core/types/list_value.h"

namespace replete {
namespace {

// An entry of the test's own.
class Owned {
 public:
  explicit Owned(Entry* entry) : entry_(entry) {}
  ~Owned() { Entry::Delete(entry_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Entry* operator->() const { return entry_; }
  Entry* get() const { return entry_; }
  void Reset(Entry* entry) { entry_ = entry; }

 private:
  Entry* entry_;
};

constexpr uint8_t kAllExtensions[] = {0, Entry::kDeadline, Entry::kOrder,
                                      Entry::kDeadline | Entry::kOrder};

TEST(EntryTest, KeepsKeyValueAndExtensionsApart) {
  const std::string long_key(70'000, 'K');
  for (const uint8_t extensions : kAllExtensions) {
    for (const std::string& key :
         {std::string(), std::string("k"), std::string("a\0b", 3), long_key}) {
      Owned entry(Entry::NewString(key, "value", extensions));
      EXPECT_EQ(entry->deadline() == kNoDeadline, (extensions & Entry::kDeadline) == 0);
      if (extensions & Entry::kDeadline) {
        entry->set_deadline(INT64_MAX - 1);
        entry->set_link(Entry::wheel_next(), 0x0000fffffffffff0);
        entry->set_link(Entry::wheel_previous(), 0x0000123456789ab0);
      }
      if (extensions & Entry::kOrder) {
        entry->set_link(entry->order_next(), 0x0000aaaaaaaaaaa0);
        entry->set_link(entry->order_previous(), 0x0000555555555550);
      }
      entry->set_clock(0xdeadbeef);
      EXPECT_EQ(entry->type(), ValueType::kString);
      EXPECT_EQ(entry->holding(), Holding::kInline);
      EXPECT_EQ(entry->key(), key);
      EXPECT_EQ(entry->string(), "value");
      EXPECT_EQ(entry->clock(), 0xdeadbeefu);
      if (extensions & Entry::kDeadline) {
        EXPECT_EQ(entry->deadline(), INT64_MAX - 1);
        EXPECT_EQ(entry->link(Entry::wheel_next()), 0x0000fffffffffff0u);
        EXPECT_EQ(entry->link(Entry::wheel_previous()), 0x0000123456789ab0u);
      }
      if (extensions & Entry::kOrder) {
        EXPECT_EQ(entry->link(entry->order_next()), 0x0000aaaaaaaaaaa0u);
        EXPECT_EQ(entry->link(entry->order_previous()), 0x0000555555555550u);
      }
    }
  }
}

TEST(EntryTest, KeysOfAnyLengthAroundTheLimitOfTheHeader) {
  for (const size_t size : {65'534, 65'535, 65'536, 65'537, 200'000}) {
    const std::string key(size, 'k');
    Owned entry(Entry::NewString(key, "v", Entry::kDeadline));
    EXPECT_EQ(entry->has(Entry::kLongKey), size >= 65'535);
    EXPECT_TRUE(entry->key() == key);
    EXPECT_TRUE(entry->AssignInPlace("w"));
    // To a short name and back.
    entry.Reset(Entry::Rebuild(entry.get(), "short", entry->extensions()));
    EXPECT_FALSE(entry->has(Entry::kLongKey));
    EXPECT_EQ(entry->key(), "short");
    entry.Reset(Entry::Rebuild(entry.get(), key, entry->extensions()));
    EXPECT_TRUE(entry->key() == key);
    EXPECT_EQ(entry->string(), "w");
  }
}

TEST(EntryTest, HeaderAndClassesAreWhatTheDesignCountsWith) {
  EXPECT_EQ(sizeof(Entry), 12u);
  const std::string key(16, 'k');
  Owned plain(Entry::NewString(key, std::string(32, 'v'), 0));
  EXPECT_EQ(plain->bytes(), AllocatedSize(60));
  Owned with_deadline(Entry::NewString(key, std::string(32, 'v'), Entry::kDeadline));
  EXPECT_EQ(with_deadline->bytes(), AllocatedSize(80));
  Owned large(Entry::NewString(key, std::string(100, 'v'), 0));
  EXPECT_EQ(large->bytes(), AllocatedSize(128));
}

TEST(EntryTest, AValueIsReplacedInPlaceExactlyWhileItsSizeClassStays) {
  const std::string key = "a key";
  for (const size_t from : {0, 1, 7, 20, 50, 100, 300, 1000, 4096}) {
    for (size_t to = 0; to < 1200; to += to < 130 ? 1 : 37) {
      Owned entry(Entry::NewString(key, std::string(from, 'a'), Entry::kDeadline));
      entry->set_deadline(77);
      const size_t offset = Entry::kHeaderSize + Entry::kDeadlineSize + key.size();
      const bool same_class = AllocatedSize(offset + from) == AllocatedSize(offset + to);
      const size_t bytes = entry->bytes();
      EXPECT_EQ(entry->AssignInPlace(std::string(to, 'b')), same_class) << from << " to " << to;
      EXPECT_EQ(entry->string(), same_class ? std::string(to, 'b') : std::string(from, 'a'));
      EXPECT_EQ(entry->bytes(), bytes);
      EXPECT_EQ(entry->key(), key);
      EXPECT_EQ(entry->deadline(), 77);
    }
  }
}

TEST(EntryTest, OnlyInlineStringsAreReplacedInPlace) {
  Owned block(Entry::NewString("k", std::string(5000, 'x'), 0));
  EXPECT_FALSE(block->AssignInPlace("small"));
  EXPECT_FALSE(block->AssignInPlace(std::string(5000, 'y')));
  Owned hash(Entry::NewHash("k", new HashValue(), 0));
  EXPECT_FALSE(hash->AssignInPlace("12345678"));
  Owned list(Entry::NewList("k", new ListValue(), 0));
  EXPECT_FALSE(list->AssignInPlace("12345678"));
  Owned entry(Entry::NewString("k", std::string(4096, 'x'), 0));
  EXPECT_FALSE(entry->AssignInPlace(std::string(4097, 'y')));
}

TEST(EntryTest, ValuesBeyondTheInlineLimitAreBlocks) {
  for (const size_t size : {4095, 4096, 4097, 100'000}) {
    const std::string value(size, 'v');
    Owned entry(Entry::NewString("key", value, 0));
    EXPECT_EQ(entry->holding(), size <= Entry::kInlineMax ? Holding::kInline : Holding::kBlock);
    EXPECT_TRUE(entry->string() == value);
    EXPECT_GE(entry->bytes(), size);
    EXPECT_LE(entry->bytes(), size + size / 4 + 128);
  }
}

TEST(EntryTest, AReceivedBulkIsAdopted) {
  BulkBuffer bulk;
  bulk.Grow(10'000);
  std::memset(bulk.data(), 'b', 10'000);
  bulk.Resize(9'500);
  const char* memory = bulk.data();
  Owned entry(Entry::NewString("key", std::move(bulk), 0));
  EXPECT_EQ(entry->string().data(), memory) << "little is left over: not copied";
  EXPECT_EQ(entry->string(), std::string(9'500, 'b'));

  BulkBuffer half;
  half.Grow(20'000);
  std::memset(half.data(), 'h', 20'000);
  half.Resize(10'000);
  Owned trimmed(Entry::NewString("key", std::move(half), 0));
  EXPECT_EQ(trimmed->string(), std::string(10'000, 'h'));
  EXPECT_LT(trimmed->bytes(), 11'000u) << "the unused half was kept";

  BulkBuffer small;
  small.Grow(100);
  std::memset(small.data(), 's', 100);
  small.Resize(10);
  Owned inlined(Entry::NewString("key", std::move(small), 0));
  EXPECT_EQ(inlined->holding(), Holding::kInline);
  EXPECT_EQ(inlined->string(), "ssssssssss");
}

TEST(EntryTest, ResizingInPlaceKeepsWhatStays) {
  Owned entry(Entry::NewString("key", "0123456789", 0));
  EXPECT_EQ(entry->ResizeInPlace(1000), nullptr) << "another size class";
  char* bytes = entry->ResizeInPlace(5);
  if (bytes != nullptr) {
    EXPECT_EQ(entry->string(), "01234");
  }
  EXPECT_EQ(entry->ResizeInPlace(5000), nullptr) << "does not stand inline";

  Owned block(Entry::NewString("key", std::string(5000, 'x'), 0));
  ASSERT_NE(block->ResizeInPlace(10), nullptr);
  EXPECT_EQ(block->string(), "xxxxxxxxxx");
  ASSERT_NE(block->ResizeInPlace(200'000), nullptr);
  EXPECT_TRUE(block->string() == "xxxxxxxxxx" + std::string(199'990, '\0'));
  const size_t grown = block->bytes();
  ASSERT_NE(block->ResizeInPlace(200'001), nullptr);
  EXPECT_EQ(block->bytes(), grown) << "appending reallocates each time";
}

TEST(EntryTest, ResizeIntoCopiesAndZeroes) {
  for (const size_t from : {0, 10, 4096}) {
    for (const size_t to : {0, 5, 4096, 4097, 50'000}) {
      const std::string value(from, 'v');
      Entry* made = Entry::NewString("key", value, Entry::kDeadline | Entry::kOrder);
      made->set_deadline(99);
      made->set_clock(7);
      Owned entry(Entry::ResizeInto(made, to));
      std::string expected = value.substr(0, to);
      expected.append(to - expected.size(), '\0');
      EXPECT_TRUE(entry->string() == expected) << from << " to " << to;
      EXPECT_EQ(entry->key(), "key");
      EXPECT_EQ(entry->deadline(), 99);
      EXPECT_EQ(entry->clock(), 7u);
      EXPECT_EQ(entry->extensions(), Entry::kDeadline | Entry::kOrder);
      EXPECT_NE(entry->ResizeInPlace(to), nullptr) << "has not the size that was asked for";
    }
  }
}

TEST(EntryTest, RebuildMovesAnyValue) {
  auto* hash = new HashValue();
  hash->Set("field", "value");
  auto* list = new ListValue();
  list->PushBack("element");
  for (Entry* made : {Entry::NewString("old", "inline", Entry::kDeadline),
                      Entry::NewString("old", std::string(9000, 'b'), Entry::kDeadline),
                      Entry::NewHash("old", hash, Entry::kDeadline),
                      Entry::NewList("old", list, Entry::kDeadline)}) {
    made->set_deadline(123);
    made->set_clock(5);
    const ValueType type = made->type();
    const Holding holding = made->holding();
    Owned entry(Entry::Rebuild(made, "new name", Entry::kDeadline | Entry::kOrder));
    EXPECT_EQ(entry->key(), "new name");
    EXPECT_EQ(entry->deadline(), 123);
    EXPECT_EQ(entry->clock(), 5u);
    EXPECT_EQ(entry->type(), type);
    EXPECT_EQ(entry->holding(), holding);
    if (type == ValueType::kHash) {
      EXPECT_EQ(entry->hash(), hash);
    }
    if (type == ValueType::kList) {
      EXPECT_EQ(entry->list(), list);
    }
    if (holding == Holding::kInline) {
      EXPECT_EQ(entry->string(), "inline");
    }
    if (holding == Holding::kBlock) {
      EXPECT_EQ(entry->string(), std::string(9000, 'b'));
    }
    entry.Reset(Entry::Rebuild(entry.get(), "x", 0));
    EXPECT_EQ(entry->deadline(), kNoDeadline);
    EXPECT_EQ(entry->type(), type);
  }
}

TEST(EntryTest, BytesIncludeWhatAValueHoldsElsewhere) {
  Owned hash(Entry::NewHash("key", new HashValue(), 0));
  const size_t empty = hash->bytes();
  hash->hash()->Set(std::string(1000, 'f'), std::string(1000, 'v'));
  EXPECT_GE(hash->bytes(), empty + 2000);
  Owned list(Entry::NewList("key", new ListValue(), 0));
  list->list()->PushBack(std::string(20'000, 'e'));
  EXPECT_GE(list->bytes(), 20'000u);
}

}  // namespace
}  // namespace replete
