// SCAN and KEYS while everything else changes: what they promise, against a model.

#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

// redis/redis #4906; valkey-io/valkey PR 1146, PR 3588: keys missed while the table grows, shrinks
// or is emptied beside the scan. Parameter: the seed.
class ScanUnderChange : public DaemonTest, public ::testing::WithParamInterface<int> {
 protected:
  static constexpr int kStay = 2000;

  void SetUp() override {
    if (HasTier() && GetParam() > 1) GTEST_SKIP() << "one seed tells, and each write waits there";
  }
  void Fill(Client* client) {
    for (int i = 0; i < kStay; ++i) {
      stay_.insert("stay:" + std::to_string(i));
      client->Append({"SET", "stay:" + std::to_string(i), "v"});
      gone_.insert("gone:" + std::to_string(i));
      client->Append({"SET", "gone:" + std::to_string(i), "v"});
    }
    for (int i = 0; i < 2 * kStay; ++i) ASSERT_EQ(client->Next(), Status("OK"));
    for (const std::string& name : gone_) client->Run("DEL", name);
  }
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

  // Keys come with and without deadlines, go by command and by deadline; the table grows to many
  // times its size and shrinks again.
  void Change(Client* client) {
    const size_t many = Below(10) == 0 ? 3000 : Below(60);
    const bool grows = Below(2) == 0;
    for (size_t i = 0; i < many; ++i) {
      const std::string key = "come:" + std::to_string(Below(20'000));
      if (!grows) {
        client->Append({"DEL", key});
      } else if (Below(3) == 0) {
        client->Append({"SET", key, "v", "PX", std::to_string(1 + Below(20))});
      } else {
        client->Append({"SET", key, "v", "EX", "1000"});
      }
    }
    for (size_t i = 0; i < many; ++i) ASSERT_FALSE(client->Next().IsError());
  }

  // One whole scan, with changes between its steps.
  void ScanAll(Client* client, const std::vector<std::string>& options) {
    std::set<std::string> seen;
    std::string cursor = "0";
    int steps = 0;
    do {
      ASSERT_LT(++steps, 200'000) << "the scan does not end";
      Change(client);
      static constexpr const char* kCounts[] = {"1", "3", "10", "77", "500", "20000"};
      std::vector<std::string> scan = {"SCAN", cursor, "COUNT",
                                       kCounts[Below(Below(8) == 0 ? 6 : 4)]};
      scan.insert(scan.end(), options.begin(), options.end());
      const Reply reply = client->Run(scan);
      ASSERT_EQ(reply.elements.size(), 2u) << ToString(reply);
      cursor = reply.elements[0].text;
      for (const Reply& key : reply.elements[1].elements) seen.insert(key.text);
    } while (cursor != "0");
    size_t found = 0;
    for (const std::string& key : seen) {
      found += stay_.count(key);
      EXPECT_EQ(gone_.count(key), 0u) << key << " was deleted before the scan began";
    }
    EXPECT_EQ(found, stay_.size()) << "keys that are there all the time were missed";
  }
  void ScanThreeTimes(Client* client) {
    Fill(client);
    ScanAll(client, {});
    ScanAll(client, {"MATCH", "stay:*"});
    ScanAll(client, {"TYPE", "string"});
    EXPECT_EQ(client->Run("KEYS", "stay:*").elements.size(), stay_.size());
  }

  std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};
  std::set<std::string> stay_;
  std::set<std::string> gone_;
};

TEST_P(ScanUnderChange, GrowthDeletionAndExpiry) {
  Client client = Connect();
  ScanThreeTimes(&client);
}

TEST_P(ScanUnderChange, Eviction) {
  REPLETE_ONLY();
  Client client = Connect();
  ASSERT_EQ(client.Run({"NAMESPACE", "CREATE", "small", "max_entries", "6000", "policy",
                        "volatile-lru", "default_ttl", "0"}),
            Status("OK"));
  ASSERT_EQ(client.Run("NAMESPACE", "USE", "small"), Status("OK"));
  ScanThreeTimes(&client);
  const std::string stats = client.Run("INFO", "stats").text;
  EXPECT_EQ(stats.find("evicted_keys:0\r"), std::string::npos) << "nothing was evicted";
}

// In more shards than one, evicting by samples.
TEST_P(ScanUnderChange, EvictionInALargeOne) {
  REPLETE_ONLY();
  Client client = Connect();
  ASSERT_EQ(client.Run({"NAMESPACE", "CREATE", "large", "max_entries", "100000", "max_memory",
                        "1mb", "policy", "volatile-random", "default_ttl", "0"}),
            Status("OK"));
  ASSERT_EQ(client.Run("NAMESPACE", "USE", "large"), Status("OK"));
  ScanThreeTimes(&client);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ScanUnderChange, ::testing::Range(1, 4));

}  // namespace
}  // namespace replete::test
