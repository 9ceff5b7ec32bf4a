// BLPOP, as the witness of everything that waits.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class BlockingTest : public DaemonTest {
 protected:
  // A client that waits in BLPOP: the PING before it is answered, so it has been seen.
  Connection Waiter(const std::vector<std::string>& blpop, int protocol = 2) {
    Connection connection = Raw(protocol);
    connection.Send(Encode({"PING"}) + Encode(blpop));
    EXPECT_EQ(connection.Read(), Status("PONG")) << "replies before BLPOP are held back";
    return connection;
  }
  static Reply Popped(const char* key, const char* element) {
    return Array({Bulk(key), Bulk(element)});
  }
};

TEST_F(BlockingTest, DataThatIsThereIsTakenAtOnce) {
  Client client = Connect();
  client.Run("LPUSH", "b", "x");
  client.Run("LPUSH", "a", "1", "2");
  EXPECT_EQ(client.Run("BLPOP", "none", "a", "b", "0"), Popped("a", "2"));
  EXPECT_EQ(client.Run("BLPOP", "none", "a", "b", "0"), Popped("a", "1"));
  EXPECT_EQ(client.Run("BLPOP", "none", "a", "b", "0"), Popped("b", "x"));
  EXPECT_EQ(client.Run("DBSIZE"), Int(0));
}

// redis/redis #11687; taskforcesh/bullmq #2466.
TEST_F(BlockingTest, ShortTimeoutsEndAndAreNotRoundedToForEver) {
  for (const char* timeout : {"0.001", "0.0001", "0.01", "0.0000001", "1e-3"}) {
    for (const int protocol : {2, 3}) {
      Connection connection = Raw(protocol);
      EXPECT_EQ(connection.Ask({"BLPOP", "none", timeout}), protocol == 2 ? NilArray() : Null())
          << timeout;
      EXPECT_EQ(connection.Ask({"PING"}), Status("PONG"));
    }
  }
}

// What came while it waited is more than one turn, and nothing else happens on its loop meanwhile.
TEST_F(BlockingTest, AllThatWasSentMeanwhileIsServedAfterwards) {
  constexpr int kPings = 20'000;
  Connection connection = Waiter({"BLPOP", "list", "0"});
  std::string pings;
  for (int i = 0; i < kPings; ++i) pings += "PING\r\n";
  connection.Send(pings);
  Connect().Run("LPUSH", "list", "x");
  EXPECT_EQ(connection.Read(), Popped("list", "x"));
  for (int i = 0; i < kPings; ++i) ASSERT_EQ(connection.Read(), Status("PONG")) << i;
}

TEST_F(BlockingTest, BadTimeouts) {
  Client client = Connect();
  EXPECT_EQ(client.Run("BLPOP", "k", "abc"), Error("ERR timeout is not a float or out of range"));
  EXPECT_EQ(client.Run("BLPOP", "k", "-1"), Error("ERR timeout is negative"));
  EXPECT_TRUE(client.Run("BLPOP", "k", "1e20").IsError());
}

TEST_F(BlockingTest, WaitersAreServedInTheOrderTheyCame) {
  std::vector<Connection> waiters;
  for (int i = 0; i < 10; ++i) waiters.push_back(Waiter({"BLPOP", "k", "0"}));
  Client client = Connect();
  for (int i = 0; i < 10; ++i) {
    const std::string element = std::to_string(i);
    EXPECT_EQ(client.Run("LPUSH", "k", element), Int(1));
    EXPECT_EQ(waiters[static_cast<std::size_t>(i)].Read(), Popped("k", element.c_str()));
  }
  EXPECT_EQ(client.Run("EXISTS", "k"), Int(0));
}

TEST_F(BlockingTest, OnePushOfManyServesMany) {
  Connection first = Waiter({"BLPOP", "k", "0"});
  Connection second = Waiter({"BLPOP", "other", "k", "0"});
  Client client = Connect();
  EXPECT_EQ(client.Run("LPUSH", "k", "a", "b", "c"), Int(3));
  EXPECT_EQ(first.Read(), Popped("k", "c"));
  EXPECT_EQ(second.Read(), Popped("k", "b"));
  EXPECT_EQ(client.Run("RPOP", "k", "5"), Array({Bulk("a")}));
}

// dragonflydb/dragonfly #6738.
TEST_F(BlockingTest, APushInATransactionWakes) {
  Connection waiter = Waiter({"BLPOP", "k", "0"});
  Client client = Connect();
  client.Run("MULTI");
  client.Run("LPUSH", "k", "a");
  client.Run("LPUSH", "k", "b");
  EXPECT_EQ(client.Run("EXEC"), Array({Int(1), Int(2)}));
  EXPECT_EQ(waiter.Read(), Popped("k", "b"));
  EXPECT_EQ(client.Run("RPOP", "k"), Bulk("a"));
}

TEST_F(BlockingTest, WhatATransactionTakesBackWakesNobody) {
  Connection waiter = Waiter({"BLPOP", "k", "0"});
  Client client = Connect();
  client.Run("MULTI");
  client.Run("LPUSH", "k", "a");
  client.Run("DEL", "k");
  client.Run("EXEC");
  client.Run("SET", "k", "a string");
  client.Run("DEL", "k");
  client.Run("HSET", "k", "f", "v");
  client.Run("FLUSHALL");
  EXPECT_EQ(client.Run("LPUSH", "k", "last"), Int(1));
  EXPECT_EQ(waiter.Read(), Popped("k", "last"));
}

TEST_F(BlockingTest, RenameAndCopyWake) {
  Client client = Connect();
  Connection renamed = Waiter({"BLPOP", "k", "0"});
  client.Run("LPUSH", "from", "a");
  EXPECT_EQ(client.Run("RENAME", "from", "k"), Status("OK"));
  EXPECT_EQ(renamed.Read(), Popped("k", "a"));
  Connection copied = Waiter({"BLPOP", "k", "0"});
  client.Run("LPUSH", "from", "b");
  EXPECT_EQ(client.Run("COPY", "from", "k"), Int(1));
  EXPECT_EQ(copied.Read(), Popped("k", "b"));
  EXPECT_EQ(client.Run("RPOP", "from"), Bulk("b"));
}

TEST_F(BlockingTest, InATransactionItDoesNotWait) {
  Connection connection = Raw();
  connection.Ask({"MULTI"});
  connection.Ask({"BLPOP", "none", "0"});
  connection.Ask({"LPUSH", "k", "a"});
  connection.Ask({"BLPOP", "k", "0"});
  EXPECT_EQ(connection.Ask({"EXEC"}), Array({NilArray(), Int(1), Popped("k", "a")}));
}

TEST_F(BlockingTest, RequestsBehindItWaitTheirTurn) {
  Connection waiter = Raw();
  waiter.Send(Encode({"SET", "a", "1"}) + Encode({"BLPOP", "k", "0"}) + Encode({"GET", "a"}) +
              Encode({"BLPOP", "k", "0"}) + Encode({"PING"}));
  EXPECT_EQ(waiter.Read(), Status("OK"));
  Client client = Connect();
  client.Run("SET", "a", "2");
  client.Run("LPUSH", "k", "x");
  EXPECT_EQ(waiter.Read(), Popped("k", "x"));
  EXPECT_EQ(waiter.Read(), Bulk("2"));
  client.Run("LPUSH", "k", "y");
  EXPECT_EQ(waiter.Read(), Popped("k", "y"));
  EXPECT_EQ(waiter.Read(), Status("PONG"));
}

TEST_F(BlockingTest, TheStreamStaysInStepAfterAWait) {
  Client client = Connect();
  Connection waiter = Raw();
  for (const char* timeout : {"0.001", "0"}) {
    for (int i = 0; i < 3; ++i) {
      waiter.Send(Encode({"PING"}) + Encode({"BLPOP", "k", timeout}) + Encode({"ECHO", "behind"}) +
                  Encode({"SET", "a", std::string(static_cast<std::size_t>(i) * 30000, 'x')}));
      EXPECT_EQ(waiter.Read(), Status("PONG"));
      if (timeout[1] == '\0') client.Run("LPUSH", "k", "x");
      EXPECT_EQ(waiter.Read(), timeout[1] == '\0' ? Popped("k", "x") : NilArray());
      EXPECT_EQ(waiter.Read(), Bulk("behind"));
      EXPECT_EQ(waiter.Read(), Status("OK"));
      ASSERT_EQ(waiter.Ask({"ECHO", "next"}), Bulk("next"));
    }
  }
}

TEST_F(BlockingTest, AWaiterThatIsGoneGetsNothing) {
  Client client = Connect();
  const auto connections = [&] {
    const std::string list = client.Run("CLIENT", "LIST").text;
    return std::count(list.begin(), list.end(), '\n');
  };
  {
    Connection gone = Waiter({"BLPOP", "k", "0"});
    ASSERT_EQ(connections(), 2);
  }
  ASSERT_TRUE(Eventually([&] { return connections() == 1; }));
  EXPECT_EQ(client.Run("LPUSH", "k", "a"), Int(1));
  EXPECT_EQ(client.Run("RPOP", "k"), Bulk("a"));
}

TEST_F(BlockingTest, DatabasesDoNotWakeEachOther) {
  Connection waiter = Waiter({"BLPOP", "k", "0"});
  Client client = Connect();
  client.Run("SELECT", "1");
  EXPECT_EQ(client.Run("LPUSH", "k", "elsewhere"), Int(1));
  EXPECT_EQ(client.Run("EXISTS", "k"), Int(1));
  client.Run("SELECT", "0");
  client.Run("LPUSH", "k", "here");
  EXPECT_EQ(waiter.Read(), Popped("k", "here"));
}

TEST_F(BlockingTest, ManyTimeoutsAtOnce) {
  std::vector<Connection> waiters;
  for (int i = 0; i < 200; ++i) {
    waiters.push_back(Raw());
    waiters.back().Request(
        {"BLPOP", "k" + std::to_string(i % 3), "0.0" + std::to_string(i % 9 + 1)});
  }
  for (Connection& waiter : waiters) EXPECT_EQ(waiter.Read(), NilArray());
  Client client = Connect();
  client.Run("LPUSH", "k0", "a");
  EXPECT_EQ(client.Run("RPOP", "k0"), Bulk("a")) << "a waiter that timed out was served";
}

}  // namespace
}  // namespace replete::test
