// What the dispatcher promises about limits: never one entry more when a command is done, and whom
// it spares.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/server/command_runner.h"

namespace replete {
namespace {

class Limits : public ::testing::Test {
 protected:
  static ServerOptions Options(Clock* clock) {
    ServerOptions options;
    options.config.threads = 1;
    options.clock = clock;
    options.namespace_defaults.named.default_ttl_s = 0;
    return options;
  }
  // A namespace with these options, which the client uses from now on.
  Keyspace& Use(const std::string& name, const std::string& options) {
    EXPECT_EQ(runner_.Run("NAMESPACE CREATE " + name + " " + options).text, "OK");
    EXPECT_EQ(runner_.Run("NAMESPACE USE " + name).text, "OK");
    return *runner_.client().keyspace;
  }
  bool Has(const std::string& key) { return runner_.Run({"EXISTS", key}).integer == 1; }
  uint64_t evicted() { return runner_.client().keyspace->stats().evicted; }

  ManualClock clock_;
  Server server_{Options(&clock_)};
  CommandRunner runner_{server_};
};

TEST_F(Limits, HundredThousandOverEightShardsIsNeverExceeded) {
  constexpr int kLimit = 100'000;
  Keyspace& keyspace = Use("big", "max_entries 100000 policy lru");
  ASSERT_EQ(keyspace.shards(), 8u);
  for (int i = 0; i < kLimit; ++i) runner_.Run({"SET", "key:" + std::to_string(i), "v"});
  EXPECT_EQ(evicted(), 0u);
  EXPECT_EQ(keyspace.entry_count(), kLimit);
  for (int i = 0; i < kLimit; i += 7) runner_.Run({"SET", "key:" + std::to_string(i), "other"});
  EXPECT_EQ(evicted(), 0u) << "overwriting at the limit evicts nobody";
  std::mt19937_64 random(5);
  auto name = [&] { return "key:" + std::to_string(random() % 200'000); };
  for (int i = 0; i < 60'000 && !HasFailure(); ++i) {
    const std::string first = name();
    const std::string second = name();
    switch (random() % 12) {
      case 0:
        runner_.Run({"MSET", first, "1", second, "2", name(), "3", name(), "4"});
        break;
      case 1:
        runner_.Run({"COPY", first, second});
        break;
      case 2:
        runner_.Run({"RENAME", first, second});
        break;
      case 3:
        runner_.Run({"LPUSH", "list:" + first, "e"});
        break;
      case 4:
        runner_.Run({"HSET", "hash:" + first, "f", "v"});
        break;
      case 5:
        runner_.Run({"GET", first});
        break;
      case 6:
        runner_.Run({"DEL", first});
        break;
      case 7:
        runner_.Run("MULTI");
        for (int k = 0; k < 3; ++k) runner_.Run({"SET", name(), "in exec"});
        EXPECT_EQ(runner_.Run("EXEC").elements.size(), 3u);
        break;
      default:
        runner_.Run({"SET", first, "v"});
        EXPECT_TRUE(Has(first));
        break;
    }
    EXPECT_LE(keyspace.entry_count(), kLimit);
    EXPECT_LE(keyspace.size(), static_cast<size_t>(kLimit));
  }
  EXPECT_GT(evicted(), 10'000u);
}

TEST_F(Limits, ATransactionMakesRoomOnceAtItsEnd) {
  Keyspace& keyspace = Use("small", "max_entries 3 policy lru");
  for (const char* key : {"a", "b", "c"}) runner_.Run({"SET", key, "v"});
  runner_.Run("MULTI");
  for (const char* key : {"a key of more than sixteen bytes", "b", "d"}) {
    runner_.Run({"SET", key, "in exec"});
  }
  EXPECT_EQ(runner_.Run("EXEC").elements.size(), 3u);
  EXPECT_EQ(keyspace.size(), 3u);
  EXPECT_FALSE(Has("a"));
  EXPECT_FALSE(Has("c"));
  EXPECT_TRUE(Has("a key of more than sixteen bytes"));
}

TEST_F(Limits, UnderNoneACommandIsAdmittedOrRefusedWhole) {
  Keyspace& keyspace = Use("full", "max_entries 3 policy none");
  EXPECT_EQ(runner_.Run("MSET a 1 b 2").text, "OK");
  const Reply refused = runner_.Run("MSET a 3 c 4 d 5");
  EXPECT_TRUE(refused.text.starts_with("OOM ")) << refused.text;
  EXPECT_EQ(runner_.Run("GET a").text, "1") << "a refused command changes nothing";
  EXPECT_EQ(keyspace.size(), 2u);
  EXPECT_EQ(runner_.Run("SET c 4").text, "OK");
  EXPECT_EQ(runner_.Run("MSET a 5 b 6 c 7").text, "OK") << "overwriting needs no room";
  for (const char* line :
       {"SET d 1", "LPUSH d e", "HSET d f v", "COPY a d", "INCR d", "APPEND d x"}) {
    EXPECT_TRUE(runner_.Run(line).text.starts_with("OOM ")) << line;
  }
  EXPECT_EQ(runner_.Run("RENAME a d").text, "OK");
  EXPECT_EQ(runner_.Run("DEL d").integer, 1);
  EXPECT_EQ(runner_.Run("LPUSH d e").integer, 1);
  EXPECT_EQ(keyspace.size(), 3u);
  EXPECT_EQ(evicted(), 0u);
}

TEST_F(Limits, AKeyNamedTwiceNeedsRoomOnce) {
  Use("twice", "max_entries 1 policy none");
  EXPECT_EQ(runner_.Run("MSET a 1 a 2").text, "OK");
  EXPECT_EQ(runner_.Run("GET a").text, "2");
}

TEST_F(Limits, UnderNoneATransactionDoesNotPassTheLimit) {
  Keyspace& keyspace = Use("exact", "max_entries 2 policy none");
  runner_.Run("SET a 1");
  runner_.Run("MULTI");
  for (const char* key : {"b", "c", "d"}) runner_.Run({"SET", key, "v"});
  const Reply replies = runner_.Run("EXEC");
  ASSERT_EQ(replies.elements.size(), 3u);
  EXPECT_LE(keyspace.size(), 2u);
  EXPECT_EQ(replies.elements[0].text, "OK");
  EXPECT_TRUE(replies.elements[1].IsError());
  EXPECT_TRUE(replies.elements[2].IsError());
}

TEST_F(Limits, VolatilePoliciesRefuseWhenNothingMayGo) {
  for (const char* policy : {"volatile-lru", "volatile-ttl"}) {
    Keyspace& keyspace = Use(policy, std::string("max_entries 2 policy ") + policy);
    runner_.Run("SET a 1");
    runner_.Run("SET b 2");
    const Reply reply = runner_.Run("SET c 3");
    EXPECT_TRUE(reply.text.starts_with("OOM ")) << policy << ": " << reply.text;
    EXPECT_LE(keyspace.size(), 2u) << policy;
    EXPECT_EQ(runner_.Run("SET a 4").text, "OK");
    runner_.Run("EXPIRE b 100");
    EXPECT_EQ(runner_.Run("SET c 3").text, "OK");
    EXPECT_FALSE(Has("b"));
    EXPECT_TRUE(Has("c"));
  }
}

TEST_F(Limits, AKeyJustWrittenIsNoVictimWhereverTheOthersAre) {
  Keyspace& keyspace = Use("spread", "max_entries 0 policy lru");
  ASSERT_GT(keyspace.shards(), 1u);
  ASSERT_EQ(runner_.Run("NAMESPACE ALTER spread max_entries 10").text, "OK");
  for (int i = 0; i < 200; ++i) {
    const std::string key = "key:" + std::to_string(i);
    EXPECT_EQ(runner_.Run({"SET", key, "v"}).text, "OK");
    ASSERT_TRUE(Has(key)) << key << " was evicted for itself";
    ASSERT_LE(keyspace.entry_count(), 10);
  }
  EXPECT_EQ(keyspace.size(), 10u);
}

TEST_F(Limits, ALargeValueJustWrittenIsNoVictimOfMaxMemory) {
  Use("heavy", "max_entries 0 max_memory 1mb policy lru");
  const std::string value(100'000, 'v');
  for (int i = 0; i < 40; ++i) {
    const std::string key = "key:" + std::to_string(i);
    EXPECT_EQ(runner_.Run({"SET", key, value}).text, "OK");
    ASSERT_TRUE(Has(key)) << key << " was evicted for itself";
    ASSERT_LE(runner_.client().keyspace->bytes(), (1u << 20) + 32 * 4096u);
  }
}

TEST_F(Limits, LoweringTheLimitEvictsBeforeTheReply) {
  for (const char* limit : {"1000", "0"}) {
    Keyspace& keyspace =
        Use(std::string("lower") + limit, std::string("policy lru max_entries ") + limit);
    for (int i = 0; i < 1000; ++i) runner_.Run({"SET", "key:" + std::to_string(i), "v"});
    EXPECT_EQ(runner_.Run("NAMESPACE ALTER " + keyspace.name() + " max_entries 1").text, "OK");
    EXPECT_EQ(keyspace.size(), 1u);
    EXPECT_EQ(keyspace.entry_count(), 1);
  }
}

TEST_F(Limits, AnExpiredKeyThatIsNotSweptYetMakesRoomForItself) {
  Use("reborn", "max_entries 1 policy none");
  runner_.Run("SET a 1 PX 5");
  clock_.Advance(6);
  EXPECT_EQ(runner_.Run("SET a 2").text, "OK");
}

TEST_F(Limits, AlterTakesAwayExactlyWhatIsOver) {
  constexpr int kEntries = 60'000;
  for (const char* policy : {"lru", "fifo", "ttl", "lfu", "random"}) {
    Keyspace& keyspace = Use(policy, std::string("max_entries 0 policy ") + policy);
    for (int i = 0; i < kEntries; ++i) runner_.Run({"SET", "key:" + std::to_string(i), "v"});
    for (const int limit : {kEntries * 9 / 10, kEntries / 3, 5, 1}) {
      const std::string option = std::string(policy) + " max_entries " + std::to_string(limit);
      EXPECT_EQ(runner_.Run("NAMESPACE ALTER " + option).text, "OK");
      EXPECT_EQ(keyspace.entry_count(), limit);
      EXPECT_EQ(evicted(), static_cast<uint64_t>(kEntries - limit));
    }
  }
}

TEST_F(Limits, ACommandDoesItsShareWhileALoweredLimitIsBeingMet) {
  constexpr int kEntries = 10'000;
  Keyspace& keyspace = Use("n", "max_entries 0 policy lru");
  for (int i = 0; i < kEntries; ++i) runner_.Run({"SET", "key:" + std::to_string(i), "v"});
  NamespaceSettings settings = keyspace.settings();
  settings.max_entries = 100;
  keyspace.SetSettings(settings);
  keyspace.NoteTrimming(1);
  runner_.Run("SET more v");
  EXPECT_LT(keyspace.entry_count(), kEntries + 1);
  EXPECT_GT(keyspace.entry_count(), kEntries - 100) << "not all of it by one command";
  keyspace.NoteTrimming(-1);
  // Nobody is at it any more: the next command sees to it that a worker is.
  runner_.Run("SET more v");
  for (int i = 0; keyspace.entry_count() > 100 && i < 30'000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(keyspace.entry_count(), 100);
  EXPECT_TRUE(Has("more"));
}

}  // namespace
}  // namespace replete
