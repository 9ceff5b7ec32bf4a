// What clients are told of writes that a tier stores later, refuses, or cannot store.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/server/engine_pair.h"

namespace replete {
namespace {

class TierWrites : public ::testing::Test {
 protected:
  static constexpr const char* kUnstored = "-ERR disk: the write was not stored: the write failed";

  FakeTier& tier() { return daemon_.tier(); }
  CommandRunner& client() { return daemon_.runner(); }
  Keyspace& keyspace() { return *client().client().keyspace; }
  std::string Text(const std::string& line) { return ToString(client().Run(line)); }
  void Cool() {
    tier().Drain();
    client().dispatcher().CoolAll();
  }
  bool StoredAt(const std::string& key) {
    tier().Drain();
    return tier().Records(keyspace()).count(key) == 1;
  }
  size_t Deletes(std::string_view key) {
    const auto effects = daemon_.TakeEffects();
    return static_cast<size_t>(
        std::count_if(effects.begin(), effects.end(), [&](const Recorded& effect) {
          return effect.kind == Effect::Kind::kDelete && effect.key == key;
        }));
  }
  static std::vector<std::string> Split(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
  }

  ManualClock clock_;
  TestDaemon daemon_{clock_, FakeTierOptions{}};
};

// --- in order ---

TEST_F(TierWrites, RepliesOfAPipelineStayInOrderWhenTheFirstWaits) {
  HeldReplies held;
  OutputBuffer output;
  Dispatcher& dispatcher = client().dispatcher();
  tier().HoldWrites(true);
  for (const char* line : {"PING", "SET k v", "GET k", "PING"}) {
    ASSERT_EQ(client().Execute(Split(line)), Outcome::kDone);
    held.Append(dispatcher.output().view(), dispatcher.tokens());
    dispatcher.output().Clear();
    held.Drain(&output);
  }
  EXPECT_EQ(output.view(), "+PONG\r\n") << "the first waits for nobody";
  EXPECT_EQ(held.bytes(), 5u + 7u + 7u);
  held.Drain(&output);
  EXPECT_FALSE(held.empty());
  EXPECT_EQ(held.next().sequence, 1u);
  tier().HoldWrites(false);
  tier().Drain();
  held.Drain(&output);
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(held.bytes(), 0u);
  EXPECT_EQ(output.view(), "+PONG\r\n+OK\r\n$1\r\nv\r\n+PONG\r\n");
}

TEST_F(TierWrites, ReadersHaveNothingToWaitFor) {
  Text("SET k v");
  for (const char* line : {"GET k", "EXISTS k", "DBSIZE", "TTL k", "SET k v NX", "DEL none",
                           "EXPIRE none 5", "MULTI", "GET k", "EXEC"}) {
    ASSERT_EQ(client().Execute(Split(line)), Outcome::kDone);
    EXPECT_TRUE(client().dispatcher().tokens().empty()) << line;
    client().dispatcher().output().Clear();
  }
}

TEST_F(TierWrites, ATransactionOverSeveralKeyspacesIsOneBatch) {
  ASSERT_EQ(Text("NAMESPACE CREATE left prefix l: max_entries 5"), "+OK");
  ASSERT_EQ(Text("NAMESPACE CREATE right prefix r: max_entries 0"), "+OK");
  tier().Drain();
  const uint64_t before = tier().commits().settled();
  for (const char* line : {"MULTI", "SET l:a 1", "SET r:b 2", "SET c 3", "SELECT 1", "SET d 4",
                           "DEL l:none", "EXPIRE c 50"}) {
    Text(line);
  }
  EXPECT_EQ(client().Run("EXEC").elements.size(), 7u);
  tier().Drain();
  EXPECT_EQ(tier().commits().settled(), before + 1);
  tier().FailWrites(1);
  for (const char* line : {"MULTI", "SET l:a 5", "SET r:b 5", "SET d 5"}) Text(line);
  EXPECT_EQ(Text("EXEC"), kUnstored);
  EXPECT_EQ(Text("EXISTS d"), ":0");
  EXPECT_EQ(Text("SELECT 0"), "+OK");
  EXPECT_EQ(Text("EXISTS l:a r:b d"), ":0");
  EXPECT_EQ(Text("GET c"), "\"3\"") << "of an earlier one";
}

// --- a batch that fails ---

TEST_F(TierWrites, AKeyWhoseWriteFailedIsAbsentEverywhereAndOthersStay) {
  Text("SET intact v");
  Text("SET k old");
  daemon_.TakeEffects();
  tier().FailWrites(1);
  EXPECT_EQ(Text("SET k new"), kUnstored);
  EXPECT_EQ(Text("GET k"), "null");
  EXPECT_EQ(Text("EXISTS k"), ":0");
  EXPECT_EQ(Text("DBSIZE"), ":1");
  EXPECT_EQ(Deletes("k"), 1u);
  EXPECT_FALSE(StoredAt("k"));
  EXPECT_EQ(Text("GET intact"), "\"v\"");
  EXPECT_EQ(Text("SET k newer"), "+OK");
  Cool();
  EXPECT_EQ(Text("GET k"), "\"newer\"");
}

TEST_F(TierWrites, AllKeysOfATransactionGoWithItsBatch) {
  Text("MSET a 1 b 2 c 3");
  tier().FailWrites(1);
  for (const char* line : {"MULTI", "INCR a", "RENAME b d", "EXPIRE c 100", "SET e 1"}) Text(line);
  EXPECT_EQ(Text("EXEC"), kUnstored);
  EXPECT_EQ(Text("EXISTS a b c d e"), ":0");
  EXPECT_EQ(Text("MULTI"), "+OK") << "the client is out of the transaction";
  EXPECT_EQ(Text("DISCARD"), "+OK");
}

TEST_F(TierWrites, ADeadlineThatCouldNotBeStoredTakesTheKeyAway) {
  Text("SET k v");
  Cool();
  tier().FailWrites(1);
  EXPECT_EQ(Text("EXPIRE k 100"), kUnstored);
  EXPECT_EQ(Text("EXISTS k"), ":0");
  EXPECT_FALSE(StoredAt("k"));
}

TEST_F(TierWrites, ADeadlineThatCouldNotBeStoredTakesTheKeyAwayThoughItsValueHasComeMeanwhile) {
  Text("SET k v");
  Cool();
  tier().HoldWrites(true);
  tier().FailWrites(1);
  TestDaemon::Pending pending;
  daemon_.Execute({"EXPIRE", "k", "100"}, &pending);
  EXPECT_EQ(Text("GET k"), "\"v\"");
  EXPECT_EQ(tier().loads(), 1u);
  tier().HoldWrites(false);
  EXPECT_EQ(ToString(TestDaemon::Await(&pending)), kUnstored);
  EXPECT_EQ(Text("EXISTS k"), ":0");
}

TEST_F(TierWrites, WhoEmptiesAKeyspaceIsAnsweredWhenThatIsStored) {
  for (const char* line : {"FLUSHDB", "FLUSHALL", "NAMESPACE CLEAR"}) {
    Text("SET k v");
    tier().FailWrites(1);
    EXPECT_EQ(Text(line), kUnstored) << line;
    EXPECT_EQ(Text("EXISTS k"), ":0") << line;
  }
}

// "Absent everywhere": also for who reads the store when the daemon starts again.
TEST_F(TierWrites, AKeyWhoseDeletionCouldNotBeStoredIsNotStoredEither) {
  Text("SET k v");
  tier().FailWrites(1);
  EXPECT_EQ(Text("DEL k"), kUnstored);
  EXPECT_EQ(Text("EXISTS k"), ":0");
  EXPECT_FALSE(StoredAt("k")) << "it would be back after a start";
}

TEST_F(TierWrites, ALaterWriteOfTheSameKeyOutlivesTheFailedOne) {
  tier().HoldWrites(true);
  tier().FailWrites(1);
  std::vector<TestDaemon::Pending> pending(3);
  daemon_.Execute({"SET", "k", "first"}, &pending[0]);
  daemon_.Execute({"SET", "k", "second"}, &pending[1]);
  daemon_.Execute({"SET", "m", "v"}, &pending[2]);
  tier().HoldWrites(false);
  EXPECT_EQ(ToString(TestDaemon::Await(&pending[0])), kUnstored);
  EXPECT_EQ(ToString(TestDaemon::Await(&pending[1])), "+OK");
  EXPECT_EQ(ToString(TestDaemon::Await(&pending[2])), "+OK");
  Cool();
  EXPECT_EQ(Text("MGET k m"), "[\"second\", \"v\"]");
}

TEST_F(TierWrites, WhatIsNotStoredYetStaysInRam) {
  tier().HoldWrites(true);
  TestDaemon::Pending pending;
  daemon_.Execute({"SET", "k", "v"}, &pending);
  client().dispatcher().CoolAll();
  EXPECT_EQ(Text("GET k"), "\"v\"");
  EXPECT_EQ(tier().loads(), 0u);
  tier().HoldWrites(false);
  EXPECT_EQ(ToString(TestDaemon::Await(&pending)), "+OK");
}

TEST_F(TierWrites, WatchSeesThatAWriteFailed) {
  CommandRunner watcher(daemon_.server());
  tier().HoldWrites(true);
  tier().FailWrites(1);
  TestDaemon::Pending pending;
  daemon_.Execute({"SET", "k", "v"}, &pending);
  watcher.Run("WATCH k");
  watcher.Run("MULTI");
  watcher.Run("SET seen yes");
  tier().HoldWrites(false);
  EXPECT_EQ(ToString(TestDaemon::Await(&pending)), kUnstored);
  const Reply reply = watcher.Run("EXEC");
  EXPECT_TRUE(reply.null_array) << ToString(reply);
  EXPECT_EQ(Text("EXISTS seen"), ":0");
}

// Who makes room in another shard writes two batches: the reply is about both.
TEST_F(TierWrites, AFailureIsToldAlsoWhenTheCommandHasMadeRoomElsewhere) {
  ASSERT_EQ(Text("NAMESPACE CREATE full max_entries 0 policy lru max_disk 1000000"), "+OK");
  ASSERT_EQ(Text("NAMESPACE USE full"), "+OK");
  ASSERT_GT(keyspace().shards(), 1u);
  const Key first = ResolveKey(keyspace(), "victim");
  std::string other = "a";
  while (ResolveKey(keyspace(), other).shard == first.shard) other += "a";
  ASSERT_EQ(ToString(client().Run({"SET", "victim", std::string(600'000, 'v')})), "+OK");
  tier().FailWrites(1);
  const Reply reply = client().Run({"SET", other, std::string(600'000, 'v')});
  EXPECT_EQ(Text("EXISTS victim"), ":0") << "it made room";
  EXPECT_EQ(Text("EXISTS " + other), ":0") << "its write failed";
  EXPECT_EQ(ToString(reply), kUnstored);
}

// --- refusal ---

TEST_F(TierWrites, AreRefusedBeforeTheyRunWithTheTextOfTheTier) {
  Text("MSET a 1 b 2 c 3");
  Text("NAMESPACE CREATE other prefix o:");
  tier().Drain();
  const uint64_t batches = tier().commits().settled();
  tier().Refuse("MISCONF the disk is full", "");
  daemon_.TakeEffects();
  for (const char* line : {"SET a 9", "APPEND a 9", "MSET new 1 a 9", "RPUSH l x", "COPY a d",
                           "SET o:k v", "HSET h f v", "INCR a"}) {
    EXPECT_EQ(Text(line), "-MISCONF the disk is full") << line;
  }
  EXPECT_TRUE(daemon_.TakeEffects().empty());
  EXPECT_EQ(tier().commits().settled(), batches);
  EXPECT_EQ(Text("GET a"), "\"1\"");
  EXPECT_EQ(Text("EXPIRE a 100"), ":1");
  EXPECT_EQ(Text("DEL b"), ":1");
  EXPECT_EQ(Text("RENAME a e"), "+OK");
  EXPECT_EQ(Text("FLUSHDB"), "+OK");
  tier().Refuse("", "");
  EXPECT_EQ(Text("SET a 9"), "+OK");
}

TEST_F(TierWrites, ThoseThatFreeRoomAreRefusedLessEasily) {
  Text("MSET a 1 b 2");
  tier().Refuse("full", "worse");
  for (const char* line : {"DEL a", "UNLINK a", "EXPIRE a 5", "PERSIST a", "FLUSHDB",
                           "NAMESPACE CLEAR", "GETDEL a", "RENAME a c"}) {
    EXPECT_EQ(Text(line), "-worse") << line;
  }
  EXPECT_EQ(Text("SET a 2"), "-full");
  EXPECT_EQ(Text("MGET a b"), "[\"1\", \"2\"]");
  EXPECT_EQ(Text("EXISTS a"), ":1");
}

TEST_F(TierWrites, FlushallIsRefusedLikeFlushdb) {
  Text("SET a 1");
  tier().Refuse("full", "worse");
  EXPECT_EQ(Text("FLUSHALL"), "-worse");
  EXPECT_EQ(Text("EXISTS a"), ":1");
}

TEST_F(TierWrites, InATransactionOnlyTheRefusedCommandFails) {
  Text("SET a 1");
  tier().Refuse("full", "");
  for (const char* line : {"MULTI", "GET a", "SET b 2", "DEL a"}) Text(line);
  EXPECT_EQ(Text("EXEC"), "[\"1\", -full, :1]");
}

// --- clients that wait for an element ---

TEST_F(TierWrites, WhoWaitsForAnElementIsAnsweredWhenItsPopIsStored) {
  CommandRunner waiter(daemon_.server());
  waiter.Run("BLPOP l 0");
  ASSERT_TRUE(waiter.waiting());
  tier().HoldWrites(true);
  TestDaemon::Pending pushed;
  daemon_.Execute({"RPUSH", "l", "a", "b"}, &pushed);
  // It is served, and what it is told waits.
  std::atomic<bool> released = false;
  std::thread release([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    released = true;
    tier().HoldWrites(false);
  });
  Reply reply;
  EXPECT_TRUE(waiter.Served(&reply));
  EXPECT_TRUE(released) << "answered before it was stored";
  release.join();
  EXPECT_EQ(ToString(reply), "[\"l\", \"a\"]");
  EXPECT_EQ(ToString(TestDaemon::Await(&pushed)), ":2");
  EXPECT_EQ(Text("LLEN l"), ":1");
}

TEST_F(TierWrites, WhoWaitsForAnElementIsToldWhenItsPopWasNotStored) {
  CommandRunner waiter(daemon_.server());
  waiter.Run("BLPOP none l 0");
  ASSERT_TRUE(waiter.waiting());
  tier().FailWrites(1);
  EXPECT_EQ(Text("RPUSH l a b"), kUnstored);
  Reply reply;
  ASSERT_TRUE(waiter.Served(&reply));
  EXPECT_EQ(ToString(reply), kUnstored);
  EXPECT_EQ(Text("EXISTS l"), ":0");
}

}  // namespace
}  // namespace replete
