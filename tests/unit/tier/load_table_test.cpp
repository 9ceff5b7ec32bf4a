// Who waits for which value, and what becomes of it when the key changes meanwhile.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/keyspace/access.h"
#include "core/tier/fake_tier.h"
#include "core/tier/load.h"
#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/keyspace/recording_listener.h"

namespace replete {
namespace {

class CountingWaiter final : public Waiter {
 public:
  void Wake() override { ++woken; }
  int woken = 0;
};

class NobodyHost final : public TierHost {
 public:
  void Undo(const TierBatch&) override {}
  void Renew(const TierKeys&) override {}
};

class LoadTableTest : public ::testing::Test {
 protected:
  LoadTableTest() {
    NamespaceSettings settings;
    settings.default_ttl_s = 0;
    settings.max_entries = 100;  // one shard
    keyspace_ = std::make_shared<Keyspace>(0, "n", -1, settings, &reclaimer_, &memory_);
    keyspace_->SetTier(&tier_);
  }
  Key At(std::string_view name) { return ResolveKey(*keyspace_, name); }
  Shard& shard() { return keyspace_->shard(0); }

  // Under `name` there is a string that only the tier has.
  void MakeCold(std::string_view name) {
    access_.ForgetNow();
    access_.SetString(At(name), "stored", kNoDeadline);
    access_.Commit();
    tier_.Drain();
    access_.Cool(shard(), 100, /*all=*/true);
    ASSERT_TRUE(shard().loads.Contains(name) || !access_.Peek(At(name))->resident());
  }
  // As a command that needs the value. *fresh: the load that the tier would get.
  bool Join(std::string_view name, const std::shared_ptr<LoadWait>& wait,
            std::shared_ptr<TierLoad>* fresh) {
    return shard().loads.Join(
        name, wait,
        [&] {
          return std::make_shared<TierLoad>(keyspace_, shard(), name, HashKey(name),
                                            keyspace_->generation(), ValueLimits{});
        },
        fresh);
  }
  std::string Value(std::string_view text) {
    Entry* entry = Entry::NewString("k", text, 0);
    std::string bytes = EncodeValue(*entry);
    Entry::Delete(entry);
    return bytes;
  }
  std::string Shown(std::string_view name) {
    const Entry* entry = access_.Peek(At(name));
    if (entry == nullptr) return "absent";
    return entry->resident() ? std::string(entry->string()) : "away";
  }

  ManualClock clock_;
  RecordingListener listener_;
  Reclaimer reclaimer_;
  MemoryTotal memory_;
  NobodyHost host_;
  FakeTier tier_{host_, {}};
  std::shared_ptr<Keyspace> keyspace_;
  Access access_{clock_, listener_};
  CountingWaiter waiter_;
  CountingWaiter other_;
};

TEST_F(LoadTableTest, TwoWhoWantTheSameValueMakeOneLoadAndBothAreWoken) {
  MakeCold("k");
  auto wait = std::make_shared<LoadWait>(&waiter_);
  auto second = std::make_shared<LoadWait>(&other_);
  std::shared_ptr<TierLoad> load, none;
  EXPECT_TRUE(Join("k", wait, &load));
  ASSERT_NE(load, nullptr);
  EXPECT_TRUE(Join("k", second, &none));
  EXPECT_EQ(none, nullptr);
  wait->Arm();
  second->Arm();
  EXPECT_EQ(waiter_.woken + other_.woken, 0);
  load->Arrived(Value("stored"));
  EXPECT_EQ(waiter_.woken, 1);
  EXPECT_EQ(other_.woken, 1);
  EXPECT_EQ(Shown("k"), "stored");
}

TEST_F(LoadTableTest, OneWhoWaitsForSeveralIsWokenByTheLast) {
  MakeCold("a");
  MakeCold("b");
  auto wait = std::make_shared<LoadWait>(&waiter_);
  std::shared_ptr<TierLoad> a, b;
  ASSERT_TRUE(Join("a", wait, &a));
  ASSERT_TRUE(Join("b", wait, &b));
  a->Arrived(Value("1"));
  EXPECT_EQ(waiter_.woken, 0);
  wait->Arm();
  EXPECT_EQ(waiter_.woken, 0);
  b->Failed("gone");
  EXPECT_EQ(waiter_.woken, 1);
}

TEST_F(LoadTableTest, ALoadThatIsAnsweredBeforeTheWaitIsArmedWakesAfterwards) {
  MakeCold("k");
  auto wait = std::make_shared<LoadWait>(&waiter_);
  std::shared_ptr<TierLoad> load;
  ASSERT_TRUE(Join("k", wait, &load));
  load->Arrived(Value("stored"));
  EXPECT_EQ(waiter_.woken, 0);
  wait->Arm();
  EXPECT_EQ(waiter_.woken, 1);
}

TEST_F(LoadTableTest, AValueIsPinnedUntilTheLastWhoWaitedHasRun) {
  MakeCold("k");
  auto wait = std::make_shared<LoadWait>(&waiter_);
  auto second = std::make_shared<LoadWait>(&other_);
  std::shared_ptr<TierLoad> load, none;
  ASSERT_TRUE(Join("k", wait, &load));
  ASSERT_TRUE(Join("k", second, &none));
  wait->Arm();
  second->Arm();
  load->Arrived(Value("stored"));
  access_.Cool(shard(), 100, /*all=*/true);
  EXPECT_EQ(Shown("k"), "stored");
  wait.reset();
  access_.Cool(shard(), 100, /*all=*/true);
  EXPECT_EQ(Shown("k"), "stored");
  second.reset();
  EXPECT_TRUE(shard().loads.empty());
  access_.Cool(shard(), 100, /*all=*/true);
  EXPECT_EQ(Shown("k"), "away");
}

TEST_F(LoadTableTest, AWaitKeepsWhatAnEarlierAttemptHasPinned) {
  MakeCold("a");
  MakeCold("b");
  auto first = std::make_shared<LoadWait>(&waiter_);
  std::shared_ptr<TierLoad> a, b;
  ASSERT_TRUE(Join("a", first, &a));
  first->Arm();
  a->Arrived(Value("1"));
  auto second = std::make_shared<LoadWait>(&waiter_);
  ASSERT_TRUE(Join("b", second, &b));
  second->Keep(std::move(first));
  second->Arm();
  b->Arrived(Value("2"));
  access_.Cool(shard(), 100, /*all=*/true);
  EXPECT_EQ(Shown("a"), "1");
  EXPECT_EQ(Shown("b"), "2");
  second.reset();
  EXPECT_TRUE(shard().loads.empty());
}

TEST_F(LoadTableTest, AFailureIsKnownWhileSomebodyHasNotRunAndThenForgotten) {
  MakeCold("k");
  auto wait = std::make_shared<LoadWait>(&waiter_);
  std::shared_ptr<TierLoad> load, again;
  ASSERT_TRUE(Join("k", wait, &load));
  wait->Arm();
  load->Failed("the disk is gone");
  EXPECT_EQ(waiter_.woken, 1);
  EXPECT_EQ(shard().loads.FailureOf("k"), "the disk is gone");
  auto retry = std::make_shared<LoadWait>(&other_);
  EXPECT_FALSE(Join("k", retry, &again));
  EXPECT_EQ(again, nullptr);
  EXPECT_TRUE(retry->empty());
  wait.reset();
  EXPECT_EQ(shard().loads.FailureOf("k"), "");
  EXPECT_TRUE(Join("k", retry, &again));
  EXPECT_NE(again, nullptr) << "the next one tries again";
  again->Failed("");
}

TEST_F(LoadTableTest, WhatIsWrittenMeanwhileIsNotOverwrittenByTheOldValue) {
  MakeCold("k");
  auto wait = std::make_shared<LoadWait>(&waiter_);
  std::shared_ptr<TierLoad> load;
  ASSERT_TRUE(Join("k", wait, &load));
  wait->Arm();
  access_.SetString(At("k"), "new", kNoDeadline);
  access_.Commit();
  tier_.Drain();
  access_.Cool(shard(), 100, /*all=*/true);
  load->Arrived(Value("stored"));
  EXPECT_EQ(waiter_.woken, 1) << "who waits is told that it may try again";
  EXPECT_EQ(Shown("k"), "new");
}

TEST_F(LoadTableTest, AValueOfAnEarlierKeyIsNotInstalledInALaterOne) {
  MakeCold("k");
  auto wait = std::make_shared<LoadWait>(&waiter_);
  std::shared_ptr<TierLoad> load;
  ASSERT_TRUE(Join("k", wait, &load));
  wait->Arm();
  access_.Remove(At("k"), Departure::kDeleted);
  EXPECT_EQ(Shown("k"), "absent");
  MakeCold("k");  // another one of that name, pinned by who waits for the first
  load->Arrived(Value("of the first"));
  EXPECT_EQ(Shown("k"), "stored");
  wait.reset();
  EXPECT_TRUE(shard().loads.empty());
}

TEST_F(LoadTableTest, WhoComesAfterAStaleLoadGetsAFreshOne) {
  MakeCold("k");
  auto wait = std::make_shared<LoadWait>(&waiter_);
  std::shared_ptr<TierLoad> load, fresh;
  ASSERT_TRUE(Join("k", wait, &load));
  wait->Arm();
  shard().loads.CancelAll();
  load->Arrived(Value("stale"));
  EXPECT_EQ(Shown("k"), "away");
  auto second = std::make_shared<LoadWait>(&other_);
  ASSERT_TRUE(Join("k", second, &fresh));
  second->Arm();
  ASSERT_NE(fresh, nullptr);
  wait.reset();  // who waited for the stale one does not unpin the fresh one
  EXPECT_TRUE(shard().loads.Contains("k"));
  fresh->Arrived(Value("fresh"));
  EXPECT_EQ(Shown("k"), "fresh");
  EXPECT_EQ(other_.woken, 1);
}

TEST_F(LoadTableTest, ADamagedValueOrOneOfAnotherTypeIsAFailure) {
  MakeCold("k");
  Entry* list = Entry::NewList("k", new ListValue(), 0);
  list->list()->PushBack("element", {});
  const std::string of_another_type = EncodeValue(*list);
  Entry::Delete(list);
  for (const std::string& bytes : {std::string("\xff"), std::string(), of_another_type}) {
    auto wait = std::make_shared<LoadWait>(&waiter_);
    std::shared_ptr<TierLoad> load;
    ASSERT_TRUE(Join("k", wait, &load));
    wait->Arm();
    const int before = waiter_.woken;
    load->Arrived(bytes);
    EXPECT_EQ(waiter_.woken, before + 1);
    EXPECT_NE(shard().loads.FailureOf("k"), "");
    EXPECT_EQ(Shown("k"), "away");
  }
}

TEST_F(LoadTableTest, AnOwnedShardGetsTheValueWhenItsOwnerLetsGo) {
  MakeCold("k");
  auto wait = std::make_shared<LoadWait>(&waiter_);
  std::shared_ptr<TierLoad> load;
  ASSERT_TRUE(Join("k", wait, &load));
  wait->Arm();
  shard().gate.Own();
  load->Arrived(Value("stored"));
  load.reset();  // the tier has done with it
  EXPECT_EQ(waiter_.woken, 0);
  EXPECT_EQ(Shown("k"), "away");
  WaiterQueue woken;
  shard().gate.Release(&woken);
  while (Waiter* one = woken.Pop()) one->Wake();
  EXPECT_EQ(waiter_.woken, 1);
  EXPECT_EQ(Shown("k"), "stored");
}

TEST_F(LoadTableTest, TheEntryKeepsItsDeadlineAndItsPlaceInTheOrder) {
  access_.SetString(At("k"), "stored", clock_.NowMs() + 100);
  access_.SetString(At("later"), "v", kNoDeadline);
  access_.Commit();
  tier_.Drain();
  const auto before = shard().data.entry_bytes;
  access_.Cool(shard(), 100, /*all=*/true);
  EXPECT_EQ(access_.Peek(At("k"))->deadline(), clock_.NowMs() + 100);
  auto wait = std::make_shared<LoadWait>(&waiter_);
  std::shared_ptr<TierLoad> load;
  ASSERT_TRUE(Join("k", wait, &load));
  wait->Arm();
  load->Arrived(Value("stored"));
  EXPECT_EQ(access_.Peek(At("k"))->deadline(), clock_.NowMs() + 100);
  EXPECT_EQ(shard().data.order.oldest(), access_.Peek(At("k")));
  clock_.Advance(200);
  access_.ForgetNow();
  while (access_.Sweep(shard(), INT64_MAX)) {
  }
  EXPECT_EQ(Shown("k"), "absent");
  EXPECT_EQ(shard().data.table.size(), 1u);
  EXPECT_LT(shard().data.entry_bytes, before);
  access_.Commit();
  tier_.Drain();
}

}  // namespace
}  // namespace replete
