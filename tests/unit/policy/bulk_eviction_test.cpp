#include "core/policy/bulk_eviction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/keyspace/access.h"
#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/keyspace/recording_listener.h"

namespace replete {
namespace {

// A keyspace without limits that is filled and then gets one.
class BulkEvictionTest : public ::testing::Test {
 protected:
  static constexpr int kEntries = 100'000;

  static std::string Name(int i) { return "key:" + std::to_string(i); }
  static int NumberOf(const std::string& name) { return std::stoi(name.substr(4)); }

  void Make(EvictionPolicy policy) {
    settings_ = {};
    settings_.policy = policy;
    settings_.max_entries = 0;
    settings_.default_ttl_s = 0;
    keyspace_ = std::make_unique<Keyspace>(0, "cache", -1, settings_, &reclaimer_, &memory_);
    ASSERT_EQ(keyspace_->shards(), 32u);
    listener_.left.clear();
  }
  Key At(const std::string& name) { return ResolveKey(*keyspace_, name); }
  void Set(int i, int64_t deadline = kNoDeadline) {
    const std::string name = Name(i);
    const Key key = At(name);
    access_.ForgetNow();
    access_.SetString(key, "v", deadline);
    key.shard->Publish();
  }
  bool Get(int i) {
    const std::string name = Name(i);
    access_.ForgetNow();
    return access_.Read(At(name)) != nullptr;
  }
  void Limit(uint64_t max_entries, uint64_t max_memory = 0) {
    settings_.max_entries = max_entries;
    settings_.max_memory = max_memory;
    keyspace_->SetSettings(settings_);
  }
  bool Pays() const {
    return BulkEviction::Pays(*keyspace_, BulkEviction::ShareOverLimits(*keyspace_));
  }
  // One pass; how many steps it took.
  size_t Pass() {
    size_t steps = 0;
    BulkEviction bulk(*keyspace_, BulkEviction::ShareOverLimits(*keyspace_),
                      [this] { return keyspace_->OverLimits(); });
    for (size_t i = 0; i < keyspace_->shards(); ++i) {
      Shard& shard = keyspace_->shard(i);
      bulk.Begin(shard);
      access_.ForgetNow();
      while (bulk.Step(access_, shard)) ++steps;
      shard.Publish();
      access_.FreeEvicted();
    }
    return steps;
  }
  int64_t entries() const { return static_cast<int64_t>(keyspace_->size()); }

  ManualClock clock_;
  RecordingListener listener_;
  Reclaimer reclaimer_;
  MemoryTotal memory_;
  NamespaceSettings settings_;
  std::unique_ptr<Keyspace> keyspace_;
  Access access_{clock_, listener_};
};

TEST_F(BulkEvictionTest, LruTakesWhatWasNotUsedForLongest) {
  constexpr int kKeyspaces = 4;  // how much moves depends on the hashes: each has other names
  int odd = 0;
  for (int first = 0; first < kKeyspaces * kEntries; first += kEntries) {
    Make(EvictionPolicy::kLru);
    for (int i = 0; i < kEntries; ++i) Set(first + i);
    for (int i = 0; i < kEntries; i += 2) Get(first + i);
    Limit(kEntries / 4);
    ASSERT_TRUE(Pays());
    Pass();
    // Never too many, and next to all: what a sample is wrong by is left.
    EXPECT_GE(entries(), kEntries / 4);
    EXPECT_LE(entries(), kEntries / 4 * 11 / 10);
    // Those never used since are gone, those used last are there.
    int late = 0;
    for (int i = 0; i < kEntries; ++i) {
      const bool there = access_.Peek(At(Name(first + i))) != nullptr;
      odd += there && i % 2 == 1;
      late += there && i % 2 == 0 && i >= kEntries * 6 / 10;
    }
    EXPECT_GE(late, kEntries * 2 / 10 * 99 / 100);
  }
  EXPECT_LE(odd, kKeyspaces * kEntries / 1000) << "but for what moved when segments became one";
}

TEST_F(BulkEvictionTest, EachVictimIsCountedAndTold) {
  Make(EvictionPolicy::kLru);
  keyspace_->set_wants_effects(true);
  for (int i = 0; i < kEntries; ++i) Set(i, i % 10 == 0 ? ManualClock::kStart + 5 : kNoDeadline);
  clock_.Advance(5);
  const size_t before = listener_.effects;
  Limit(1);
  Pass();
  const auto gone = static_cast<size_t>(kEntries - entries());
  EXPECT_GE(gone, static_cast<size_t>(kEntries) * 98 / 100);
  EXPECT_EQ(listener_.effects - before, gone);
  ASSERT_EQ(listener_.left.size(), gone);
  size_t expired = 0;
  for (const auto& left : listener_.left) {
    const bool had_deadline = NumberOf(left.key) % 10 == 0;
    ASSERT_EQ(left.reason, had_deadline ? Departure::kExpired : Departure::kEvicted);
    expired += had_deadline;
  }
  EXPECT_EQ(keyspace_->stats().expired, expired);
  EXPECT_EQ(keyspace_->stats().evicted, gone - expired);
  EXPECT_EQ(keyspace_->entry_count().load(), entries());
  size_t bytes = 0;
  for (size_t i = 0; i < keyspace_->shards(); ++i) bytes += keyspace_->shard(i).data.entry_bytes;
  EXPECT_LE(bytes, static_cast<size_t>(entries()) * 96);
}

TEST_F(BulkEvictionTest, TheWorkGrowsWithTheNumberOfEntries) {
  Make(EvictionPolicy::kLru);
  for (int i = 0; i < kEntries; ++i) Set(i);
  Limit(1);
  // A step looks at up to 64 places of entries, half of which may be free.
  EXPECT_LE(Pass(), static_cast<size_t>(kEntries) / 16);
  EXPECT_FALSE(Pays());
}

TEST_F(BulkEvictionTest, TtlTakesTheSoonestAndThoseWithoutADeadlineLast) {
  Make(EvictionPolicy::kTtl);
  for (int i = 0; i < kEntries; ++i) {
    Set(i, i % 4 == 0 ? kNoDeadline : ManualClock::kStart + 1'000'000 + i);
  }
  Limit(kEntries / 2);
  Pass();
  EXPECT_LE(entries(), kEntries / 2 * 11 / 10);
  for (const auto& left : listener_.left) {
    ASSERT_NE(NumberOf(left.key) % 4, 0) << left.key;
    ASSERT_LT(NumberOf(left.key), kEntries * 3 / 4) << left.key;
  }
}

TEST_F(BulkEvictionTest, VolatilePoliciesLeaveTheOthersAlone) {
  Make(EvictionPolicy::kVolatileLru);
  for (int i = 0; i < kEntries; ++i) {
    Set(i, i % 3 == 0 ? ManualClock::kStart + 1'000'000 : kNoDeadline);
  }
  Limit(10);
  Pass();
  EXPECT_EQ(entries(), kEntries - (kEntries + 2) / 3);
  for (const auto& left : listener_.left) ASSERT_EQ(NumberOf(left.key) % 3, 0);
}

TEST_F(BulkEvictionTest, EqualScoresGoInPart) {
  Make(EvictionPolicy::kLfu);
  for (int i = 0; i < kEntries; ++i) Set(i);  // all counters alike
  Limit(kEntries / 2);
  Pass();
  EXPECT_GE(entries(), kEntries / 2);
  EXPECT_LE(entries(), kEntries / 2 * 11 / 10);
  // From all shards.
  for (size_t i = 0; i < keyspace_->shards(); ++i) {
    EXPECT_GE(keyspace_->shard(i).size(), static_cast<size_t>(kEntries) / 32 / 4) << i;
  }
}

TEST_F(BulkEvictionTest, RandomTakesAPartOfEachShard) {
  Make(EvictionPolicy::kRandom);
  for (int i = 0; i < kEntries; ++i) Set(i);
  Limit(kEntries / 2);
  Pass();
  EXPECT_GE(entries(), kEntries / 2);
  EXPECT_LE(entries(), kEntries / 2 * 11 / 10);
  for (size_t i = 0; i < keyspace_->shards(); ++i) {
    EXPECT_GE(keyspace_->shard(i).size(), static_cast<size_t>(kEntries) / 32 / 4) << i;
  }
}

TEST_F(BulkEvictionTest, BytesAreALimitToo) {
  Make(EvictionPolicy::kFifo);
  for (int i = 0; i < kEntries; ++i) Set(i);
  const auto full = static_cast<uint64_t>(keyspace_->told_bytes());
  Limit(0, full / 4);
  ASSERT_TRUE(Pays());
  // The table does not shrink just as its entries do.
  int passes = 0;
  for (; Pays() && passes < 10; ++passes) Pass();
  EXPECT_LE(passes, 4);
  EXPECT_GE(keyspace_->told_bytes() + 4096, static_cast<int64_t>(full / 4));
  EXPECT_LE(keyspace_->told_bytes(), static_cast<int64_t>(full / 4 * 12 / 10));
  EXPECT_EQ(access_.Peek(At(Name(0))), nullptr);
  EXPECT_NE(access_.Peek(At(Name(kEntries - 1))), nullptr);
}

TEST_F(BulkEvictionTest, PaysOnlyWhereMuchMustGoAndMay) {
  Make(EvictionPolicy::kLru);
  for (int i = 0; i < kEntries; ++i) Set(i);
  EXPECT_FALSE(Pays());
  Limit(kEntries - 100);
  EXPECT_FALSE(Pays());
  Limit(kEntries / 2);
  EXPECT_TRUE(Pays());
  settings_.policy = EvictionPolicy::kNone;
  Limit(kEntries / 2);
  EXPECT_FALSE(Pays());
}

}  // namespace
}  // namespace replete
