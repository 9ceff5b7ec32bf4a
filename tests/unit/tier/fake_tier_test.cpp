#include "core/tier/fake_tier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/keyspace/access.h"

namespace replete {
namespace {

// --- options ---

TEST(FakeTierOptionsTest, AllOfThemAreRead) {
  FakeTierOptions options;
  std::string problem;
  ASSERT_TRUE(ParseFakeTierOptions(
      "seed=7,load_delay_us=100,write_delay_us=50,reorder_loads=yes,fail_load_every=3,"
      "fail_write_every=4,hot_memory=0",
      &options, &problem))
      << problem;
  EXPECT_EQ(options.seed, 7u);
  EXPECT_EQ(options.load_delay_us, 100);
  EXPECT_EQ(options.write_delay_us, 50);
  EXPECT_TRUE(options.reorder_loads);
  EXPECT_EQ(options.fail_load_every, 3u);
  EXPECT_EQ(options.fail_write_every, 4u);
  EXPECT_EQ(options.hot_memory, 0);
}

TEST(FakeTierOptionsTest, WhatIsNotNamedStaysAsItIs) {
  FakeTierOptions options;
  options.reorder_loads = true;
  std::string problem;
  ASSERT_TRUE(ParseFakeTierOptions("", &options, &problem));
  EXPECT_TRUE(options.reorder_loads);
  ASSERT_TRUE(ParseFakeTierOptions("reorder_loads=no", &options, &problem));
  EXPECT_FALSE(options.reorder_loads);
  EXPECT_EQ(options.hot_memory, INT64_MAX);
  EXPECT_EQ(options.fail_load_every, 0u);
}

TEST(FakeTierOptionsTest, WhatIsWrongIsNamed) {
  for (const char* text :
       {"colour=1", "seed", "seed=", "seed=x", "seed=1x", "seed=-1", "load_delay_us= 1",
        "reorder_loads=1", "reorder_loads=", "hot_memory=99999999999999999999", "=1"}) {
    FakeTierOptions options;
    std::string problem;
    EXPECT_FALSE(ParseFakeTierOptions("fail_load_every=2," + std::string(text), &options, &problem))
        << text;
    EXPECT_NE(problem.find("'" + std::string(text) + "'"), std::string::npos) << problem;
  }
}

// --- what it does with batches and loads ---

class Host final : public TierHost {
 public:
  void Undo(const TierBatch& batch) override {
    std::lock_guard lock(mutex);
    undone.push_back(batch.sequence);
  }
  void Renew(const TierKeys&) override { FAIL() << "this tier keeps nothing back"; }
  std::mutex mutex;
  std::vector<uint64_t> undone;
};

class Nobody final : public Waiter {
 public:
  void Wake() override {}
};

class FakeTierTest : public ::testing::Test {
 protected:
  FakeTierTest() {
    keyspace_ = std::make_shared<Keyspace>(3, "n", -1, NamespaceSettings(), &reclaimer_, &memory_);
  }

  TierRecord Record(TierRecord::Kind kind, std::string key, std::string value = {},
                    int64_t deadline = kNoDeadline) {
    return {kind, keyspace_, keyspace_->generation(), std::move(key), std::move(value), deadline};
  }
  TierRecord Put(std::string key, std::string value, int64_t deadline = kNoDeadline) {
    return Record(TierRecord::Kind::kPut, std::move(key), std::move(value), deadline);
  }
  static TierBatch Batch(std::vector<TierRecord> records) { return {std::move(records)}; }
  std::string StoredAt(FakeTier& tier, const std::string& key) {
    const auto records = tier.Records(*keyspace_);
    auto found = records.find(key);
    return found == records.end() ? "absent" : found->second.value;
  }
  // The order in which the tier answers loads of these keys.
  std::vector<std::string> OrderOfAnswers(FakeTier& tier, int loads) {
    tier.HoldLoads(true);
    std::vector<std::string> order;
    std::mutex mutex;
    struct Noting final : Waiter {
      void Wake() override {
        std::lock_guard lock(*mutex);
        order->push_back(key);
      }
      std::string key;
      std::vector<std::string>* order;
      std::mutex* mutex;
    };
    std::vector<std::unique_ptr<Noting>> waiters;
    for (int i = 0; i < loads; ++i) {
      waiters.push_back(std::make_unique<Noting>());
      waiters.back()->key = std::to_string(i);
      waiters.back()->order = &order;
      waiters.back()->mutex = &mutex;
      auto wait = std::make_shared<LoadWait>(waiters.back().get());
      const std::string key = std::to_string(i);
      Shard& shard = keyspace_->ShardOf(HashKey(key));
      std::shared_ptr<TierLoad> load;
      shard.loads.Join(
          key, wait,
          [&] {
            return std::make_shared<TierLoad>(keyspace_, shard, key, HashKey(key),
                                              keyspace_->generation(), ValueLimits{});
          },
          &load);
      tier.Load({&load, 1});
      wait->Arm();
    }
    EXPECT_EQ(tier.loads_waiting(), static_cast<size_t>(loads));
    tier.HoldLoads(false);
    tier.Drain();
    std::lock_guard lock(mutex);
    return order;
  }

  Reclaimer reclaimer_;
  MemoryTotal memory_;
  Host host_;
  std::shared_ptr<Keyspace> keyspace_;
};

TEST_F(FakeTierTest, StoresBatchesInTheirOrder) {
  FakeTier tier(host_, {.write_delay_us = 50});
  EXPECT_EQ(tier.Write(Batch({Put("a", "1"), Put("b", "1", 17)})), 1u);
  EXPECT_EQ(tier.Write(Batch({Put("a", "2"), Record(TierRecord::Kind::kDelete, "b")})), 2u);
  EXPECT_EQ(tier.Write(Batch({Record(TierRecord::Kind::kDeadline, "a", {}, 99)})), 3u);
  tier.Drain();
  EXPECT_EQ(tier.commits().settled(), 3u);
  EXPECT_EQ(StoredAt(tier, "a"), "2");
  EXPECT_EQ(StoredAt(tier, "b"), "absent");
  EXPECT_EQ(tier.Records(*keyspace_).at("a").deadline, 99);
  EXPECT_EQ(tier.anomalies(), 0u);
}

TEST_F(FakeTierTest, ADeadlineOfNothingIsAnAnomaly) {
  FakeTier tier(host_, {});
  tier.Write(Batch({Record(TierRecord::Kind::kDeadline, "a", {}, 99)}));
  tier.Drain();
  EXPECT_EQ(tier.anomalies(), 1u);
  EXPECT_EQ(StoredAt(tier, "a"), "absent");
}

TEST_F(FakeTierTest, AClearForgetsOlderGenerationsOfThatKeyspaceOnly) {
  FakeTier tier(host_, {});
  auto other = std::make_shared<Keyspace>(2, "o", -1, NamespaceSettings(), &reclaimer_, &memory_);
  TierRecord foreign = Put("a", "foreign");
  foreign.keyspace = other;
  foreign.generation = other->generation();
  tier.Write(Batch({Put("a", "old"), std::move(foreign)}));
  keyspace_->NextGeneration();
  tier.Write(Batch({Record(TierRecord::Kind::kClear, ""), Put("b", "new")}));
  tier.Drain();
  EXPECT_EQ(StoredAt(tier, "a"), "absent");
  EXPECT_EQ(StoredAt(tier, "b"), "new");
  EXPECT_EQ(tier.Records(*other).size(), 1u);
}

TEST_F(FakeTierTest, AFailedBatchIsUndoneBeforeItSettlesAndNothingOfItIsStored) {
  FakeTier tier(host_, {.fail_write_every = 3});
  for (int i = 1; i <= 7; ++i) tier.Write(Batch({Put(std::to_string(i), "v"), Put("x", "v")}));
  tier.Drain();
  EXPECT_EQ(host_.undone, (std::vector<uint64_t>{3, 6}));
  for (int i = 1; i <= 7; ++i) {
    EXPECT_EQ(StoredAt(tier, std::to_string(i)), i % 3 == 0 ? "absent" : "v");
    EXPECT_EQ(tier.commits().FailureOf(static_cast<uint64_t>(i)),
              i % 3 == 0 ? "the write failed" : "");
  }
  tier.FailWrites(1);
  tier.Write(Batch({Put("y", "v")}));
  tier.Drain();
  EXPECT_EQ(StoredAt(tier, "y"), "absent");
}

TEST_F(FakeTierTest, HeldWritesAreStoredWhenTheyAreReleased) {
  FakeTier tier(host_, {});
  tier.HoldWrites(true);
  tier.Write(Batch({Put("a", "1")}));
  EXPECT_EQ(tier.commits().settled(), 0u);
  EXPECT_EQ(StoredAt(tier, "a"), "absent");
  tier.HoldWrites(false);
  tier.Drain();
  EXPECT_EQ(StoredAt(tier, "a"), "1");
}

TEST_F(FakeTierTest, RefusesAsItIsTold) {
  FakeTier tier(host_, {});
  EXPECT_EQ(tier.Refusal(true), "");
  tier.Refuse("full", "worse");
  EXPECT_EQ(tier.Refusal(true), "full");
  EXPECT_EQ(tier.Refusal(false), "worse");
}

TEST_F(FakeTierTest, AnswersLoadsInOrderUnlessItIsToReorderThem) {
  constexpr int kLoads = 40;
  FakeTier orderly(host_, {});
  std::vector<std::string> sorted;
  for (int i = 0; i < kLoads; ++i) sorted.push_back(std::to_string(i));
  EXPECT_EQ(OrderOfAnswers(orderly, kLoads), sorted);
  FakeTier unruly(host_, {.reorder_loads = true});
  std::vector<std::string> order = OrderOfAnswers(unruly, kLoads);
  EXPECT_NE(order, sorted);
  std::sort(order.begin(), order.end());
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(order, sorted);
  EXPECT_EQ(unruly.loads(), static_cast<uint64_t>(kLoads));
}

TEST_F(FakeTierTest, AnswersAllThatWaitBeforeItEnds) {
  Nobody nobody;
  auto wait = std::make_shared<LoadWait>(&nobody);
  Shard& shard = keyspace_->ShardOf(HashKey("k"));
  std::shared_ptr<TierLoad> load;
  shard.loads.Join(
      "k", wait,
      [&] {
        return std::make_shared<TierLoad>(keyspace_, shard, "k", HashKey("k"),
                                          keyspace_->generation(), ValueLimits{});
      },
      &load);
  bool settled = false;
  {
    FakeTier tier(host_, {});
    tier.HoldLoads(true);
    tier.HoldWrites(true);
    tier.Load({&load, 1});
    const uint64_t sequence = tier.Write(Batch({Put("a", "1")}));
    ASSERT_TRUE(tier.commits().Await(sequence, [&] { settled = true; }));
  }
  EXPECT_TRUE(settled);
  EXPECT_EQ(shard.loads.FailureOf("k"), "there is no record");
}

}  // namespace
}  // namespace replete
