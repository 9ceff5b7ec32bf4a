// What commands promise about values that are not in RAM and writes that are not stored yet, one by
// one; see engines_test.cpp for all of it together.
#include <gtest/gtest.h>

#include <semaphore>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/worker_pool.h"
#include "tests/unit/server/engine_pair.h"

namespace replete {
namespace {

class TierTest : public ::testing::Test {
 protected:
  static constexpr const char* kUnread =
      "ERR disk: the value of a key cannot be read: the read failed";

  ServerOptions Options() {
    ServerOptions options;
    options.config.threads = 1;
    options.config.databases = 2;
    options.clock = &clock_;
    options.with_test_commands = true;
    options.namespace_defaults.named.default_ttl_s = 0;
    options.effect_sink = [this](const Effect& effect) { effects_.push_back(Record(effect)); };
    options.fake_tier.emplace();
    return options;
  }
  FakeTier& tier() { return *server_.fake_tier(); }
  // No value is in RAM.
  void Cool() {
    tier().Drain();
    client_.dispatcher().CoolAll();
  }
  std::string Text(const std::string& line) { return Text(client_, line); }
  static std::string Text(CommandRunner& client, const std::string& line) {
    return ToString(client.Run(line));
  }
  bool Resident(std::string_view key) {
    const Key at = ResolveKey(*client_.client().keyspace, key);
    const Entry* entry = at.shard->data.table.Find(at.hash, at.name).item();
    return entry != nullptr && entry->resident();
  }
  // A reader of the key `k`, cold, parks; what `change` makes of the key meanwhile it sees when the
  // old value has come.
  std::string ReadAcross(const std::vector<std::string>& change) {
    Cool();
    tier().HoldLoads(true);
    EXPECT_EQ(reader_.Execute({"GET", "k"}), Outcome::kParked);
    for (const std::string& line : change) EXPECT_EQ(Text(line).find("ERR"), std::string::npos);
    EXPECT_EQ(tier().loads_waiting(), 1u);
    tier().HoldLoads(false);
    reader_.AwaitWake();
    return Text(reader_, "GET k");
  }

  ManualClock clock_;
  std::vector<Recorded> effects_;
  Server server_{Options()};
  CommandRunner client_{server_};
  CommandRunner reader_{server_};
};

// --- loads ---

TEST_F(TierTest, SortFetchesWhatItsPatternsName) {
  Text("RPUSH l 1 2 3");
  Text("MSET w_1 30 w_2 20 w_3 10");
  Text("HSET h_2 f two");
  Cool();
  EXPECT_EQ(Text("SORT l BY w_* GET # GET w_* GET h_*->f"),
            "[\"3\", \"10\", null, \"2\", \"20\", \"two\", \"1\", \"30\", null]");
  EXPECT_EQ(tier().loads(), 5u) << "the list first, then all the others";
  // A transaction has no time to wait for what it finds on its way.
  Cool();
  Text("MULTI");
  Text("SORT l BY w_*");
  EXPECT_NE(Text("EXEC").find("ERR disk: the value of a key cannot be read"), std::string::npos);
  EXPECT_EQ(Text("SORT l BY w_* STORE d"), ":3");
}

// --- databases that are swapped ---

TEST_F(TierTest, ASwapTakesValuesThatAreAwayAlong) {
  Text("SET k zero");
  Text("SELECT 1");
  Text("SET k one");
  Text("SELECT 0");
  Cool();
  EXPECT_EQ(Text("SWAPDB 0 1"), "+OK");
  EXPECT_EQ(Text("GET k"), "\"one\"");
  Text("APPEND k !");
  Cool();
  EXPECT_EQ(Text("SWAPDB 0 1"), "+OK");
  EXPECT_EQ(Text("GET k"), "\"zero\"");
  Text("SELECT 1");
  EXPECT_EQ(Text("GET k"), "\"one!\"");
}

TEST_F(TierTest, AReaderAcrossASwapSeesTheOtherDatabase) {
  Text("SELECT 1");
  Text("SET k one");
  Text("SELECT 0");
  Text("SET k zero");
  EXPECT_EQ(ReadAcross({"SWAPDB 0 1"}), "\"one\"");
}

TEST_F(TierTest, AWriteThatFailsAfterASwapIsUndoneWhereItsDatabaseIs) {
  Text("SET k zero");
  Text("SELECT 1");
  Text("SET k one");
  tier().Drain();
  tier().HoldWrites(true);
  tier().FailWrites(1);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"SET", "k", "lost"}, {"SWAPDB", "0", "1"}}) {
    ASSERT_EQ(client_.Execute(words), Outcome::kDone);
    client_.dispatcher().output().Clear();
  }
  tier().HoldWrites(false);
  tier().Drain();
  EXPECT_EQ(Text("GET k"), "\"zero\"");
  Text("SELECT 0");
  EXPECT_EQ(Text("EXISTS k"), ":0");
}

TEST(TierSweep, LetsGoOfTheOnlyValueOfAKeyspace) {
  ServerOptions options;
  options.config.threads = 1;
  options.fake_tier.emplace().hot_memory = 0;
  Server server(std::move(options));
  CommandRunner client(server);
  client.Run("SET k v");
  server.fake_tier()->Drain();
  client.Sweep();
  ASSERT_EQ(client.Execute({"GET", "k"}), Outcome::kParked);
  client.AwaitWake();
}

TEST_F(TierTest, AColdGetParksUntilTheValueHasCome) {
  Text("SET k v");
  Cool();
  ASSERT_FALSE(Resident("k"));
  tier().HoldLoads(true);
  ASSERT_EQ(client_.Execute({"GET", "k"}), Outcome::kParked);
  EXPECT_EQ(tier().loads_waiting(), 1u);
  EXPECT_FALSE(Resident("k"));
  EXPECT_EQ(Text(reader_, "SET other 1"), "+OK") << "nobody else waits";
  tier().HoldLoads(false);
  client_.AwaitWake();
  EXPECT_TRUE(Resident("k"));
  ASSERT_EQ(client_.Execute({"GET", "k"}), Outcome::kDone);
  EXPECT_EQ(client_.dispatcher().output().view(), "$1\r\nv\r\n");
  client_.dispatcher().output().Clear();
  EXPECT_EQ(tier().loads(), 1u);
  EXPECT_EQ(Text("GET k"), "\"v\"");
  EXPECT_EQ(tier().loads(), 1u) << "it is in RAM from now on";
}

TEST_F(TierTest, APipelineWaitsOnceForTheValuesOfAllItsRequests) {
  for (const char* key : {"a", "b", "c", "d", "e"}) Text("SET " + std::string(key) + " v");
  Text("RPUSH l x");
  Cool();
  client_.client().keyspace->set_hot_memory(0);
  tier().HoldLoads(true);
  // Of the third the value is not asked for; what comes after SELECT is another database's.
  const std::vector<std::vector<std::string>> later = {
      {"APPEND", "b", "w"}, {"SET", "c", "new"}, {"GET", "none"}, {"LPOP", "l"},
      {"GET", "a"},         {"SELECT", "1"},     {"GET", "d"}};
  ASSERT_EQ(client_.Execute({"GET", "a"}, false, later), Outcome::kParked);
  EXPECT_EQ(tier().loads_waiting(), 3u);
  tier().HoldLoads(false);
  client_.AwaitWake();
  for (const char* key : {"a", "b", "l"}) EXPECT_TRUE(Resident(key)) << key;
  client_.dispatcher().CoolAll();
  for (const char* key : {"a", "b", "l"}) EXPECT_TRUE(Resident(key)) << key << " is waited for";
  ASSERT_EQ(client_.Execute({"GET", "a"}, true), Outcome::kDone);
  EXPECT_EQ(client_.dispatcher().output().view(), "$1\r\nv\r\n");
  client_.dispatcher().output().Clear();
  for (const std::string line : {"APPEND b w", "SET c new", "GET none", "LPOP l"}) Text(line);
  EXPECT_EQ(tier().loads(), 3u) << "all of them found what they wanted";
  // A pipeline that came to its end keeps nothing.
  for (const std::string line : {"GET a", "SELECT 1", "GET d"}) Text(line);
  EXPECT_EQ(client_.client().loads, nullptr);
  Text("SELECT 0");
  Cool();
  for (const char* key : {"a", "b"}) EXPECT_FALSE(Resident(key)) << key;
}

TEST_F(TierTest, AnotherWaitLetsGoOfWhatWasFetchedAhead) {
  for (const char* key : {"a", "b", "c"}) Text("SET " + std::string(key) + " v");
  Cool();
  ASSERT_EQ(client_.Execute({"GET", "a"}, false, {{"MGET", "b", "c"}, {"GET", "b"}}),
            Outcome::kParked);
  client_.AwaitWake();
  EXPECT_EQ(client_.Execute({"GET", "a"}, true), Outcome::kDone);
  client_.dispatcher().output().Clear();
  EXPECT_EQ(tier().loads(), 2u) << "of several keys the first is fetched ahead";
  EXPECT_EQ(Text("MGET b c"), "[\"v\", \"v\"]");
  EXPECT_EQ(client_.client().loads, nullptr);
}

// A keyspace that keeps next to nothing: what is read is lent, unless the policy would keep it.
class LendingTest : public TierTest {
 protected:
  static constexpr int kKeys = 2000;
  static constexpr int kHot = 500;

  LendingTest() {
    tier().ReadAtOnce();
    // Half of the values, by turns of many shards.
    client_.client().keyspace->set_hot_memory(kKeys / 2 * 150);
  }
  void Fill() {
    for (int i = 0; i < kKeys; ++i) {
      client_.Run({"SET", "k" + std::to_string(i), std::string(100, 'v')});
    }
    tier().Drain();
    // Writes of others are what makes a shard let go of values.
    for (int i = 0; i < kKeys; ++i) Text("SET w" + std::to_string(i % kHot) + " v");
    tier().Drain();
  }
  std::string ColdKey() {
    for (int i = 0; i < kKeys; ++i) {
      if (std::string key = "k" + std::to_string(i); !Resident(key)) return key;
    }
    return {};
  }
};

TEST_F(LendingTest, AReaderFindsAValueThatDoesNotStay) {
  Text("HSET h f v g w");
  Text("RPUSH l a b c");
  Text("SET s text");
  Text("PEXPIREAT s 99999999999999");
  Cool();
  client_.client().keyspace->set_hot_memory(0);
  EXPECT_EQ(Text("GET s"), "\"text\"");
  EXPECT_EQ(Text("STRLEN s"), ":4");
  EXPECT_EQ(Text("PEXPIRETIME s"), ":99999999999999");
  EXPECT_EQ(Text("HGET h g"), "\"w\"");
  EXPECT_EQ(Text("MGET s none s"), "[\"text\", null, \"text\"]");
  EXPECT_EQ(Text("HGET s f"), "-WRONGTYPE Operation against a key holding the wrong kind of value");
  for (const char* key : {"s", "h", "l"}) EXPECT_FALSE(Resident(key)) << key;
  EXPECT_EQ(tier().loads(), 0u);
  // Who changes it has it for himself, and what he made of it is what is stored.
  EXPECT_EQ(Text("APPEND s !"), ":5");
  EXPECT_EQ(Text("LPOP l"), "\"a\"");
  Cool();
  EXPECT_EQ(Text("GET s"), "\"text!\"");
  EXPECT_EQ(Text("PEXPIRETIME s"), ":99999999999999");
  EXPECT_EQ(tier().loads(), 0u);
}

TEST_F(LendingTest, AUseCountsAlthoughTheValueIsLent) {
  Text("SET k v");
  Cool();
  client_.client().keyspace->set_hot_memory(0);
  clock_.Advance(5000);
  EXPECT_EQ(Text("OBJECT IDLETIME k"), ":5");
  Text("GET k");
  EXPECT_FALSE(Resident("k"));
  EXPECT_EQ(Text("OBJECT IDLETIME k"), ":0");
}

TEST_F(LendingTest, AWalkOverEverythingDrivesNothingOut) {
  Fill();
  for (int i = 0; i < 10 * kHot; ++i) Text("STRLEN w" + std::to_string(i % kHot));
  const auto resident = [this](const std::string& prefix, int count) {
    int found = 0;
    for (int i = 0; i < count; ++i) found += Resident(prefix + std::to_string(i));
    return found;
  };
  const int hot = resident("w", kHot);
  ASSERT_GT(hot, kHot * 9 / 10);
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(Text("STRLEN k" + std::to_string(i)), ":100");
  EXPECT_GT(resident("w", kHot), hot * 9 / 10);
  EXPECT_LT(resident("k", kKeys), kKeys * 3 / 4);
}

TEST_F(LendingTest, WhatIsReadAgainSoonStays) {
  Fill();
  for (int i = 0; i < 20; ++i) {
    const std::string key = ColdKey();
    ASSERT_FALSE(key.empty());
    Text("STRLEN " + key);
    Text("STRLEN " + key);
    EXPECT_TRUE(Resident(key)) << key;
  }
}

TEST_F(TierTest, TwoWhoWantTheSameValueMakeOneLoad) {
  Text("SET k v");
  Cool();
  tier().HoldLoads(true);
  ASSERT_EQ(client_.Execute({"GET", "k"}), Outcome::kParked);
  ASSERT_EQ(reader_.Execute({"APPEND", "k", "w"}), Outcome::kParked);
  EXPECT_EQ(tier().loads_waiting(), 1u);
  tier().HoldLoads(false);
  client_.AwaitWake();
  reader_.AwaitWake();
  EXPECT_EQ(Text("GET k"), "\"v\"");
  EXPECT_EQ(Text(reader_, "APPEND k w"), ":2");
  EXPECT_EQ(tier().loads(), 1u);
}

TEST_F(TierTest, AValueThatWasOverwrittenMeanwhileIsNeverSeen) {
  Text("SET k old");
  EXPECT_EQ(ReadAcross({"SET k new"}), "\"new\"");
}

TEST_F(TierTest, AValueThatWasDeletedMeanwhileIsNeverSeen) {
  Text("SET k old");
  EXPECT_EQ(ReadAcross({"DEL k"}), "null");
  Text("SET k old");
  EXPECT_EQ(ReadAcross({"DEL k", "SET k new"}), "\"new\"");
}

TEST_F(TierTest, AValueThatWasFlushedMeanwhileIsNeverSeen) {
  Text("SET k old");
  EXPECT_EQ(ReadAcross({"FLUSHDB"}), "null");
  Text("SET k old");
  EXPECT_EQ(ReadAcross({"NAMESPACE BUMP", "SET k new"}), "\"new\"");
}

TEST_F(TierTest, AValueThatWasRenamedOverMeanwhileIsNeverSeen) {
  Text("SET k old");
  Cool();
  Text("SET other new");  // in RAM
  tier().HoldLoads(true);
  ASSERT_EQ(reader_.Execute({"GET", "k"}), Outcome::kParked);
  EXPECT_EQ(Text("RENAME other k"), "+OK");
  tier().HoldLoads(false);
  reader_.AwaitWake();
  EXPECT_EQ(Text(reader_, "GET k"), "\"new\"");
  EXPECT_EQ(Text("EXISTS other"), ":0");
}

TEST_F(TierTest, AValueThatHasExpiredMeanwhileIsNeverSeen) {
  for (const bool swept : {false, true}) {
    Text("SET k old PX 100");
    Cool();
    tier().HoldLoads(true);
    ASSERT_EQ(reader_.Execute({"GET", "k"}), Outcome::kParked);
    clock_.Advance(200);
    if (swept) client_.Sweep();
    tier().HoldLoads(false);
    reader_.AwaitWake();
    EXPECT_EQ(Text(reader_, "GET k"), "null") << swept;
    EXPECT_EQ(Text("SET k new NX"), "+OK") << swept;
    Cool();
    EXPECT_EQ(Text(reader_, "GET k"), "\"new\"") << swept;
    Text("DEL k");
  }
}

// A value that was let go again before the command ran would have to be fetched for ever.
TEST_F(TierTest, WhatACommandHasWaitedForStaysUntilItHasRun) {
  Text("MSET a 1 b 2 c 3");
  Cool();
  int attempts = 0;
  while (client_.Execute({"MGET", "a", "b", "c"}) == Outcome::kParked && ++attempts < 20) {
    client_.AwaitWake();
    client_.dispatcher().CoolAll();
  }
  EXPECT_EQ(attempts, 1);
  EXPECT_EQ(client_.dispatcher().output().view(), "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
  client_.dispatcher().output().Clear();
  EXPECT_EQ(tier().loads(), 3u);
  Cool();
  EXPECT_FALSE(Resident("a")) << "and not longer";
}

TEST_F(TierTest, WhatCameForAnEarlierAttemptStaysWhileMoreIsFetched) {
  Text("MSET a 1 b 2");
  Cool();
  Text("SET b 3");  // in RAM, not to be fetched
  tier().HoldLoads(true);
  ASSERT_EQ(client_.Execute({"MGET", "a", "b"}), Outcome::kParked);
  ASSERT_EQ(tier().loads_waiting(), 1u);
  reader_.dispatcher().CoolAll();  // now b is away too
  ASSERT_FALSE(Resident("b"));
  tier().HoldLoads(false);
  client_.AwaitWake();
  ASSERT_EQ(client_.Execute({"MGET", "a", "b"}, true), Outcome::kParked);
  client_.AwaitWake();
  client_.dispatcher().CoolAll();
  ASSERT_EQ(client_.Execute({"MGET", "a", "b"}, true), Outcome::kDone);
  EXPECT_EQ(client_.dispatcher().output().view(), "*2\r\n$1\r\n1\r\n$1\r\n3\r\n");
  client_.dispatcher().output().Clear();
  EXPECT_EQ(tier().loads(), 2u);
}

TEST_F(TierTest, AnMgetWithOneValueThatCannotBeReadFailsAndTheOthersAreFine) {
  Text("MSET a 1 b 2 c 3");
  Cool();
  tier().FailLoads(1);  // a's
  const Reply reply = client_.Run("MGET a b c");
  EXPECT_TRUE(reply.IsError());
  EXPECT_EQ(reply.text, kUnread);
  EXPECT_EQ(Text("MGET b c"), "[\"2\", \"3\"]");
  tier().Drain();
  EXPECT_EQ(Text("GET a"), "\"1\"") << "the next one tries again";
}

TEST_F(TierTest, ACommandWhoseValueCannotBeReadHasNoEffect) {
  Text("SET k 5");
  Text("RPUSH l a b");
  Cool();
  effects_.clear();
  for (const char* line :
       {"INCR k", "APPEND k x", "GETDEL k", "GETEX k PX 5", "GETSET k x", "SET k x GET",
        "RENAME k m", "COPY k m", "LPOP l", "RPUSH l c", "BLPOP l 0"}) {
    Cool();
    tier().FailLoads(1);
    EXPECT_EQ(Text(line), std::string("-") + kUnread) << line;
    EXPECT_FALSE(client_.waiting()) << line;
  }
  EXPECT_TRUE(effects_.empty());
  tier().Drain();
  EXPECT_EQ(Text("GET k"), "\"5\"");
  EXPECT_EQ(Text("LLEN l"), ":2");
  EXPECT_EQ(Text("DBSIZE"), ":2");
}

TEST_F(TierTest, InATransactionOnlyTheCommandWhoseValueCannotBeReadFails) {
  Text("MSET a 1 b 2");
  Cool();
  tier().FailLoads(1);
  for (const char* line : {"MULTI", "INCR a", "INCR b", "SET c 3", "SET a 9"}) Text(line);
  EXPECT_EQ(Text("EXEC"), std::string("[-") + kUnread + ", :3, +OK, +OK]");
  EXPECT_EQ(Text("MGET a b c"), "[\"9\", \"3\", \"3\"]");
}

TEST_F(TierTest, WhatNeedsNoValueFetchesNone) {
  Text("MSET a 1 b 2 c 3 d 4 e 5");
  Text("RPUSH l x");
  Text("EXPIRE e 100");
  for (const auto& [line, expected] :
       std::vector<std::pair<std::string, std::string>>{{"EXISTS a b none", ":2"},
                                                        {"TYPE l", "+list"},
                                                        {"TTL e", ":100"},
                                                        {"EXPIRETIME a", ":-1"},
                                                        {"TOUCH a l", ":2"},
                                                        {"EXPIRE a 50", ":1"},
                                                        {"PERSIST e", ":1"},
                                                        {"PEXPIRE b 5000 NX", ":1"},
                                                        {"SCAN 0 COUNT 0", "-ERR syntax error"},
                                                        {"DBSIZE", ":6"},
                                                        {"KEYS l", "[\"l\"]"},
                                                        {"WATCH a", "+OK"},
                                                        {"SETNX a 2", ":0"},
                                                        {"SET a x NX", "null"},
                                                        {"SET b 3 KEEPTTL", "+OK"},
                                                        {"MSET c 4 l 5", "+OK"},
                                                        {"SETEX d 5 v", "+OK"},
                                                        {"DEL a", ":1"},
                                                        {"UNLINK e", ":1"}}) {
    Cool();
    EXPECT_EQ(Text(line), expected) << line;
    EXPECT_EQ(tier().loads(), 0u) << line;
  }
  Cool();
  EXPECT_EQ(client_.Run("SCAN 0 COUNT 100").elements[1].elements.size(), 4u);
  Text("SET fresh v");
  EXPECT_EQ(Text("RENAME fresh b"), "+OK") << "over a value that is away";
  Cool();
  EXPECT_EQ(Text("FLUSHDB"), "+OK");
  EXPECT_EQ(tier().loads(), 0u);
  EXPECT_EQ(Text("SET k v"), "+OK");
  Cool();
  EXPECT_EQ(Text("SET k w GET"), "\"v\"");
  EXPECT_EQ(tier().loads(), 1u);
}

TEST_F(TierTest, ExpireOnAValueThatIsAwayStoresTheDeadlineAlone) {
  Text("SET k v");
  Cool();
  EXPECT_EQ(Text("PEXPIRE k 5000"), ":1");
  EXPECT_FALSE(Resident("k"));
  tier().Drain();
  const FakeTier::Record record = tier().Records(*client_.client().keyspace).at("k");
  EXPECT_EQ(record.deadline, clock_.NowMs() + 5000);
  EXPECT_FALSE(record.value.empty());
  EXPECT_EQ(tier().anomalies(), 0u);
  EXPECT_EQ(tier().loads(), 0u);
  EXPECT_EQ(Text("GET k"), "\"v\"");
  EXPECT_EQ(Text("PTTL k"), ":5000");
}

// --- a long command meanwhile ---

class TierAndLongCommands : public TierTest {
 protected:
  static constexpr int kWorkers = 2;
  TierAndLongCommands() {
    for (int i = 0; i < kWorkers; ++i) {
      server_.workers().Post([this] {
        held_.release();
        go_.acquire();
      });
    }
    for (int i = 0; i < kWorkers; ++i) held_.acquire();
  }
  ~TierAndLongCommands() override { LetGo(); }
  void LetGo() {
    if (!let_go_) go_.release(kWorkers);
    let_go_ = true;
  }

  std::counting_semaphore<> held_{0};
  std::counting_semaphore<> go_{0};
  bool let_go_ = false;
};

TEST_F(TierAndLongCommands, AValueThatComesWhileACommandOwnsTheShardWaitsForIt) {
  const Key key = ResolveKey(*client_.client().keyspace, "k");
  std::string other = "a";  // in the same shard
  while (ResolveKey(*client_.client().keyspace, other).shard != key.shard) other += "a";
  Text("SET k v");
  Cool();
  tier().HoldLoads(true);
  ASSERT_EQ(reader_.Execute({"GET", "k"}), Outcome::kParked);
  ASSERT_EQ(client_.Execute({"TESTLONG", "0", other}), Outcome::kAway);
  ASSERT_TRUE(key.shard->gate.owned());
  tier().HoldLoads(false);
  tier().Drain();
  EXPECT_FALSE(Resident("k")) << "installed under the owner";
  LetGo();
  EXPECT_EQ(client_.AwaitReply().integer, 1);
  reader_.AwaitWake();
  EXPECT_TRUE(Resident("k"));
  EXPECT_EQ(Text(reader_, "GET k"), "\"v\"");
  EXPECT_EQ(tier().loads(), 1u);
}

TEST_F(TierAndLongCommands, ALongCommandHasItsValuesAndItsReplyWaitsUntilTheyAreStored) {
  Text("MSET k 5 m 7");
  Cool();
  ASSERT_EQ(client_.Execute({"TESTLONG", "0", "k", "m"}), Outcome::kParked);
  client_.AwaitWake();
  client_.dispatcher().CoolAll();
  ASSERT_EQ(client_.Execute({"TESTLONG", "0", "k", "m"}), Outcome::kAway);
  tier().FailWrites(1);
  LetGo();
  const Reply reply = client_.AwaitReply();
  EXPECT_EQ(reply.text, "ERR disk: the write was not stored: the write failed");
  EXPECT_EQ(Text("EXISTS k m"), ":0");
}

}  // namespace
}  // namespace replete
