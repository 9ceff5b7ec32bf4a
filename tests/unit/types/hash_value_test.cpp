#include "core/types/hash_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/types/allocation_meter.h"

namespace replete {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields All(const HashValue& hash) {
  Fields fields;
  hash.ForEach(
      [&](std::string_view field, std::string_view value) { fields.emplace_back(field, value); });
  return fields;
}

std::map<std::string, std::string> Sorted(const HashValue& hash) {
  std::map<std::string, std::string> sorted;
  for (auto& [field, value] : All(hash)) EXPECT_TRUE(sorted.emplace(field, value).second) << field;
  return sorted;
}

std::string Value(const HashValue& hash, std::string_view field) {
  std::string_view value;
  return hash.Get(field, &value) ? std::string(value) : "(none)";
}

size_t NodeBytes(size_t field, size_t value) { return AllocatedSize(8 + field + value); }

TEST(HashValue, StartsEmptyAndPacked) {
  HashValue hash;
  EXPECT_EQ(hash.size(), 0u);
  EXPECT_TRUE(hash.is_packed());
  EXPECT_FALSE(hash.Contains(""));
  EXPECT_FALSE(hash.Erase("a"));
  EXPECT_TRUE(All(hash).empty());
  EXPECT_EQ(hash.bytes(), AllocatedSize(sizeof(HashValue)));
  std::unique_ptr<HashValue> copy(hash.Clone());
  EXPECT_EQ(copy->size(), 0u);
}

TEST(HashValue, PackedFieldsKeepTheirOrder) {
  HashValue hash;
  EXPECT_TRUE(hash.Set("b", "1"));
  EXPECT_TRUE(hash.Set("a", "2"));
  EXPECT_TRUE(hash.Set("", ""));
  EXPECT_TRUE(hash.Set("c", std::string_view("x\0y", 3)));
  EXPECT_FALSE(hash.Set("a", "a longer value"));
  EXPECT_EQ(All(hash),
            (Fields{{"b", "1"}, {"a", "a longer value"}, {"", ""}, {"c", std::string("x\0y", 3)}}));
  EXPECT_TRUE(hash.Erase("b"));
  EXPECT_FALSE(hash.Erase("b"));
  EXPECT_FALSE(hash.Set("", "now one"));
  EXPECT_EQ(All(hash),
            (Fields{{"a", "a longer value"}, {"", "now one"}, {"c", std::string("x\0y", 3)}}));
  EXPECT_TRUE(hash.is_packed());
}

TEST(HashValue, ConvertsWithOneFieldTooMany) {
  HashValue hash;
  const HashLimits limits{.max_entries = 128};
  for (int i = 0; i < 128; ++i) hash.Set("f" + std::to_string(i), "v" + std::to_string(i), limits);
  EXPECT_FALSE(hash.Set("f5", "again", limits));
  EXPECT_TRUE(hash.is_packed());
  const auto before = Sorted(hash);
  EXPECT_TRUE(hash.Set("f128", "v128", limits));
  EXPECT_FALSE(hash.is_packed());
  auto after = Sorted(hash);
  EXPECT_EQ(after.erase("f128"), 1u);
  EXPECT_EQ(after, before);
  while (hash.size() > 0) EXPECT_TRUE(hash.Erase(All(hash).front().first));
  EXPECT_FALSE(hash.is_packed());
  EXPECT_TRUE(hash.Set("f", "v"));
  EXPECT_EQ(Value(hash, "f"), "v");
}

TEST(HashValue, ConvertsForOneTextTooLong) {
  const std::string fits(64, 'x');
  const std::string too_long(65, 'x');
  HashValue packed;
  packed.Set(fits, fits);
  EXPECT_TRUE(packed.is_packed());
  HashValue by_field;
  by_field.Set(too_long, "v");
  EXPECT_FALSE(by_field.is_packed());
  HashValue by_value;
  by_value.Set("a", "v");
  EXPECT_FALSE(by_value.Set("a", too_long));
  EXPECT_FALSE(by_value.is_packed());
  EXPECT_EQ(Value(by_value, "a"), too_long);
  EXPECT_EQ(by_value.size(), 1u);
}

TEST(HashValue, LimitsAreThoseOfTheCall) {
  HashValue none;
  none.Set("a", "b", {.max_entries = 0, .max_value = 64});
  EXPECT_FALSE(none.is_packed());
  HashValue lowered;
  for (const char* field : {"a", "b", "c"}) lowered.Set(field, "v");
  EXPECT_FALSE(lowered.Set("a", "w", {.max_entries = 2, .max_value = 64}));
  EXPECT_FALSE(lowered.is_packed());
  EXPECT_EQ(Value(lowered, "a"), "w");
  HashValue raised;
  for (size_t size : {126, 127, 128, 129, 16383, 16384, 70000}) {
    const std::string text(size, 't');
    EXPECT_TRUE(raised.Set(text, text + "v", {.max_entries = 1000, .max_value = 100000}));
    EXPECT_EQ(Value(raised, text), text + "v");
  }
  EXPECT_TRUE(raised.is_packed());
  EXPECT_EQ(raised.size(), 7u);
}

TEST(HashValue, TextsOfManyMegabytes) {
  const std::string below((1u << 24) - 1, 'b');
  const std::string huge(1u << 24, 'h');
  HashValue hash;
  EXPECT_TRUE(hash.Set("field", huge));
  EXPECT_TRUE(hash.Set(huge, "of a long field"));
  EXPECT_TRUE(Value(hash, "field") == huge);
  EXPECT_EQ(Value(hash, huge), "of a long field");
  EXPECT_FALSE(hash.Set("field", below));
  EXPECT_TRUE(Value(hash, "field") == below);
  EXPECT_FALSE(hash.Set("field", huge));
  EXPECT_TRUE(Value(hash, "field") == huge);
  std::unique_ptr<HashValue> copy(hash.Clone());
  EXPECT_TRUE(hash.Erase(huge));
  EXPECT_TRUE(hash.Erase("field"));
  EXPECT_TRUE(Sorted(*copy) ==
              (std::map<std::string, std::string>{{"field", huge}, {huge, "of a long field"}}));
}

// Random work on a hash, a map beside it, and a hash with the same fields and empty values.
class HashModel {
 public:
  HashModel(HashLimits limits, unsigned seed) : limits_(limits), random_(seed) {}

  void Work(int steps, unsigned fields, unsigned longest, unsigned percent_set) {
    for (int i = 0; i < steps; ++i) {
      const std::string field = "field:" + std::to_string(random_() % fields);
      if (random_() % 100 < percent_set) {
        const std::string value(random_() % (longest + 1), static_cast<char>('a' + random_() % 26));
        const int64_t start = AllocationMeter::Now();
        const bool added = hash_.Set(field, value, limits_);
        allocated_ += AllocationMeter::Now() - start;
        ASSERT_EQ(added, model_.count(field) == 0);
        bare_.Set(field, "", {.max_entries = 0});
        if (hash_.is_packed() && added) order_.push_back(field);
        model_[field] = value;
      } else {
        const int64_t start = AllocationMeter::Now();
        const bool erased = hash_.Erase(field);
        allocated_ += AllocationMeter::Now() - start;
        ASSERT_EQ(erased, model_.erase(field) == 1);
        bare_.Erase(field);
        order_.erase(std::remove(order_.begin(), order_.end(), field), order_.end());
      }
      if (i % 64 == 0) Check();
    }
    Check();
  }

  void Check() {
    ASSERT_EQ(hash_.size(), model_.size());
    for (const auto& [field, value] : model_) ASSERT_EQ(Value(hash_, field), value);
    ASSERT_FALSE(hash_.Contains("absent"));
    ASSERT_EQ(Sorted(hash_), model_);
    if (hash_.is_packed()) {
      std::vector<std::string> order;
      for (auto& [field, value] : All(hash_)) order.push_back(field);
      ASSERT_EQ(order, order_);
    } else {
      // Both tables have had the same work, so what differs is the nodes.
      int64_t nodes = 0;
      for (const auto& [field, value] : model_) {
        nodes += static_cast<int64_t>(NodeBytes(field.size(), value.size()));
        nodes -= static_cast<int64_t>(NodeBytes(field.size(), 0));
      }
      if (limits_.max_entries == 0) {
        ASSERT_EQ(hash_.bytes() - bare_.bytes(), static_cast<size_t>(nodes));
      }
    }
    if (AllocationMeter::kExact && model_.size() < 250) {
      ASSERT_EQ(hash_.bytes(), AllocatedSize(sizeof(HashValue)) + static_cast<size_t>(allocated_));
    }
  }

  const HashValue& hash() const { return hash_; }
  HashValue* mutable_hash() { return &hash_; }
  std::map<std::string, std::string>& model() { return model_; }

 private:
  HashLimits limits_;
  std::mt19937 random_;
  HashValue hash_;
  HashValue bare_;
  std::map<std::string, std::string> model_;
  std::vector<std::string> order_;
  int64_t allocated_ = 0;
};

TEST(HashValue, PackedAgreesWithAMap) {
  HashModel model({}, 1);
  for (unsigned percent : {80u, 30u, 90u, 20u}) model.Work(2000, 120, 64, percent);
  EXPECT_TRUE(model.hash().is_packed());
}

TEST(HashValue, PackedWithLongTextsAgreesWithAMap) {
  HashModel model({.max_entries = 1000, .max_value = 5000}, 2);
  for (unsigned percent : {80u, 30u, 90u, 20u}) model.Work(1000, 60, 5000, percent);
  EXPECT_TRUE(model.hash().is_packed());
}

TEST(HashValue, TableAgreesWithAMap) {
  HashModel model({.max_entries = 0}, 3);
  for (unsigned percent : {90u, 20u, 95u, 10u}) model.Work(3000, 1500, 200, percent);
  EXPECT_FALSE(model.hash().is_packed());
}

TEST(HashValue, GrowsFromOneEncodingIntoTheOther) {
  for (unsigned seed = 10; seed < 20; ++seed) {
    HashModel model({.max_entries = 40, .max_value = 60}, seed);
    model.Work(400, 90, 62, 70);
    EXPECT_FALSE(model.hash().is_packed());
    model.Work(400, 90, 62, 20);
  }
}

TEST(HashValue, GivesItsMemoryBack) {
  HashValue packed;
  for (int i = 0; i < 100; ++i) packed.Set(std::to_string(i), std::string(60, 'x'));
  const size_t full = packed.bytes();
  for (int i = 0; i < 90; ++i) packed.Erase(std::to_string(i));
  EXPECT_LT(packed.bytes(), full / 3);
  for (int i = 90; i < 100; ++i) packed.Erase(std::to_string(i));
  EXPECT_EQ(packed.bytes(), AllocatedSize(sizeof(HashValue)));

  HashValue large;
  large.Set("a", std::string(100, 'x'));
  large.Erase("a");
  const size_t base = large.bytes();
  for (int i = 0; i < 5000; ++i) large.Set(std::to_string(i), "value");
  EXPECT_GT(large.bytes(), base + 5000 * NodeBytes(1, 5));
  for (int i = 0; i < 5000; ++i) large.Erase(std::to_string(i));
  EXPECT_EQ(large.bytes(), base);
}

TEST(HashValue, CloneIsIndependent) {
  for (size_t max_entries : {size_t{1000}, size_t{0}}) {
    HashModel model({.max_entries = max_entries}, 5);
    model.Work(1500, 300, 60, 80);
    std::unique_ptr<HashValue> copy(model.hash().Clone());
    EXPECT_EQ(copy->is_packed(), model.hash().is_packed());
    EXPECT_EQ(copy->size(), model.hash().size());
    EXPECT_EQ(Sorted(*copy), model.model());
    const auto first = *model.model().begin();
    copy->Set(first.first, "changed in the copy");
    copy->Set("new", "only in the copy");
    EXPECT_EQ(Value(model.hash(), first.first), first.second);
    EXPECT_EQ(Value(model.hash(), "new"), "(none)");
    model.mutable_hash()->Erase(first.first);
    EXPECT_EQ(Value(*copy, first.first), "changed in the copy");
    for (auto& [field, value] : All(*copy)) EXPECT_TRUE(copy->Erase(field));
    EXPECT_EQ(copy->size(), 0u);
    HashValue empty;
    if (copy->is_packed()) {
      EXPECT_EQ(copy->bytes(), empty.bytes());
    }
  }
}

TEST(HashValue, ScanGivesWhatStays) {
  HashValue small;
  for (int i = 0; i < 100; ++i) small.Set(std::to_string(i), "v");
  size_t given = 0;
  EXPECT_EQ(small.Scan(0, 10, [&](std::string_view, std::string_view) { ++given; }),
            HashValue::kScanEnd);
  EXPECT_EQ(given, 100u);

  HashValue large;
  for (int i = 0; i < 3000; ++i) large.Set("stays:" + std::to_string(i), "v");
  std::set<std::string> seen;
  uint64_t position = 0;
  int steps = 0;
  while (position != HashValue::kScanEnd) {
    const uint64_t next = large.Scan(
        position, 10, [&](std::string_view field, std::string_view) { seen.emplace(field); });
    ASSERT_GT(next, position);
    position = next;
    for (int i = 0; i < 40; ++i) large.Set("new:" + std::to_string(steps * 40 + i), "v");
    ++steps;
  }
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(seen.count("stays:" + std::to_string(i)), 1u);
  EXPECT_GT(steps, 100);

  given = 0;
  EXPECT_EQ(large.Scan(0, SIZE_MAX, [&](std::string_view, std::string_view) { ++given; }),
            HashValue::kScanEnd);
  EXPECT_EQ(given, large.size());
  steps = 0;
  for (position = 0; position != HashValue::kScanEnd && steps < 1000000; ++steps) {
    position = large.Scan(position, 0, [](std::string_view, std::string_view) {});
  }
  EXPECT_EQ(position, HashValue::kScanEnd);
}

}  // namespace
}  // namespace replete
