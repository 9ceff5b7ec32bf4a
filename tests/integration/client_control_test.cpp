// What one client does to another, or to itself: CLIENT KILL, UNBLOCK, PAUSE, REPLY; MONITOR;
// SHUTDOWN. The tests hold against redis-server as well.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class ClientControlTest : public DaemonTest {
 protected:
  static std::string IdOf(Connection& connection) {
    return connection.Ask({"CLIENT", "ID"}).value_or(Reply{}).text;
  }
  // The value behind name= in the line that CLIENT LIST has of the client.
  std::string FieldOfClient(const std::string& id, const std::string& name) {
    const std::string line = Connect().Run("CLIENT", "LIST", "ID", id).text;
    const std::size_t at = line.find(" " + name + "=");
    if (at == std::string::npos) return "(none)";
    const std::size_t start = at + name.size() + 2;
    return line.substr(start, line.find_first_of(" \n", start) - start);
  }
  std::string BlockedClients() {
    const std::string text = Connect().Run("INFO", "clients").text;
    const std::string name = "blocked_clients:";
    const std::size_t start = text.find(name) + name.size();
    return text.substr(start, text.find("\r", start) - start);
  }
  bool Blocks(const std::string& id) {
    return Eventually([&] { return FieldOfClient(id, "flags") == "b"; });
  }
};

TEST_F(ClientControlTest, KillByIdAddressAndType) {
  Client client = Connect();
  Connection by_id = Raw();
  Connection by_address = Raw();
  Connection subscriber = Raw(3);
  subscriber.Ask({"SUBSCRIBE", "a"});
  EXPECT_EQ(client.Run("CLIENT", "KILL", "ID", IdOf(by_id)), Int(1));
  EXPECT_TRUE(by_id.ClosedByPeer());
  const std::string address = FieldOfClient(IdOf(by_address), "addr");
  EXPECT_EQ(client.Run("CLIENT", "KILL", "ADDR", address, "TYPE", "pubsub"), Int(0));
  EXPECT_EQ(client.Run("CLIENT", "KILL", address), Status("OK"));
  EXPECT_TRUE(by_address.ClosedByPeer());
  EXPECT_EQ(client.Run("CLIENT", "KILL", address), Error("ERR No such client"));
  EXPECT_EQ(client.Run("CLIENT", "KILL", "TYPE", "pubsub"), Int(1));
  EXPECT_TRUE(subscriber.ClosedByPeer());
  EXPECT_EQ(client.Run("PUBLISH", "a", "x"), Int(0));
}

TEST_F(ClientControlTest, WhoWasKilledIsListedNoMore) {
  Client client = Connect();
  std::vector<Connection> others;
  for (int i = 0; i < 20; ++i) others.push_back(Raw());
  for (Connection& other : others) other.Ask({"PING"});
  EXPECT_EQ(client.Run("CLIENT", "KILL", "SKIPME", "yes"), Int(20));
  EXPECT_EQ(client.Run("CLIENT", "LIST").text.find('\n'),
            client.Run("CLIENT", "LIST").text.size() - 1)
      << "one line";
  for (Connection& other : others) EXPECT_TRUE(other.ClosedByPeer());
}

TEST_F(ClientControlTest, WhoKillsItselfGetsTheReply) {
  Connection connection = Raw();
  EXPECT_EQ(connection.Ask({"CLIENT", "KILL", "ID", IdOf(connection), "SKIPME", "no"}), Int(1));
  EXPECT_TRUE(connection.ClosedByPeer());
}

TEST_F(ClientControlTest, AKilledClientWaitsForNothing) {
  Client client = Connect();
  Connection waiter = Raw();
  const std::string id = IdOf(waiter);
  waiter.Request({"BLPOP", "list", "0"});
  ASSERT_TRUE(Blocks(id));
  EXPECT_EQ(client.Run("CLIENT", "KILL", "ID", id), Int(1));
  EXPECT_TRUE(waiter.ClosedByPeer());
  EXPECT_EQ(client.Run("LPUSH", "list", "x"), Int(1));
  EXPECT_EQ(client.Run("LLEN", "list"), Int(1));
}

TEST_F(ClientControlTest, KillRefusesWhatMeansNothing) {
  Client client = Connect();
  EXPECT_EQ(client.Run("CLIENT", "KILL", "ID", "0"),
            Error("ERR client-id should be greater than 0"));
  EXPECT_EQ(client.Run("CLIENT", "KILL", "TYPE", "nosuch"),
            Error("ERR Unknown client type 'nosuch'"));
  EXPECT_EQ(client.Run("CLIENT", "KILL", "USER", "nobody"), Error("ERR No such user 'nobody'"));
  EXPECT_EQ(client.Run("CLIENT", "KILL", "ID", "1", "ADDR"), Error("ERR syntax error"));
  EXPECT_EQ(client.Run("CLIENT", "KILL", "SKIPME", "perhaps"), Error("ERR syntax error"));
}

TEST_F(ClientControlTest, UnblockEndsAWait) {
  Client client = Connect();
  Connection waiter = Raw();
  const std::string id = IdOf(waiter);
  EXPECT_EQ(client.Run("CLIENT", "UNBLOCK", id), Int(0)) << "it does not wait";
  EXPECT_EQ(client.Run("CLIENT", "UNBLOCK", "1000000"), Int(0));
  waiter.Request({"BLPOP", "list", "other", "0"});
  ASSERT_TRUE(Blocks(id));
  EXPECT_EQ(client.Run("CLIENT", "UNBLOCK", id), Int(1));
  EXPECT_EQ(waiter.Read(), NilArray());
  waiter.Request({"BRPOP", "list", "0"});
  ASSERT_TRUE(Blocks(id));
  EXPECT_EQ(client.Run("CLIENT", "UNBLOCK", id, "ERROR"), Int(1));
  EXPECT_EQ(waiter.Read(), Error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
  // It stands nowhere any more.
  EXPECT_EQ(client.Run("LPUSH", "list", "x"), Int(1));
  EXPECT_EQ(client.Run("LLEN", "list"), Int(1));
  EXPECT_EQ(waiter.Ask({"PING"}), Status("PONG"));
  EXPECT_EQ(client.Run("CLIENT", "UNBLOCK", id, "SOON"),
            Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
}

TEST_F(ClientControlTest, WaitForReplicasThatAreNotThere) {
  Client client = Connect();
  EXPECT_EQ(client.Run("WAIT", "0", "0"), Int(0));
  EXPECT_EQ(client.Run("WAIT", "1", "20"), Int(0));
  EXPECT_EQ(client.Run("WAIT", "1", "-1"), Error("ERR timeout is negative"));
  Connection waiter = Raw();
  const std::string id = IdOf(waiter);
  waiter.Request({"WAIT", "3", "0"});
  ASSERT_TRUE(Blocks(id));
  EXPECT_EQ(client.Run("CLIENT", "UNBLOCK", id), Int(1));
  EXPECT_EQ(waiter.Read(), Int(0));
}

TEST_F(ClientControlTest, WaitAofAsALonePrimaryWithoutFiles) {
  REPLETE_ONLY();
  Client client = Connect();
  EXPECT_EQ(client.Run("WAITAOF", "0", "0", "0"), Array({Int(0), Int(0)}));
  EXPECT_EQ(client.Run("WAITAOF", "0", "1", "10"), Array({Int(0), Int(0)}));
  EXPECT_EQ(client.Run("WAITAOF", "1", "0", "0"),
            Error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."));
  EXPECT_EQ(client.Run("WAITAOF", "2", "0", "0"),
            Error("ERR value is out of range, must be between 0 and 1"));
}

TEST_F(ClientControlTest, APauseOfWritesLetsReadersThrough) {
  Client client = Connect();
  client.Run("SET", "k", "before");
  EXPECT_EQ(client.Run("CLIENT", "PAUSE", "100000", "WRITE"), Status("OK"));
  Connection writer = Raw();
  writer.Request({"SET", "k", "after"});
  Connection transaction = Raw();
  transaction.Ask({"MULTI"});
  transaction.Ask({"GET", "k"});
  EXPECT_EQ(transaction.Ask({"EXEC"}), Array({Bulk("before")})) << "it only reads";
  EXPECT_EQ(client.Run("GET", "k"), Bulk("before"));
  Connection publisher = Raw();
  publisher.Request({"PUBLISH", "a", "x"});
  EXPECT_FALSE(writer.Read(std::chrono::milliseconds(30)));
  EXPECT_FALSE(publisher.Read(std::chrono::milliseconds(1)));
  EXPECT_EQ(BlockedClients(), "2");
  EXPECT_EQ(client.Run("CLIENT", "UNPAUSE"), Status("OK"));
  EXPECT_EQ(writer.Read(), Status("OK"));
  EXPECT_EQ(publisher.Read(), Int(0));
  EXPECT_EQ(BlockedClients(), "0");
  EXPECT_EQ(client.Run("GET", "k"), Bulk("after"));
}

TEST_F(ClientControlTest, APauseOfAllEndsByItself) {
  Client client = Connect();
  EXPECT_EQ(client.Run("CLIENT", "PAUSE", "50"), Status("OK"));
  // Requests behind it are answered in order.
  Connection other = Raw();
  other.Send(Encode({"PING"}) + Encode({"SET", "k", std::string(1 << 20, 'v')}) +
             Encode({"STRLEN", "k"}));
  EXPECT_EQ(other.Read(), Status("PONG"));
  EXPECT_EQ(other.Read(), Status("OK"));
  EXPECT_EQ(other.Read(), Int(1 << 20));
  EXPECT_EQ(client.Run("CLIENT", "PAUSE", "-1"), Error("ERR timeout is negative"));
  EXPECT_EQ(client.Run("CLIENT", "PAUSE", "x"),
            Error("ERR timeout is not an integer or out of range"));
  EXPECT_EQ(client.Run("CLIENT", "PAUSE", "1", "SOME"),
            Error("ERR CLIENT PAUSE mode must be WRITE or ALL"));
}

TEST_F(ClientControlTest, WhoLeavesDuringAPauseIsForgotten) {
  Client client = Connect();
  client.Run("CLIENT", "PAUSE", "60000", "WRITE");
  {
    Connection gone = Raw();
    gone.Request({"SET", "k", "v"});
    gone.Request({"SET", "k", "v"});
  }
  client.Run("CLIENT", "UNPAUSE");
  EXPECT_EQ(client.Run("SET", "other", "v"), Status("OK"));
}

TEST_F(ClientControlTest, RepliesThatAreNotWanted) {
  Connection connection = Raw();
  const auto send = [&](const std::vector<std::string>& words) { connection.Send(Encode(words)); };
  send({"CLIENT", "REPLY", "SKIP"});
  send({"SET", "a", "1"});
  send({"GET", "a"});
  EXPECT_EQ(connection.Read(), Bulk("1"));
  send({"CLIENT", "REPLY", "OFF"});
  send({"SET", "a", "2"});
  send({"NOSUCH"});
  send({"GET"});
  send({"CLIENT", "REPLY", "SKIP"});
  send({"PING"});
  send({"CLIENT", "REPLY", "ON"});
  EXPECT_EQ(connection.Read(), Status("OK"));
  EXPECT_EQ(connection.Ask({"GET", "a"}), Bulk("2"));
  EXPECT_EQ(connection.Ask({"CLIENT", "REPLY", "MAYBE"}), Error("ERR syntax error"));
  // One that waits is skipped as well.
  send({"CLIENT", "REPLY", "SKIP"});
  send({"BLPOP", "none", "0.01"});
  EXPECT_EQ(connection.Ask({"PING"}), Status("PONG"));
  send({"CLIENT", "REPLY", "SKIP"});
  send({"NOSUCH"});
  EXPECT_EQ(connection.Ask({"PING"}), Status("PONG"));
}

TEST_F(ClientControlTest, WhatIsNotTouchedIsEvictedFirst) {
  REPLETE_ONLY();
  if (HasTier()) GTEST_SKIP() << "the order of eviction is that of the memory engine";
  Client client = Connect();
  client.Run("NAMESPACE", "CREATE", "lru", "MAX_ENTRIES", "2", "DEFAULT_TTL", "0");
  client.Run("NAMESPACE", "USE", "lru");
  client.Run("SET", "old", "v");
  client.Run("SET", "new", "v");
  EXPECT_EQ(client.Run("CLIENT", "NO-TOUCH", "ON"), Status("OK"));
  EXPECT_EQ(client.Run("GET", "old"), Bulk("v"));
  EXPECT_EQ(client.Run("CLIENT", "NO-TOUCH", "OFF"), Status("OK"));
  client.Run("SET", "newest", "v");
  EXPECT_EQ(client.Run("EXISTS", "old"), Int(0));
  EXPECT_EQ(client.Run("EXISTS", "new"), Int(1));
  EXPECT_EQ(client.Run("CLIENT", "NO-TOUCH", "PERHAPS"), Error("ERR syntax error"));
}

TEST_F(ClientControlTest, MonitorShowsWhatOthersAsk) {
  Client client = Connect();
  Connection monitor = Raw();
  EXPECT_EQ(monitor.Ask({"MONITOR"}), Status("OK"));
  client.Run("SET", "k\"\\\n\x01", "v");
  client.Run("CONFIG", "GET", "maxmemory");
  client.Run("AUTH", "default", "not-shown");
  client.Run("NOSUCH", "x");
  client.Append({"MULTI"});
  client.Append({"GET", "k"});
  client.Append({"EXEC"});
  for (int i = 0; i < 3; ++i) client.Next();
  client.Run("ECHO", "last");
  std::vector<std::string> shown;
  while (shown.empty() || shown.back() != "\"ECHO\" \"last\"") {
    const auto line = monitor.Read();
    ASSERT_TRUE(line && line->type == '+') << ToString(line.value_or(Reply{}));
    const std::size_t at = line->text.find("] ");
    ASSERT_NE(at, std::string::npos) << line->text;
    EXPECT_NE(line->text.find(" [0 127.0.0.1:"), std::string::npos) << line->text;
    shown.push_back(line->text.substr(at + 2));
  }
  const auto first = std::find(shown.begin(), shown.end(), R"("SET" "k\"\\\n\x01" "v")");
  ASSERT_NE(first, shown.end());
  const std::vector<std::string> others(first + 1, shown.end());
  EXPECT_EQ(others,
            (std::vector<std::string>{"\"AUTH\" \"(redacted)\" \"(redacted)\"", R"("MULTI")",
                                      R"("GET" "k")", R"("EXEC")", R"("ECHO" "last")"}));
  monitor.Send(Encode({"RESET"}));
  while (monitor.Read() != Status("RESET")) {
  }
  client.Run("SET", "k", "v");
  EXPECT_EQ(monitor.Ask({"PING"}), Status("PONG")) << "it monitors no more";
}

TEST_F(ClientControlTest, AMonitorThatDoesNotReadIsCut) {
  REPLETE_ONLY();  // which keeps everything for it, as a limit on normal clients is 0
  Client client = Connect();
  client.Run("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0");
  Connection monitor = Raw();
  const std::string id = IdOf(monitor);
  monitor.Ask({"MONITOR"});
  EXPECT_EQ(FieldOfClient(id, "flags"), "O");
  const std::string big(200'000, 'x');
  EXPECT_TRUE(Eventually([&] {
    client.Run("ECHO", big);
    return FieldOfClient(id, "flags") == "(none)";
  }));
}

TEST_F(ClientControlTest, AMonitorThatLeavesIsForgotten) {
  Client client = Connect();
  {
    Connection monitor = Raw();
    monitor.Ask({"MONITOR"});
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.Run("PING"), Status("PONG"));
}

TEST_F(ClientControlTest, DebugIsForWhoMayReachBeyondTheDaemon) {
  REPLETE_ONLY();
  EXPECT_TRUE(
      Connect().Run("DEBUG", "SLEEP", "0").text.starts_with("ERR DEBUG command not allowed"));
  Daemon& daemon = Start({"--enable-protected-configs", "local"});
  Connection connection = Raw(3);
  EXPECT_EQ(connection.Ask({"DEBUG", "SLEEP", "0.01"}), Status("OK"));
  EXPECT_EQ(connection.Ask({"DEBUG", "ERROR", "MINE of a kind"}), Error("MINE of a kind"));
  EXPECT_EQ(connection.Ask({"DEBUG", "PROTOCOL", "double"}), (Reply{',', false, "3.141", {}}));
  EXPECT_EQ(connection.Ask({"DEBUG", "PROTOCOL", "true"}), (Reply{'#', false, "t", {}}));
  EXPECT_EQ(connection.Ask({"DEBUG", "PROTOCOL", "set"}), Array({Int(0), Int(1), Int(2)}, '~'));
  Client client = Connect();
  client.Run("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  client.Run("SET", "k", "v", "PX", "1");
  EXPECT_TRUE(Eventually([&] { return client.Run("PTTL", "k") == Int(-2); }));
  EXPECT_EQ(client.Run("DBSIZE"), Int(1)) << "nobody took it out";
  client.Run("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE") == Int(0); }));
  // Who sleeps holds nobody up, not even the end.
  const std::string id = IdOf(connection);
  connection.Request({"DEBUG", "SLEEP", "100000"});
  ASSERT_TRUE(Blocks(id));
  EXPECT_EQ(client.Run("PING"), Status("PONG"));
  EXPECT_EQ(daemon.Stop(), 0);
}

TEST_F(ClientControlTest, MemoryIsToldAndGivenBack) {
  REPLETE_ONLY();
  Client client = Connect();
  client.Run("SET", "k", std::string(1 << 20, 'v'));
  Connection connection = Raw(3);
  const Reply stats = connection.Ask({"MEMORY", "STATS"}).value_or(Reply{});
  EXPECT_EQ(FieldOf(stats, "keys.count"), Int(1));
  if (!HasTier()) {
    EXPECT_GT(FieldOf(stats, "dataset.bytes").Integer(), 1 << 20);
    EXPECT_GT(FieldOf(stats, "db.0").Integer(), 1 << 20);
  }
  EXPECT_GT(FieldOf(stats, "clients.normal").Integer(), 0);
  EXPECT_EQ(client.Run("MEMORY", "DOCTOR"), Bulk("No problem was found.\n"));
  EXPECT_EQ(client.Run("MEMORY", "PURGE"), Status("OK"));
  EXPECT_NE(client.Run("MEMORY", "MALLOC-STATS").text, "");
}

TEST_F(ClientControlTest, ShutdownEndsTheDaemonWithStatusZero) {
  Daemon& daemon = Start();
  Connection connection = Raw();
  EXPECT_EQ(connection.Ask({"SHUTDOWN", "NOSAVE", "SAVE"}), Error("ERR syntax error"));
  EXPECT_EQ(connection.Ask({"SHUTDOWN", "ABORT"}), Error("ERR No shutdown in progress."));
  connection.Send(Encode({"SHUTDOWN", "NOSAVE"}));
  EXPECT_TRUE(connection.ClosedByPeer());
  EXPECT_TRUE(daemon.EndsByItself());
  EXPECT_EQ(daemon.Stop(), 0);
}

}  // namespace
}  // namespace replete::test
