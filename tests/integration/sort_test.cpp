// SORT where it meets others; its results are compared with those of redis-server by the
// differential test.

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

using SortTest = DaemonTest;

TEST_F(SortTest, SortStoresForThoseWhoWait) {
  Client client = Connect();
  client.Run("RPUSH", "l", "3", "1", "2");
  Connection waiter = Raw();
  waiter.Send(Encode({"PING"}) + Encode({"BLPOP", "sorted", "0"}));
  ASSERT_EQ(waiter.Read(), Status("PONG"));
  EXPECT_EQ(client.Run("SORT", "l", "STORE", "sorted"), Int(3));
  EXPECT_EQ(waiter.Read(), Array({Bulk("sorted"), Bulk("1")}));
}

TEST_F(SortTest, SortLooksInTheNamespaceOfItsKey) {
  REPLETE_ONLY();
  Client client = Connect();
  client.Run("NAMESPACE", "CREATE", "llm", "prefix", "llm:");
  client.Run("RPUSH", "llm:l", "1", "2");
  client.Run("MSET", "llm:w1", "9", "llm:w2", "3", "w1", "1", "w2", "2");
  EXPECT_EQ(client.Run("SORT", "llm:l", "BY", "llm:w*"), Array({Bulk("2"), Bulk("1")}));
  const Reply crossed = Error("CROSSNAMESPACE Keys in request belong to different namespaces");
  EXPECT_EQ(client.Run("SORT", "llm:l", "BY", "w*"), crossed);
  EXPECT_EQ(client.Run("SORT", "llm:l", "STORE", "d"), crossed);
  // An error that is found halfway is the whole reply.
  EXPECT_EQ(client.Run({"SORT", "llm:l", "GET", "#", "GET", "w*"}), crossed);
  EXPECT_EQ(client.Run({"SORT", "llm:l", "GET", "#", "GET", "w*", "STORE", "llm:d"}), crossed);
  EXPECT_EQ(client.Run("EXISTS", "llm:d"), Int(0));
  EXPECT_EQ(client.Run("PING"), Status("PONG"));
  EXPECT_EQ(client.Run("SORT", "llm:l", "STORE", "llm:d"), Int(2));
  Client inside = Connect();
  inside.Run("NAMESPACE", "USE", "llm");
  EXPECT_EQ(inside.Run("SORT", "d", "BY", "w*", "GET", "w*"), Array({Bulk("3"), Bulk("9")}));
}

// All keys that the patterns name are seen at one instant.
TEST_F(SortTest, WhatPatternsNameDoesNotChangeBeneathIt) {
  constexpr int kElements = 40;
  constexpr int kRounds = 400;
  Start({}, 2);
  Client client = Connect();
  std::vector<std::string> push = {"RPUSH", "l"};
  for (int i = 0; i < kElements; ++i) push.push_back(std::to_string(i));
  client.Run(push);
  std::atomic<int> left{2};
  const auto write = [&](int writer) {
    const CountDown done(&left);
    Client own = Connect();
    for (int round = 0; round < kRounds; ++round) {
      std::vector<std::string> set = {"MSET"};
      for (int i = 0; i < kElements; ++i) {
        set.insert(set.end(),
                   {"w" + std::to_string(i), std::to_string(writer) + ":" + std::to_string(round)});
      }
      ASSERT_EQ(own.Run(set), Status("OK"));
    }
  };
  std::thread first(write, 1);
  std::thread second(write, 2);
  int seen = 0;
  while (left > 0) {
    const Reply reply = client.Run("SORT", "l", "GET", "w*");
    std::set<std::string> values;
    for (const Reply& value : reply.elements) values.insert(value.text);
    EXPECT_EQ(reply.elements.size(), static_cast<size_t>(kElements));
    EXPECT_EQ(values.size(), 1u);
    seen += values.size() == 1;
  }
  first.join();
  second.join();
  EXPECT_GT(seen, 0);
}

// Many elements are sorted by a worker, whose keyspace nobody sees half changed.
TEST_F(SortTest, ALongSortIsWhole) {
  Client client = Connect();
  constexpr int kElements = 20'000;
  for (int i = 0; i < kElements; i += 100) {
    std::vector<std::string> push = {"RPUSH", "l"};
    std::vector<std::string> set = {"MSET"};
    for (int j = i; j < i + 100; ++j) {
      push.push_back(std::to_string(j));
      set.insert(set.end(), {"w" + std::to_string(j), std::to_string(kElements - j)});
    }
    client.Run(push);
    client.Run(set);
  }
  Client other = Connect();
  client.Append({"SORT", "l", "BY", "w*", "GET", "#", "LIMIT", "0", "3", "STORE", "d"});
  client.Append({"SORT", "d"});
  EXPECT_EQ(other.Run("PING"), Status("PONG"));
  EXPECT_EQ(client.Next(), Int(3));
  EXPECT_EQ(client.Next(), Array({Bulk("19997"), Bulk("19998"), Bulk("19999")}));
}

}  // namespace
}  // namespace replete::test
