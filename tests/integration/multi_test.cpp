// Transactions.

#include <string>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class MultiTest : public DaemonTest {
 protected:
  static Reply Queued() { return Status("QUEUED"); }
  // WATCH k, then `change` by somebody else, then a transaction: true when it ran.
  bool RunsAfter(const std::vector<std::vector<std::string>>& before,
                 const std::vector<std::vector<std::string>>& change) {
    Client watcher = Connect();
    Client other = Connect();
    other.Run("FLUSHALL");
    for (const auto& args : before) other.Run(args);
    EXPECT_EQ(watcher.Run("WATCH", "k"), Status("OK"));
    for (const auto& args : change) EXPECT_FALSE(other.Run(args).IsError()) << args[0];
    EXPECT_EQ(watcher.Run("MULTI"), Status("OK"));
    EXPECT_EQ(watcher.Run("SET", "ran", "1"), Queued());
    const Reply reply = watcher.Run("EXEC");
    EXPECT_EQ(other.Run("EXISTS", "ran"), Int(reply == Nil() ? 0 : 1));
    return reply == Array({Status("OK")});
  }
};

TEST_F(MultiTest, ExecRunsWhatWasQueued) {
  Client client = Connect();
  EXPECT_EQ(client.Run("MULTI"), Status("OK"));
  EXPECT_EQ(client.Run("SET", "a", "1"), Queued());
  EXPECT_EQ(client.Run("LPUSH", "a", "x"), Queued());
  EXPECT_EQ(client.Run("INCR", "a"), Queued());
  EXPECT_EQ(client.Run("MGET", "a", "none"), Queued());
  EXPECT_EQ(Connect().Run("EXISTS", "a"), Int(0));
  // An error while it runs does not undo the rest.
  EXPECT_EQ(client.Run("EXEC"),
            Array({Status("OK"),
                   Error("WRONGTYPE Operation against a key holding the wrong kind of value"),
                   Int(2), Array({Bulk("2"), Nil()})}));
  EXPECT_EQ(client.Run("EXEC"), Error("ERR EXEC without MULTI"));
}

TEST_F(MultiTest, AnEmptyTransactionIsAnEmptyArray) {
  Client client = Connect();
  client.Run("MULTI");
  EXPECT_EQ(client.Run("EXEC"), Array({}));
}

TEST_F(MultiTest, ARefusedCommandAbortsAll) {
  Client client = Connect();
  const Reply aborted = Error("EXECABORT Transaction discarded because of previous errors.");
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{"GET"}, {"nosuch"}, {"SET", "a"}}) {
    client.Run("MULTI");
    EXPECT_EQ(client.Run("SET", "a", "1"), Queued());
    EXPECT_TRUE(client.Run(bad).IsError());
    EXPECT_EQ(client.Run("SET", "b", "1"), Queued());
    EXPECT_EQ(client.Run("EXEC"), aborted);
    EXPECT_EQ(client.Run("EXISTS", "a", "b"), Int(0));
  }
}

TEST_F(MultiTest, DiscardForgetsQueueAndWatch) {
  Client client = Connect();
  Client other = Connect();
  client.Run("WATCH", "k");
  client.Run("MULTI");
  client.Run("SET", "a", "1");
  EXPECT_EQ(client.Run("DISCARD"), Status("OK"));
  EXPECT_EQ(client.Run("DISCARD"), Error("ERR DISCARD without MULTI"));
  other.Run("SET", "k", "v");
  client.Run("MULTI");
  client.Run("GET", "a");
  EXPECT_EQ(client.Run("EXEC"), Array({Nil()}));
}

TEST_F(MultiTest, NestedMultiAndWatchInsideAreErrorsButAbortNothing) {
  Client client = Connect();
  client.Run("MULTI");
  EXPECT_EQ(client.Run("MULTI"), Error("ERR MULTI calls can not be nested"));
  EXPECT_EQ(client.Run("WATCH", "k"), Error("ERR WATCH inside MULTI is not allowed"));
  client.Run("SET", "a", "1");
  EXPECT_EQ(client.Run("EXEC"), Array({Status("OK")}));
}

TEST_F(MultiTest, WatchSeesEveryKindOfChange) {
  EXPECT_TRUE(RunsAfter({}, {}));
  EXPECT_TRUE(RunsAfter({{"SET", "k", "v"}}, {{"SET", "other", "v"}, {"GET", "k"}, {"TTL", "k"}}));
  EXPECT_FALSE(RunsAfter({}, {{"SET", "k", "v"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "k", "v"}}, {{"SET", "k", "v"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "k", "v"}}, {{"APPEND", "k", "w"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "k", "v"}}, {{"EXPIRE", "k", "1000"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "k", "v"}}, {{"DEL", "k"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "k", "v"}}, {{"UNLINK", "k"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "k", "v"}}, {{"RENAME", "k", "l"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "l", "v"}}, {{"RENAME", "l", "k"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "l", "v"}}, {{"COPY", "l", "k"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "k", "v"}}, {{"FLUSHDB"}}));
  EXPECT_FALSE(RunsAfter({{"SET", "k", "v"}}, {{"FLUSHALL"}}));
  EXPECT_TRUE(RunsAfter({}, {{"FLUSHALL"}}));
  EXPECT_FALSE(RunsAfter({{"LPUSH", "k", "v"}}, {{"RPOP", "k"}}));
  EXPECT_FALSE(RunsAfter({{"HSET", "k", "f", "v"}}, {{"HDEL", "k", "f"}}));
  EXPECT_TRUE(RunsAfter({{"HSET", "k", "f", "v"}}, {{"HDEL", "k", "none"}}));
  EXPECT_TRUE(RunsAfter({{"SET", "k", "v"}}, {{"SET", "k", "v", "NX"}, {"DEL", "none"}}));
  EXPECT_FALSE(RunsAfter({}, {{"SET", "k", "v"}, {"DEL", "k"}}));
  EXPECT_TRUE(
      RunsAfter({{"SET", "k", "v"}}, {{"SELECT", "1"}, {"SET", "k", "v"}, {"SELECT", "0"}}));
}

TEST_F(MultiTest, UnwatchForgets) {
  Client client = Connect();
  client.Run("WATCH", "k");
  EXPECT_EQ(client.Run("UNWATCH"), Status("OK"));
  Connect().Run("SET", "k", "v");
  client.Run("MULTI");
  EXPECT_EQ(client.Run("EXEC"), Array({}));
}

// redis/redis #9068, PR 9194, PR 7920.
TEST_F(MultiTest, AbortsWhenAWatchedKeyExpiresAfterWatch) {
  Client client = Connect();
  Client other = Connect();
  client.Run("SET", "k", "v", "PX", "300");
  client.Run("WATCH", "k");
  if (other.Run("EXISTS", "k") == Int(0)) GTEST_SKIP() << "the machine was too slow for this one";
  ASSERT_TRUE(Eventually([&] { return other.Run("EXISTS", "k") == Int(0); }));
  client.Run("MULTI");
  client.Run("PING");
  EXPECT_EQ(client.Run("EXEC"), Nil());
}

TEST_F(MultiTest, RunsWhenTheKeyHadExpiredBeforeWatch) {
  Client client = Connect();
  client.Run("SET", "k", "v", "PX", "1");
  ASSERT_TRUE(Eventually([&] { return client.Run("PTTL", "k") == Int(-2); }));
  client.Run("WATCH", "k");
  // Sweeping it away later is no change.
  ASSERT_TRUE(Eventually([&] { return client.Run("DBSIZE") == Int(0); }));
  client.Run("MULTI");
  client.Run("PING");
  EXPECT_EQ(client.Run("EXEC"), Array({Status("PONG")}));
}

TEST_F(MultiTest, AnAbortedExecIsANullArray) {
  for (const int protocol : {2, 3}) {
    Connection connection = Raw(protocol);
    connection.Ask({"WATCH", "k"});
    Connect().Run("SET", "k", "v");
    connection.Ask({"MULTI"});
    EXPECT_EQ(connection.Ask({"EXEC"}), protocol == 2 ? NilArray() : Null());
  }
}

TEST_F(MultiTest, AConnectionThatEndsLeavesNothing) {
  {
    Connection connection = Raw();
    connection.Ask({"WATCH", "k"});
    connection.Ask({"MULTI"});
    EXPECT_EQ(connection.Ask({"SET", "k", "v"}), Queued());
  }
  EXPECT_EQ(Connect().Run("EXISTS", "k"), Int(0));
}

// What a queued SELECT means has to be known before the locks are taken.
TEST_F(MultiTest, ASelectThatFailsChangesNothing) {
  Client client = Connect();
  for (const char* where : {"01", "16", "-1", "x y", "99999999999999999999"}) {
    client.Run("MULTI");
    client.Run("SELECT", where);
    client.Run("SET", "k", where);
    const Reply reply = client.Run("EXEC");
    ASSERT_EQ(reply.elements.size(), 2U) << ToString(reply);
    EXPECT_TRUE(reply.elements[0].IsError()) << where;
    EXPECT_EQ(reply.elements[1], Status("OK")) << where;
    EXPECT_EQ(client.Run("GET", "k"), Bulk(where));
  }
}

TEST_F(MultiTest, SelectAndFlushInside) {
  Client client = Connect();
  client.Run("SET", "k", "zero");
  client.Run("MULTI");
  client.Run("SELECT", "1");
  client.Run("SET", "k", "one");
  client.Run("FLUSHDB");
  client.Run("DBSIZE");
  EXPECT_EQ(client.Run("EXEC"), Array({Status("OK"), Status("OK"), Status("OK"), Int(0)}));
  EXPECT_EQ(client.Run("GET", "k"), Nil());
  client.Run("SELECT", "0");
  EXPECT_EQ(client.Run("GET", "k"), Bulk("zero"));
}

TEST_F(MultiTest, ATransactionSeesItsOwnChanges) {
  Client client = Connect();
  client.Run("MULTI");
  client.Run("MSET", "a", "1", "b", "2");
  client.Run("DBSIZE");
  client.Run("KEYS", "b");
  client.Run("DEL", "a");
  client.Run("DBSIZE");
  client.Run("EXPIRE", "b", "-1");
  client.Run("EXISTS", "a", "b");
  EXPECT_EQ(client.Run("EXEC"),
            Array({Status("OK"), Int(2), Array({Bulk("b")}), Int(1), Int(1), Int(1), Int(0)}));
}

TEST_F(MultiTest, ALongQueueInOnePipeline) {
  Connection connection = Raw();
  constexpr int kCommands = 20000;
  std::string bytes = Encode({"MULTI"});
  for (int i = 0; i < kCommands; ++i) bytes += Encode({"INCR", "n" + std::to_string(i % 7)});
  bytes += Encode({"EXEC"});
  ASSERT_TRUE(connection.Send(bytes));
  EXPECT_EQ(connection.Read(), Status("OK"));
  for (int i = 0; i < kCommands; ++i) ASSERT_EQ(connection.Read(), Queued());
  const auto exec = connection.Read();
  ASSERT_TRUE(exec);
  ASSERT_EQ(exec->elements.size(), static_cast<std::size_t>(kCommands));
  EXPECT_EQ(exec->elements.back(), Int((kCommands + 6 - (kCommands - 1) % 7) / 7));
}

}  // namespace
}  // namespace replete::test
