// How recently, respectively how often, entries on disk were used is there again after a stop.
#include <set>
#include <string>
#include <vector>

#include "tests/integration/disk_fixture.h"

namespace replete::test {
namespace {

class DiskRecencyTest : public DiskTest {
 protected:
  static constexpr int kEntries = 200;

  static std::string Name(int i) { return "k" + std::to_string(i); }

  static void CreateWith(Client* client, int max_entries, const std::string& policy) {
    Create(client, "n");
    ASSERT_EQ(client->Run("NAMESPACE", "ALTER", "n", "MAX_ENTRIES", std::to_string(max_entries),
                          "POLICY", policy),
              Status("OK"));
  }

  // Puts kEntries in, uses every tenth, stops and starts, and puts half as many others in.
  void UseSomeAndStartAnew(const std::string& policy, bool kill) {
    StartHere();
    Client client = Connect();
    CreateWith(&client, kEntries, policy);
    client = In("n");
    for (int i = 0; i < kEntries; ++i) ASSERT_EQ(client.Run("SET", Name(i), "v"), Status("OK"));
    for (int times = 0; times < 20; ++times) {
      for (int i = 0; i < kEntries; i += 10) ASSERT_EQ(client.Run("GET", Name(i)), Bulk("v"));
    }
    if (kill) {
      ASSERT_EQ(daemon().Stop(), 0);
      StartHere();
      client = In("n");
      ASSERT_EQ(client.Run("SET", "late", "v"), Status("OK"));
      daemon().Kill9();
    } else {
      ASSERT_EQ(daemon().Stop(), 0);
    }
    StartHere();
    client = In("n");
    for (int i = 0; i < kEntries / 2; ++i) {
      ASSERT_EQ(client.Run("SET", "new" + std::to_string(i), "v"), Status("OK"));
    }
  }

  int Left(int from, int step) {
    Client client = In("n");
    int left = 0;
    for (int i = from; i < kEntries; i += step) {
      left += static_cast<int>(client.Run("EXISTS", Name(i)).Integer());
    }
    return left;
  }
};

TEST_F(DiskRecencyTest, WhatWasUsedLastStays) {
  UseSomeAndStartAnew("lru", false);
  EXPECT_EQ(Left(0, 10), kEntries / 10);
  // The others went in the order in which they were written.
  Client client = In("n");
  EXPECT_EQ(client.Run("EXISTS", Name(1), Name(2), Name(3)), Int(0));
  EXPECT_EQ(client.Run("EXISTS", Name(kEntries - 1), Name(kEntries - 2)), Int(2));
}

TEST_F(DiskRecencyTest, WhatWasWrittenLastStays) {
  UseSomeAndStartAnew("fifo", false);
  EXPECT_EQ(Left(0, 1), kEntries / 2);
  // A shard that somebody else has locked is passed over for once.
  constexpr int kNear = 3;
  Client client = In("n");
  for (int i = 0; i < kEntries / 2 - kNear; ++i) EXPECT_EQ(client.Run("EXISTS", Name(i)), Int(0));
  for (int i = kEntries / 2 + kNear; i < kEntries; ++i) {
    EXPECT_EQ(client.Run("EXISTS", Name(i)), Int(1));
  }
}

TEST_F(DiskRecencyTest, WhatWasUsedOftenStays) {
  UseSomeAndStartAnew("lfu", false);
  EXPECT_EQ(Left(0, 10), kEntries / 10);
}

// What the last stop has noted says nothing of how much is there.
TEST_F(DiskRecencyTest, NoRoomIsKeptForWhatWasClearedSince) {
  constexpr int kMany = 50'000;
  StartHere();
  Client client = Connect();
  CreateWith(&client, 0, "lru");
  client = In("n");
  for (int i = 0; i < kMany; ++i) client.Append({"SET", Name(i), std::string(100, 'v')});
  for (int i = 0; i < kMany; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  ASSERT_EQ(daemon().Stop(), 0);
  StartHere();
  client = In("n");
  ASSERT_EQ(client.Run("DBSIZE"), Int(kMany));
  ASSERT_EQ(client.Run("FLUSHDB"), Status("OK"));
  daemon().Kill9();
  StartHere();
  client = In("n");
  ASSERT_EQ(client.Run("DBSIZE"), Int(0));
  EXPECT_LT(InfoOf(&client, "n", "memory_bytes"), kMany);
}

TEST_F(DiskRecencyTest, EveryFrequencyIsThereAgain) {
  constexpr int kMany = 5000;
  StartHere();
  Client client = Connect();
  CreateWith(&client, 0, "lfu");
  client = In("n");
  for (int i = 0; i < kMany; ++i) client.Append({"SET", Name(i), "v"});
  for (int i = 0; i < kMany; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  for (int i = 0; i < kMany; ++i) {
    for (int times = 0; times < i % 9; ++times) client.Run("GET", Name(i));
  }
  const auto frequencies = [&] {
    std::vector<long long> all;
    for (int i = 0; i < kMany; ++i) client.Append({"OBJECT", "FREQ", Name(i)});
    for (int i = 0; i < kMany; ++i) all.push_back(client.Next().Integer());
    return all;
  };
  const std::vector<long long> before = frequencies();
  ASSERT_EQ(daemon().Stop(), 0);
  StartHere();
  client = In("n");
  EXPECT_EQ(frequencies(), before);
  EXPECT_GE(std::set<long long>(before.begin(), before.end()).size(), 3u) << "they are not alike";
}

// As it was at the last stop.
TEST_F(DiskRecencyTest, AKilledDaemonKnowsOfTheStopBefore) {
  UseSomeAndStartAnew("lru", true);
  EXPECT_EQ(Left(0, 10), kEntries / 10);
  Client client = In("n");
  EXPECT_EQ(client.Run("EXISTS", "late"), Int(1)) << "what is not known counts as just used";
}

TEST_F(DiskRecencyTest, IdleTimesGoOn) {
  StartHere();
  Client client = Connect();
  CreateWith(&client, 0, "lru");
  client = In("n");
  ASSERT_EQ(client.Run("SET", "k", "v"), Status("OK"));
  ASSERT_TRUE(Eventually([&] { return client.Run("OBJECT", "IDLETIME", "k").Integer() >= 2; }));
  ASSERT_EQ(daemon().Stop(), 0);
  StartHere();
  client = In("n");
  const long long idle = client.Run("OBJECT", "IDLETIME", "k").Integer();
  EXPECT_GE(idle, 2);
  EXPECT_LT(idle, 60);
}

TEST_F(DiskRecencyTest, ADroppedNamespaceLeavesNothingOfIt) {
  UseSomeAndStartAnew("lru", false);
  Client client = Connect();
  ASSERT_EQ(client.Run("NAMESPACE", "DROP", "n"), Status("OK"));
  ASSERT_EQ(daemon().Stop(), 0);
  StartHere();
  client = Connect();
  CreateWith(&client, 10, "lru");
  client = In("n");
  for (int i = 0; i < 20; ++i) ASSERT_EQ(client.Run("SET", Name(i), "v"), Status("OK"));
  EXPECT_EQ(client.Run("DBSIZE"), Int(10));
}

}  // namespace
}  // namespace replete::test
