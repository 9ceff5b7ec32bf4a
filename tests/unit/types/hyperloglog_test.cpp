#include "core/types/hyperloglog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace replete {
namespace {

using Outcome = HyperLogLog::Outcome;

uint64_t Cardinality(const std::string& bytes) {
  HyperLogLogRegisters registers;
  EXPECT_TRUE(registers.Merge(bytes));
  return registers.Cardinality();
}

TEST(HyperLogLogTest, EstimatesWithinItsError) {
  for (const size_t sparse_max : {size_t{0}, size_t{3000}, size_t{1} << 20}) {
    HyperLogLog sketch(HyperLogLog::Empty(), sparse_max);
    EXPECT_EQ(Cardinality(sketch.bytes()), 0u);
    uint64_t seen = 0;
    for (const uint64_t size : {1u, 10u, 100u, 1'000u, 10'000u, 100'000u}) {
      for (; seen < size; ++seen) sketch.Raise(HyperLogLog::MarkOf("item" + std::to_string(seen)));
      const auto estimate = static_cast<double>(Cardinality(sketch.bytes()));
      // Four times the standard error.
      EXPECT_NEAR(estimate, static_cast<double>(size),
                  std::max(1.0, 0.0324 * static_cast<double>(size)));
    }
  }
}

// Both forms hold the same registers, however they came to be.
TEST(HyperLogLogTest, RunsHoldWhatRegistersWould) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    HyperLogLog sparse(HyperLogLog::Empty(), size_t{1} << 20);
    std::vector<uint8_t> model(HyperLogLog::kRegisters);
    // Neighbours often, so that runs are split and joined.
    const uint32_t spread = 1 + static_cast<uint32_t>(random() % HyperLogLog::kRegisters);
    for (int i = 0; i < 300; ++i) {
      const HyperLogLog::Mark mark{static_cast<uint32_t>(random() % spread),
                                   static_cast<uint8_t>(1 + random() % 32)};
      const bool raises = model[mark.index] < mark.count;
      ASSERT_EQ(sparse.Raise(mark), raises ? Outcome::kChanged : Outcome::kUnchanged);
      model[mark.index] = std::max(model[mark.index], mark.count);
    }
    HyperLogLogRegisters registers;
    ASSERT_TRUE(registers.Merge(sparse.bytes()));
    ASSERT_TRUE(std::equal(model.begin(), model.end(), registers.all().begin()));
    ASSERT_FALSE(HyperLogLog::IsDense(sparse.bytes()));
    ASSERT_TRUE(sparse.MakeDense());
    ASSERT_TRUE(HyperLogLog::Recognizes(sparse.bytes()));
    HyperLogLogRegisters dense;
    ASSERT_TRUE(dense.Merge(sparse.bytes()));
    ASSERT_TRUE(std::equal(model.begin(), model.end(), dense.all().begin()));
  }
}

// As far as redis-server joins them: a run holds four registers at most, and is not refilled from
// the next.
TEST(HyperLogLogTest, NeighboursOfOneValueAreJoined) {
  HyperLogLog sketch(HyperLogLog::Empty(), 3000);
  const auto after = [&](uint32_t index, uint8_t count) {
    EXPECT_EQ(sketch.Raise({index, count}), Outcome::kChanged);
    return HyperLogLog::Describe(sketch.bytes());
  };
  EXPECT_EQ(after(10, 3), "z:10 v:3,1 Z:16373");
  EXPECT_EQ(after(12, 3), "z:10 v:3,1 z:1 v:3,1 Z:16371");
  EXPECT_EQ(after(11, 3), "z:10 v:3,3 Z:16371") << "what was between them too";
  EXPECT_EQ(after(13, 3), "z:10 v:3,4 Z:16370");
  EXPECT_EQ(after(14, 3), "z:10 v:3,4 v:3,1 Z:16369");
  EXPECT_EQ(after(9, 3), "z:9 v:3,1 v:3,4 v:3,1 Z:16369");
  EXPECT_EQ(after(11, 5), "z:9 v:3,2 v:5,1 v:3,3 Z:16369") << "a split joins on both sides";
}

TEST(HyperLogLogTest, TheLastRegistersOfADenseOne) {
  HyperLogLog sketch(HyperLogLog::Empty(), 0);
  ASSERT_TRUE(sketch.MakeDense());
  for (uint32_t index = HyperLogLog::kRegisters - 5; index < HyperLogLog::kRegisters; ++index) {
    EXPECT_EQ(sketch.Raise({index, 51}), Outcome::kChanged);
    EXPECT_EQ(sketch.Raise({index, 51}), Outcome::kUnchanged);
  }
  HyperLogLogRegisters registers;
  ASSERT_TRUE(registers.Merge(sketch.bytes()));
  for (size_t index = 0; index < HyperLogLog::kRegisters; ++index) {
    ASSERT_EQ(registers.all()[index], index >= HyperLogLog::kRegisters - 5 ? 51 : 0);
  }
}

TEST(HyperLogLogTest, WhatOnlyLooksLikeOneIsCorrupt) {
  const std::string header("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80", HyperLogLog::kHeader);
  const std::string too_many = header + "\x7f\xff\x7f\xff";
  const std::string too_few = header + "\x40\xff";
  const std::string half = header + "\x7f";
  for (const std::string& bytes : {header, too_many, too_few, half}) {
    ASSERT_TRUE(HyperLogLog::Recognizes(bytes));
    HyperLogLogRegisters registers;
    EXPECT_FALSE(registers.Merge(bytes));
    HyperLogLog sketch(bytes, 3000);
    EXPECT_FALSE(sketch.MakeDense());
    EXPECT_EQ(sketch.bytes(), bytes);
    EXPECT_EQ(HyperLogLog(bytes, 3000).Raise({1, 40}), Outcome::kCorrupt);
  }
  for (const std::string& bytes : {header, too_few, half}) {
    EXPECT_EQ(HyperLogLog(bytes, 3000).Raise({HyperLogLog::kRegisters - 1, 1}), Outcome::kCorrupt);
  }
  EXPECT_FALSE(HyperLogLog::Recognizes(std::string("HYLL\0", 5)));
  EXPECT_FALSE(HyperLogLog::Recognizes(std::string("HYLX\1\0\0\0\0\0\0\0\0\0\0\0", 16)));
  EXPECT_FALSE(HyperLogLog::Recognizes(std::string("HYLL\0\0\0\0\0\0\0\0\0\0\0\0\1", 17)));
}

TEST(HyperLogLogTest, ADenseOneTakesInBothForms) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 100; ++round) {
    std::vector<uint8_t> model(HyperLogLog::kRegisters);
    const auto make = [&] {
      HyperLogLog one(HyperLogLog::Empty(), size_t{1} << 20);
      const bool dense = random() % 2 == 0;
      if (dense) one.MakeDense();
      for (size_t i = random() % 2000; i > 0; --i) {
        const HyperLogLog::Mark mark{static_cast<uint32_t>(random() % HyperLogLog::kRegisters),
                                     static_cast<uint8_t>(1 + random() % (dense ? 51 : 32))};
        one.Raise(mark);
        model[mark.index] = std::max(model[mark.index], mark.count);
      }
      return one.bytes();
    };
    HyperLogLog target(make(), size_t{1} << 20);
    ASSERT_TRUE(target.MakeDense());
    HyperLogLog::CacheCardinality(target.data(), 5);
    for (int sources = 0; sources < 3; ++sources) {
      HyperLogLog::DenseMerge(target.data(), make());
      HyperLogLogRegisters registers;
      ASSERT_TRUE(registers.Merge(target.bytes()));
      ASSERT_TRUE(std::equal(model.begin(), model.end(), registers.all().begin()));
      ASSERT_EQ(HyperLogLog::CachedCardinality(target.bytes()), -1);
    }
  }
}

// Any bytes behind a header.
TEST(HyperLogLogTest, RandomBytesDoNoHarm) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80", HyperLogLog::kHeader);
    for (size_t i = random() % 40; i > 0; --i) bytes += static_cast<char>(random());
    HyperLogLog sketch(bytes, random() % 64);
    for (int i = 0; i < 5; ++i) {
      sketch.Raise({static_cast<uint32_t>(random() % HyperLogLog::kRegisters),
                    static_cast<uint8_t>(1 + random() % 51)});
      ASSERT_TRUE(HyperLogLog::Recognizes(sketch.bytes()));
    }
    HyperLogLogRegisters registers;
    const bool merged = registers.Merge(sketch.bytes());
    ASSERT_EQ(HyperLogLog::IsWhole(sketch.bytes()), merged);
    if (merged) registers.Cardinality();
    if (!HyperLogLog::IsDense(sketch.bytes())) HyperLogLog::Describe(sketch.bytes());
  }
}

TEST(HyperLogLogTest, KeepsItsCardinalityUntilItChanges) {
  HyperLogLog sketch(HyperLogLog::Empty(), 3000);
  EXPECT_EQ(HyperLogLog::CachedCardinality(sketch.bytes()), 0);
  sketch.Raise({3, 2});
  EXPECT_EQ(HyperLogLog::CachedCardinality(sketch.bytes()), -1);
  std::string bytes = sketch.bytes();
  HyperLogLog::CacheCardinality(bytes.data(), 123'456'789);
  EXPECT_EQ(HyperLogLog::CachedCardinality(bytes), 123'456'789);
  ASSERT_EQ(HyperLogLog::Describe(bytes), "z:3 v:2,1 Z:16380");
}

}  // namespace
}  // namespace replete
