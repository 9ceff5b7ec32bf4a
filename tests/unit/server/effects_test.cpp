// What a random run did, replayed from its effects into an empty daemon with another clock and no
// limits, is the same data set with the same deadlines.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/server/command_runner.h"
#include "tests/unit/server/effect_replay.h"
#include "tests/unit/server/random_writer.h"

namespace replete {
namespace {

// A daemon whose effects are recorded, and the namespaces of both it and its replay.
class EffectsTest : public ::testing::Test {
 protected:
  static constexpr const char* kNamespaces[] = {"0", "1", "cache", "timed", "fifo"};

  ServerOptions PrimaryOptions() {
    ServerOptions options;
    options.config.threads = 1;
    options.clock = &clock_;
    options.namespace_defaults.named.default_ttl_s = 0;
    options.effect_sink = [this](const Effect& effect) { effects_.push_back(Record(effect)); };
    return options;
  }
  void MakeNamespaces(int default_ttl) {
    const std::string ttl = " default_ttl " + std::to_string(default_ttl);
    for (const std::string& line : {"cache max_entries 20 policy lru prefix c:" + ttl,
                                    std::string("timed max_entries 15 policy ttl prefix t:"),
                                    std::string("fifo max_entries 5 policy fifo")}) {
      ASSERT_EQ(runner_.Run("NAMESPACE CREATE " + line).text, "OK") << line;
    }
  }
  // Everything so far, replayed into an empty daemon, against what is here.
  void ExpectReplayIsTheSame() {
    ManualClock other_clock(1);  // where nothing is due
    ServerOptions options;
    options.config.threads = 1;
    options.clock = &other_clock;
    options.namespace_defaults.named.default_ttl_s = 0;
    options.namespace_defaults.named.max_entries = 0;
    Server replica(std::move(options));
    for (const char* name : kNamespaces) {
      if (!CheckNamespaceName(name)) {
        ASSERT_FALSE(replica.namespaces().Create(name, replica.namespace_defaults().named));
      }
    }
    Replayer replayer(replica);
    for (const Recorded& effect : effects_) {
      replayer.Apply(effect);
      if (HasFatalFailure()) return;
    }
    const auto mine = server_.namespaces().Current();
    const auto its = replica.namespaces().Current();
    for (const char* name : kNamespaces) {
      if (mine->Find(name) == nullptr) continue;
      EXPECT_EQ(Dump(*its->Find(name)), Dump(*mine->Find(name))) << "in namespace " << name;
    }
  }

  ManualClock clock_;
  std::vector<Recorded> effects_;
  Server server_{PrimaryOptions()};
  CommandRunner runner_{server_};
};

// --- the random run ---

// Parameter: default TTL of the namespace `cache` in seconds.
class RandomEffects : public EffectsTest, public ::testing::WithParamInterface<int> {
 protected:
  void RunOne(const std::vector<std::string>& words, bool in_multi) {
    const Reply reply = runner_.Run(words);
    if (!reply.IsError() && !in_multi) done_.insert(words[0]);
    if (runner_.waiting()) runner_.CancelWait();
  }
  void RunTransaction(RandomWriter& writer) {
    if (writer.OneIn(3)) RunOne({"WATCH", "key:1", "c:key:2"}, false);
    RunOne({"MULTI"}, false);
    for (size_t i = writer.Below(5) + 1; i > 0; --i) RunOne(writer.Command(), true);
    if (writer.OneIn(10)) {
      RunOne({"DISCARD"}, false);
    } else {
      for (const Reply& reply : runner_.Run("EXEC").elements) executed_ += !reply.IsError();
    }
  }

  std::set<std::string> done_;
  int executed_ = 0;
};

TEST_P(RandomEffects, ReplayedGiveTheSameDataSet) {
  MakeNamespaces(GetParam());
  for (uint64_t seed = 1; seed <= 12 && !HasFailure(); ++seed) {
    RandomWriter writer(seed, clock_);
    for (int step = 0; step < 6000; ++step) {
      if (writer.OneIn(12)) {
        RunTransaction(writer);
      } else {
        RunOne(writer.Command(), false);
      }
      clock_.Advance(static_cast<int64_t>(writer.Below(writer.OneIn(30) ? 900 : 20)));
      if (writer.OneIn(40)) runner_.Sweep();
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    ExpectReplayIsTheSame();
  }
  EXPECT_GT(executed_, 500);
  // The run was worth something: things expired and were evicted, and no write command was left
  // out.
  const auto map = server_.namespaces().Current();
  for (const char* name : {"cache", "timed", "fifo"}) {
    EXPECT_GT(map->Find(name)->stats().evicted, 4u) << name;
  }
  EXPECT_GT(map->databases[0]->stats().expired, 50u);
  for (const Command* command : server_.commands().all()) {
    if (!(command->flags & command_flag::kWrite)) continue;
    std::string name(command->name);
    for (char& c : name) c = static_cast<char>(c - 'a' + 'A');
    EXPECT_TRUE(done_.count(name)) << name << " was never tried with success";
  }
  std::set<Effect::Kind> kinds;
  for (const Recorded& effect : effects_) kinds.insert(effect.kind);
  EXPECT_EQ(kinds.size(), static_cast<size_t>(Effect::Kind::kClear) + 1);
}

INSTANTIATE_TEST_SUITE_P(DefaultTtl, RandomEffects, ::testing::Values(0, 2),
                         [](const auto& instance) {
                           return instance.param == 0 ? "Without" : "TwoSeconds";
                         });

// --- single effects ---

TEST_F(EffectsTest, TimesAreAbsoluteAndResultsAreSpelledOut) {
  runner_.Run("SET a 10 EX 5");
  runner_.Run("INCRBYFLOAT a 0.5");
  runner_.Run("GETEX a PX 70");
  ASSERT_EQ(effects_.size(), 3u);
  EXPECT_EQ(effects_[0].deadline, ManualClock::kStart + 5000);
  EXPECT_EQ(effects_[1].kind, Effect::Kind::kPut);
  EXPECT_EQ(effects_[1].value, "10.5");
  EXPECT_EQ(effects_[1].deadline, ManualClock::kStart + 5000);
  EXPECT_EQ(effects_[2].kind, Effect::Kind::kDeadline);
  EXPECT_EQ(effects_[2].deadline, ManualClock::kStart + 70);
  clock_.Advance(100);
  runner_.Sweep();
  ASSERT_EQ(effects_.size(), 4u);
  EXPECT_EQ(effects_[3].kind, Effect::Kind::kDelete);
  EXPECT_EQ(effects_[3].key, "a");
}

TEST_F(EffectsTest, WhatReadsOrFailsHasNone) {
  runner_.Run("SET a x");
  effects_.clear();
  for (const char* line :
       {"GET a", "INCR a", "SET a y NX", "GETEX a", "PERSIST a", "DEL b", "LPOP b", "HDEL b f",
        "RENAME b c", "COPY a a", "EXPIRE b 5", "APPEND", "LPUSH a x"}) {
    runner_.Run(line);
    EXPECT_TRUE(effects_.empty()) << line;
  }
}

TEST_F(EffectsTest, NamesAreThoseOfTheNamespace) {
  MakeNamespaces(0);
  runner_.Run("SET c:user 1");
  runner_.Run("NAMESPACE USE cache");
  runner_.Run("SET c:user 2");
  ASSERT_EQ(effects_.size(), 2u);
  EXPECT_EQ(effects_[0].keyspace, "cache");
  EXPECT_EQ(effects_[0].key, "user");
  EXPECT_EQ(effects_[1].key, "c:user");
  ExpectReplayIsTheSame();
}

TEST_F(EffectsTest, ABlockedClientsElementIsPushedAndPopped) {
  CommandRunner waiting(server_);
  waiting.Run("BRPOP list 0");
  ASSERT_TRUE(waiting.waiting());
  runner_.Run("MULTI");
  runner_.Run("RPUSH list a b");
  runner_.Run("LPUSH list c");
  runner_.Run("EXEC");
  Reply reply;
  ASSERT_TRUE(waiting.Served(&reply));
  ASSERT_EQ(reply.elements.size(), 2u);
  EXPECT_EQ(reply.elements[1].text, "b");
  ASSERT_EQ(effects_.size(), 4u);
  EXPECT_EQ(effects_[3].kind, Effect::Kind::kPopBack);
  ExpectReplayIsTheSame();
}

TEST_F(EffectsTest, TheDefaultTtlOfAKeyThatACommandCreatesIsAnEffectToo) {
  MakeNamespaces(60);
  runner_.Run("NAMESPACE USE cache");
  for (const char* line : {"SET string v", "INCR number", "APPEND text v", "MSET m v",
                           "HSET hash f v", "LPUSH list e", "RPUSH other e"}) {
    runner_.Run(line);
  }
  EXPECT_EQ(runner_.client().keyspace->entries_with_deadline(), 7u);
  ExpectReplayIsTheSame();
}

}  // namespace
}  // namespace replete
