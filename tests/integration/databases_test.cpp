// SWAPDB, and what looks at whole keyspaces without locking all of them.

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class DatabasesTest : public DaemonTest {
 protected:
  Client ConnectTo(int database) {
    Client client = Connect();
    EXPECT_EQ(client.Run("SELECT", database), Status("OK"));
    return client;
  }
};

TEST_F(DatabasesTest, SwapExchangesKeysDeadlinesAndSizes) {
  Client zero = Connect();
  Client one = ConnectTo(1);
  zero.Run("MSET", "a", "0", "b", "0");
  zero.Run("PEXPIRE", "a", "100000000");
  one.Run("SET", "a", "1");
  ASSERT_EQ(zero.Run("SWAPDB", "0", "1"), Status("OK"));
  EXPECT_EQ(zero.Run("GET", "a"), Bulk("1")) << "a client stays in the database of its number";
  EXPECT_EQ(zero.Run("TTL", "a"), Int(-1));
  EXPECT_EQ(zero.Run("DBSIZE"), Int(1));
  EXPECT_EQ(one.Run("MGET", "a", "b"), Array({Bulk("0"), Bulk("0")}));
  EXPECT_GT(one.Run("PTTL", "a").Integer(), 99'000'000);
  EXPECT_EQ(one.Run("DBSIZE"), Int(2));
  EXPECT_NE(zero.Run("INFO", "keyspace").text.find("db1:keys=2,expires=1"), std::string::npos);
  one.Run("PEXPIRE", "b", "1");
  EXPECT_TRUE(Eventually([&] { return one.Run("DBSIZE") == Int(1); })) << "expiry went along";
}

TEST_F(DatabasesTest, SwapTouchesWatchedKeysOfBoth) {
  Client writer = Connect();
  for (const auto& [database, key, fails] : std::vector<std::tuple<int, const char*, bool>>{
           {0, "here", true}, {0, "there", true}, {1, "here", true}, {0, "nowhere", false}}) {
    writer.Run("FLUSHALL");
    writer.Run("SET", "here", "x");
    ConnectTo(1).Run("SET", "there", "x");
    Client client = ConnectTo(database);
    client.Run("WATCH", key);
    writer.Run("SWAPDB", "0", "1");
    client.Run("MULTI");
    client.Run("PING");
    EXPECT_EQ(client.Run("EXEC").null, fails) << database << ' ' << key;
  }
}

TEST_F(DatabasesTest, SwapWakesThoseWhoWaitForWhatComes) {
  Client writer = ConnectTo(1);
  Connection waiter = Raw();
  waiter.Send(Encode({"PING"}) + Encode({"BLPOP", "list", "0"}));
  ASSERT_EQ(waiter.Read(), Status("PONG"));
  writer.Run("RPUSH", "list", "x", "y");
  ASSERT_TRUE(Eventually([&] {
    return writer.Run("INFO", "clients").text.find("blocked_clients:1") != std::string::npos;
  }));
  ASSERT_EQ(writer.Run("SWAPDB", "0", "1"), Status("OK"));
  EXPECT_EQ(waiter.Read(), Array({Bulk("list"), Bulk("x")}));
  // In a transaction it is woken at the end.
  waiter.Send(Encode({"PING"}) + Encode({"BLPOP", "other", "0"}));
  ASSERT_EQ(waiter.Read(), Status("PONG"));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"MULTI"},
                                                {"RPUSH", "other", "1"},
                                                {"SWAPDB", "1", "0"},
                                                {"RPUSH", "other", "2"},
                                                {"EXEC"}}) {
    EXPECT_FALSE(writer.Run(words).IsError());
  }
  EXPECT_EQ(waiter.Read(), Array({Bulk("other"), Bulk("1")}));
}

TEST_F(DatabasesTest, ANamedNamespaceKeepsItsNumber) {
  REPLETE_ONLY();
  Client client = Connect();
  client.Run("NAMESPACE", "CREATE", "llm", "database", "3");
  EXPECT_EQ(client.Run("SWAPDB", "0", "3"),
            Error("ERR database 3 belongs to namespace 'llm' and cannot be swapped"));
  EXPECT_EQ(client.Run("SWAPDB", "0", "99"), Error("ERR DB index is out of range"));
}

TEST_F(DatabasesTest, ScanWithItsCursorsInATransaction) {
  Client client = Connect();
  for (int i = 0; i < 500; ++i) client.Run("SET", "k" + std::to_string(i), "x");
  std::set<std::string> seen;
  std::string cursor = "0";
  do {
    client.Run("MULTI");
    client.Run("SCAN", cursor, "COUNT", "7");
    client.Run("SET", "k0", "y");
    const Reply exec = client.Run("EXEC");
    ASSERT_EQ(exec.elements.size(), 2u);
    cursor = exec.elements[0].elements[0].text;
    for (const Reply& key : exec.elements[0].elements[1].elements) seen.insert(key.text);
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 500u);
}

TEST_F(DatabasesTest, ScanGivesWhatItsCountAsksForWhileThereIsMore) {
  REPLETE_ONLY();
  Client client = Connect();
  for (int i = 0; i < 200; ++i) client.Run("SET", "k" + std::to_string(i), "x");
  // Few keys in many shards: a step goes over several of them.
  EXPECT_GE(client.Run("SCAN", "0", "COUNT", "100").elements[1].elements.size(), 100u);
  const Reply all = client.Run("SCAN", "0", "COUNT", "1000");
  EXPECT_EQ(all.elements[0], Bulk("0"));
  EXPECT_EQ(all.elements[1].elements.size(), 200u);
}

}  // namespace
}  // namespace replete::test
