// Connections: HELLO, AUTH, RESET, QUIT, limits.

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class ClientsTest : public DaemonTest {
 protected:
  static Reply NoAuth() { return Error("NOAUTH Authentication required."); }
  static Reply WrongPass() {
    return Error("WRONGPASS invalid username-password pair or user is disabled.");
  }
  // What CLIENT LIST says of the connection with this id; empty when it is not there.
  static std::string LineOf(Client* client, const std::string& id) {
    const std::string list = client->Run("CLIENT", "LIST").text;
    const std::size_t at = list.find("id=" + id + " ");
    return at == std::string::npos ? "" : list.substr(at, list.find('\n', at) - at);
  }
};

TEST_F(ClientsTest, HelloChangesTheProtocolBothWays) {
  Connection connection = Raw();
  const Reply two = connection.Ask({"HELLO"}).value_or(Reply{});
  EXPECT_EQ(two.type, '*');
  EXPECT_EQ(FieldOf(two, "proto"), Int(2));
  EXPECT_EQ(FieldOf(two, "role"), Bulk("master"));
  EXPECT_EQ(FieldOf(two, "mode"), Bulk("standalone"));
  const Reply three = connection.Ask({"hello", "3"}).value_or(Reply{});
  EXPECT_EQ(three.type, '%');
  EXPECT_EQ(FieldOf(three, "proto"), Int(3));
  EXPECT_EQ(FieldOf(three, "id"), FieldOf(two, "id"));
  EXPECT_EQ(connection.Ask({"HELLO", "4"}), Error("NOPROTO unsupported protocol version"));
  EXPECT_EQ(connection.Ask({"HELLO", "x"}),
            Error("ERR Protocol version is not an integer or out of range"));
  EXPECT_EQ(connection.Ask({"HELLO", "2", "NOSUCH"}),
            Error("ERR Syntax error in HELLO option 'NOSUCH'"));
  EXPECT_EQ(connection.Ask({"GET", "none"}), Null()) << "a refused HELLO changes nothing";
  EXPECT_EQ(connection.Ask({"HELLO", "2"}).value_or(Reply{}).type, '*');
  EXPECT_EQ(connection.Ask({"GET", "none"}), Nil());
}

TEST_F(ClientsTest, APasswordIsAskedForBeforeAnything) {
  Start({"--requirepass", "secret"});
  Connection connection = Raw();
  EXPECT_EQ(connection.Ask({"GET", "k"}), NoAuth());
  EXPECT_EQ(connection.Ask({"PING"}), NoAuth());
  EXPECT_EQ(connection.Ask({"MULTI"}), NoAuth());
  EXPECT_EQ(connection.Ask({"HELLO", "3"}),
            Error("NOAUTH HELLO must be called with the client already authenticated, otherwise "
                  "the HELLO AUTH <user> <pass> option can be used to authenticate the client and "
                  "select the RESP protocol version at the same time"));
  EXPECT_EQ(connection.Ask({"AUTH", "wrong"}), WrongPass());
  EXPECT_EQ(connection.Ask({"AUTH", "nobody", "secret"}), WrongPass());
  EXPECT_EQ(connection.Ask({"AUTH", ""}), WrongPass());
  EXPECT_EQ(connection.Ask({"GET", "k"}), NoAuth());
  EXPECT_EQ(connection.Ask({"AUTH", "default", "secret"}), Status("OK"));
  EXPECT_EQ(connection.Ask({"GET", "k"}), Nil());
  EXPECT_EQ(connection.Ask({"RESET"}), Status("RESET"));
  EXPECT_EQ(connection.Ask({"GET", "k"}), NoAuth());
  const auto hello = connection.Ask({"HELLO", "3", "AUTH", "default", "secret"});
  ASSERT_TRUE(hello && hello->type == '%');
  EXPECT_EQ(connection.Ask({"GET", "k"}), Null());
}

TEST_F(ClientsTest, APasswordSetWhileRunningConcernsNewConnections) {
  Client old = Connect();
  EXPECT_TRUE(old.Run("AUTH", "x").IsError());
  EXPECT_EQ(old.Run("CONFIG", "SET", "requirepass", "secret"), Status("OK"));
  EXPECT_EQ(old.Run("PING"), Status("PONG"));
  Client later = Connect();
  EXPECT_EQ(later.Run("PING"), NoAuth());
  EXPECT_EQ(old.Run("CONFIG", "SET", "requirepass", ""), Status("OK"));
  EXPECT_EQ(Connect().Run("PING"), Status("PONG"));
}

TEST_F(ClientsTest, ResetForgetsTheSession) {
  Connection connection = Raw();
  Client other = Connect();
  const std::string id = connection.Ask({"CLIENT", "ID"}).value_or(Reply{}).text;
  connection.Ask({"HELLO", "3", "SETNAME", "me"});
  EXPECT_NE(LineOf(&other, id).find(" name=me "), std::string::npos);
  connection.Ask({"SELECT", "3"});
  connection.Ask({"SET", "k", "three"});
  connection.Ask({"WATCH", "k"});
  connection.Ask({"MULTI"});
  connection.Ask({"SET", "k", "queued"});
  EXPECT_EQ(connection.Ask({"RESET"}), Status("RESET"));
  EXPECT_EQ(connection.Ask({"GET", "k"}), Nil()) << "database 0, RESP2, no transaction";
  EXPECT_EQ(connection.Ask({"EXEC"}), Error("ERR EXEC without MULTI"));
  EXPECT_EQ(LineOf(&other, id).find(" name=me "), std::string::npos);
}

TEST_F(ClientsTest, IdsAreNeverUsedTwiceAndListKnowsThem) {
  Client client = Connect();
  std::set<std::string> ids;
  for (int i = 0; i < 50; ++i) {
    Client other = Connect();
    const std::string id = other.Run("CLIENT", "ID").text;
    EXPECT_TRUE(ids.insert(id).second) << id;
    other.Run("SELECT", "2");
    const std::string line = LineOf(&client, id);
    EXPECT_NE(line.find(" addr=127.0.0.1:"), std::string::npos) << line;
    EXPECT_NE(line.find(" db=2 "), std::string::npos) << line;
  }
  EXPECT_TRUE(Eventually([&] {
    const std::string list = client.Run("CLIENT", "LIST").text;
    return std::count(list.begin(), list.end(), '\n') == 1;
  }));
}

TEST_F(ClientsTest, QuitAnswersThenCloses) {
  Connection connection = Raw();
  connection.Send(Encode({"SET", "k", "v"}) + Encode({"QUIT"}) + Encode({"SET", "k", "after"}));
  EXPECT_EQ(connection.Read(), Status("OK"));
  EXPECT_EQ(connection.Read(), Status("OK"));
  EXPECT_TRUE(connection.ClosedByPeer());
  EXPECT_EQ(Connect().Run("GET", "k"), Bulk("v"));
}

TEST_F(ClientsTest, MaxclientsRefusesWithWordsAndFreesThePlaceAgain) {
  Start({"--maxclients", "5"});
  std::vector<Client> clients;
  // The connection that looked whether the daemon is up may still be counted.
  ASSERT_TRUE(Eventually([&] {
    Client one = Connect();
    if (one.Run("PING") == Status("PONG")) clients.push_back(std::move(one));
    return clients.size() == 5;
  }));
  Connection refused = Raw();
  EXPECT_EQ(refused.Read(), Error("ERR max number of clients reached"));
  EXPECT_TRUE(refused.ClosedByPeer());
  for (Client& client : clients) EXPECT_EQ(client.Run("PING"), Status("PONG"));
  clients.pop_back();
  EXPECT_TRUE(Eventually([&] { return Connect().Run("PING") == Status("PONG"); }));
}

TEST_F(ClientsTest, IdleConnectionsAreClosedButNotThoseThatWait) {
  Start({"--timeout", "1"});
  Connection subscriber = Raw();
  subscriber.Ask({"SUBSCRIBE", "a"});
  Connection waiter = Raw();
  waiter.Request({"BLPOP", "k", "0"});
  Connection idle = Raw();
  EXPECT_EQ(idle.Ask({"PING"}), Status("PONG"));
  EXPECT_TRUE(idle.ClosedByPeer());
  EXPECT_EQ(Connect().Run("PUBLISH", "a", "still here"), Int(1));
  Connect().Run("LPUSH", "k", "still here");
  EXPECT_EQ(waiter.Read(), Array({Bulk("k"), Bulk("still here")}));
}

TEST_F(ClientsTest, ManyConnectionsComeAndGo) {
  Client client = Connect();
  for (int round = 0; round < 5; ++round) {
    std::vector<Connection> many;
    for (int i = 0; i < 200; ++i) {
      many.push_back(Raw());
      ASSERT_TRUE(many.back().Request({"SET", "k" + std::to_string(i), "v"}));
    }
    for (Connection& connection : many) ASSERT_EQ(connection.Read(), Status("OK"));
    // Half of them leave in the middle of a request.
    for (std::size_t i = 0; i < many.size(); i += 2)
      many[i].Send("*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$9\r\nhalf");
  }
  EXPECT_EQ(client.Run("EXISTS", "x"), Int(0));
  EXPECT_EQ(client.Run("DBSIZE"), Int(200));
}

// A turn is bounded by time as well as by the number of requests: each of these costs much.
TEST_F(ClientsTest, ALongPipelineOfCostlyRequestsLetsOthersInBetween) {
  constexpr int kPairs = 400;
  Start({}, 1);
  Client busy = Connect();
  Client other = Connect();
  busy.Run("SET", "big", std::string(2'000'000, 'v'));
  // So that the server reads what follows in one piece.
  for (int i = 0; i < 20'000; ++i) busy.Append({"PING"});
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(busy.Next(), Status("PONG"));
  for (int i = 0; i < kPairs; ++i) {
    busy.Append({"COPY", "big", "copy", "REPLACE"});
    busy.Append({"INCR", "n"});
  }
  std::thread writer([&] {
    for (int i = 0; i < kPairs; ++i) {
      EXPECT_EQ(busy.Next(), Int(1));
      EXPECT_EQ(busy.Next(), Int(i + 1));
    }
  });
  std::set<std::string> between;
  for (std::string seen; seen != std::to_string(kPairs);) {
    seen = other.Run("GET", "n").text;
    between.insert(seen);
  }
  writer.join();
  EXPECT_GE(between.size(), 6U);
}

}  // namespace
}  // namespace replete::test
