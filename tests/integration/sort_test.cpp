// SORT where it meets others; its results are compared with those of redis-server by the
// differential test.

#include <string>
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
  EXPECT_EQ(client.Run("SORT", "llm:l", "STORE", "llm:d"), Int(2));
  Client inside = Connect();
  inside.Run("NAMESPACE", "USE", "llm");
  EXPECT_EQ(inside.Run("SORT", "d", "BY", "w*", "GET", "w*"), Array({Bulk("3"), Bulk("9")}));
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
