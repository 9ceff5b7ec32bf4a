#include "core/tier/commit_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace replete {
namespace {

class CommitLogTest : public ::testing::Test {
 protected:
  // Notes the batch's number when it has settled.
  bool Await(uint64_t sequence) {
    return log_.Await(sequence, [this, sequence] { woken_.push_back(sequence); });
  }

  CommitLog log_;
  std::vector<uint64_t> woken_;
};

TEST_F(CommitLogTest, WakesWhoWaitsOnceAndOnlyWhenItsBatchHasSettled) {
  EXPECT_EQ(log_.settled(), 0u);
  EXPECT_TRUE(Await(2));
  EXPECT_TRUE(Await(1));
  EXPECT_TRUE(Await(3));
  EXPECT_TRUE(Await(2));
  log_.Settle(1);
  EXPECT_EQ(log_.settled(), 1u);
  EXPECT_EQ(woken_, std::vector<uint64_t>{1});
  log_.Settle(2);
  EXPECT_EQ(woken_, (std::vector<uint64_t>{1, 2, 2}));
  log_.Settle(3);
  EXPECT_EQ(woken_, (std::vector<uint64_t>{1, 2, 2, 3}));
}

TEST_F(CommitLogTest, WhatHasSettledIsNotWaitedFor) {
  log_.Settle(1);
  log_.Settle(2);
  EXPECT_FALSE(Await(1));
  EXPECT_FALSE(Await(2));
  EXPECT_FALSE(Await(0)) << "before the first batch there is nothing to wait for";
  EXPECT_TRUE(woken_.empty());
}

TEST_F(CommitLogTest, TellsWhyOneBatchWasNotStoredAndOnlyThatOne) {
  log_.Settle(1);
  log_.Settle(2, "no space");
  log_.Settle(3);
  log_.Settle(4, "no disk");
  EXPECT_EQ(log_.FailureOf(1), "");
  EXPECT_EQ(log_.FailureOf(2), "no space");
  EXPECT_EQ(log_.FailureOf(3), "");
  EXPECT_EQ(log_.FailureOf(4), "no disk");
  EXPECT_EQ(log_.settled(), 4u);
}

TEST_F(CommitLogTest, TheFailureIsKnownWhenTheWaiterIsWoken) {
  std::string failure;
  ASSERT_TRUE(log_.Await(1, [&] { failure = log_.FailureOf(1); }));
  log_.Settle(1, "no space");
  EXPECT_EQ(failure, "no space");
}

TEST_F(CommitLogTest, AWaiterMayWaitAgain) {
  bool second = false;
  ASSERT_TRUE(log_.Await(1, [&] { EXPECT_TRUE(log_.Await(2, [&] { second = true; })); }));
  log_.Settle(1);
  EXPECT_FALSE(second);
  log_.Settle(2);
  EXPECT_TRUE(second);
}

TEST_F(CommitLogTest, AFailureThatIsForgottenIsNeverTakenForSuccess) {
  constexpr uint64_t kMany = (1 << 16) + 10;
  for (uint64_t i = 1; i <= kMany; ++i) log_.Settle(i, "no space");
  for (const uint64_t sequence : {uint64_t{1}, uint64_t{10}, kMany - 1, kMany}) {
    EXPECT_NE(log_.FailureOf(sequence), "") << sequence;
  }
  EXPECT_EQ(log_.FailureOf(kMany), "no space");
  EXPECT_NE(log_.FailureOf(1), "no space");
}

TEST_F(CommitLogTest, ManyThreadsLoseNoWakeUp) {
  constexpr uint64_t kBatches = 2000;
  constexpr int kThreads = 3;
  std::atomic<uint64_t> seen{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (uint64_t sequence = 1; sequence <= kBatches; ++sequence) {
        if (!log_.Await(sequence, [&] { ++seen; })) ++seen;
      }
    });
  }
  for (uint64_t sequence = 1; sequence <= kBatches; ++sequence) log_.Settle(sequence);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen, kThreads * kBatches);
}

}  // namespace
}  // namespace replete
