// Namespaces: default TTLs and limits.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class NamespaceLimitsTest : public DaemonTest {
 protected:
  void SetUp() override { REPLETE_ONLY(); }

  // A client in a new namespace.
  Client In(const std::string& name, const std::vector<std::string>& options) {
    Client client = Connect();
    std::vector<std::string> args = {"NAMESPACE", "CREATE", name};
    args.insert(args.end(), options.begin(), options.end());
    EXPECT_EQ(client.Run(args), Status("OK"));
    EXPECT_EQ(client.Run("NAMESPACE", "USE", name), Status("OK"));
    return client;
  }
};

TEST_F(NamespaceLimitsTest, TheDefaultTtlAppliesWhenAKeyIsCreatedOrOverwritten) {
  Client client = In("a", {"DEFAULT_TTL", "1000"});
  const auto is_default = [&](const char* key) {
    const long long ttl = client.Run("TTL", key).Integer();
    return ttl > 500 && ttl <= 1000;
  };
  client.Run("SET", "k", "v");
  EXPECT_TRUE(is_default("k"));
  client.Run("SET", "k", "v", "EX", "50000");
  EXPECT_GT(client.Run("TTL", "k").Integer(), 40000);
  client.Run("APPEND", "k", "w");
  EXPECT_GT(client.Run("TTL", "k").Integer(), 40000) << "a change in place is no overwriting";
  client.Run("SET", "k", "v", "KEEPTTL");
  EXPECT_GT(client.Run("TTL", "k").Integer(), 40000);
  client.Run("SET", "k", "v");
  EXPECT_TRUE(is_default("k"));
  EXPECT_EQ(client.Run("PERSIST", "k"), Int(1));
  EXPECT_EQ(client.Run("TTL", "k"), Int(-1)) << "PERSIST says one";
  client.Run("APPEND", "k", "w");
  EXPECT_EQ(client.Run("TTL", "k"), Int(-1));
  client.Run("INCR", "n");
  client.Run("HSET", "h", "f", "v");
  client.Run("LPUSH", "l", "v");
  client.Run("MSET", "m1", "v", "m2", "v");
  for (const char* key : {"n", "h", "l", "m1", "m2"}) EXPECT_TRUE(is_default(key)) << key;
  client.Run("EXPIRE", "h", "50000");
  client.Run("HSET", "h", "g", "v");
  EXPECT_GT(client.Run("TTL", "h").Integer(), 40000);
}

TEST_F(NamespaceLimitsTest, NamedOnesHaveDefaultsAndNumberedOnesNone) {
  Client named = In("a", {});
  named.Run("SET", "k", "v");
  const long long ttl = named.Run("TTL", "k").Integer();
  EXPECT_TRUE(ttl > 100 && ttl <= 300) << ttl;
  EXPECT_EQ(FieldOf(named.Run("NAMESPACE", "INFO"), "max_entries").text, "1000");
  Client numbered = Connect();
  numbered.Run("SET", "k", "v");
  EXPECT_EQ(numbered.Run("TTL", "k"), Int(-1));
  for (int i = 0; i < 3000; ++i) numbered.Append({"SET", "k" + std::to_string(i), "v"});
  for (int i = 0; i < 3000; ++i) numbered.Next();
  EXPECT_EQ(numbered.Run("DBSIZE"), Int(3001));
  Client forever = In("b", {"DEFAULT_TTL", "0"});
  forever.Run("SET", "k", "v");
  EXPECT_EQ(forever.Run("TTL", "k"), Int(-1));
}

TEST_F(NamespaceLimitsTest, MaxEntriesIsNeverExceeded) {
  constexpr int kLimit = 100;
  Start({}, 4);
  In("a", {"MAX_ENTRIES", std::to_string(kLimit), "DEFAULT_TTL", "0", "PREFIX", "a:"});
  std::atomic<int> writers{4};
  std::vector<std::thread> threads;
  for (int me = 0; me < 4; ++me) {
    threads.emplace_back([&, me] {
      const CountDown done(&writers);
      Client client = Connect();
      for (int i = 0; i < 3000; ++i) {
        const std::string key = "a:" + std::to_string(me) + ":" + std::to_string(i);
        client.Append(i % 3 == 0 ? std::vector<std::string>{"MSET", key, "v", key + "x", "w"}
                                 : std::vector<std::string>{"SET", key, "v"});
        client.Append({"GET", key});
        ASSERT_EQ(client.Next(), Status("OK"));
        const Reply value = client.Next();
        ASSERT_TRUE(value == Bulk("v") || value == Nil()) << ToString(value);
      }
    });
  }
  Client observer = Connect();
  observer.Run("NAMESPACE", "USE", "a");
  while (writers > 0) EXPECT_LE(observer.Run("DBSIZE").Integer(), kLimit);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(observer.Run("DBSIZE"), Int(kLimit));
  EXPECT_EQ(observer.Run("KEYS", "*").elements.size(), static_cast<std::size_t>(kLimit));
}

TEST_F(NamespaceLimitsTest, OverwritingAtTheLimitEvictsNobody) {
  Client client = In("a", {"MAX_ENTRIES", "10", "DEFAULT_TTL", "0"});
  for (int i = 0; i < 10; ++i) client.Run("SET", "k" + std::to_string(i), "v");
  for (int i = 0; i < 50; ++i) {
    const std::string key = "k" + std::to_string(i % 10);
    client.Run(i % 2 == 0 ? "SET" : "APPEND", key, "w");
    ASSERT_EQ(client.Run("DBSIZE"), Int(10));
  }
  client.Run("RENAME", "k0", "k1");
  EXPECT_EQ(client.Run("DBSIZE"), Int(9));
}

TEST_F(NamespaceLimitsTest, LruAndFifoChooseExactly) {
  Client lru = In("lru", {"MAX_ENTRIES", "3", "POLICY", "lru", "DEFAULT_TTL", "0"});
  Client fifo = In("fifo", {"MAX_ENTRIES", "3", "POLICY", "fifo", "DEFAULT_TTL", "0"});
  for (Client* client : {&lru, &fifo}) {
    client->Run("SET", "a", "1");
    client->Run("SET", "b", "1");
    client->Run("SET", "c", "1");
    client->Run("GET", "a");
    client->Run("SET", "d", "1");
  }
  EXPECT_EQ(lru.Run("EXISTS", "a", "c", "d"), Int(3));
  EXPECT_EQ(lru.Run("EXISTS", "b"), Int(0));
  EXPECT_EQ(fifo.Run("EXISTS", "b", "c", "d"), Int(3));
  EXPECT_EQ(fifo.Run("EXISTS", "a"), Int(0));
}

// redis/redis #2647, #1459: recently used keys are evicted before old ones.
TEST_F(NamespaceLimitsTest, WhatIsInUseSurvivesAStreamThatIsReadOnce) {
  constexpr int kHot = 300;
  for (const char* policy : {"lru", "lfu", "allkeys-lru"}) {
    for (const int size : {1'000, 100'000}) {
      if (HasTier() && size > 1'000) continue;  // each write waits there
      Client client =
          In((std::string(policy) + std::to_string(size)).c_str(),
             {"MAX_ENTRIES", std::to_string(size), "POLICY", policy, "DEFAULT_TTL", "0"});
      for (int i = 0; i < kHot; ++i) client.Run("SET", "hot:" + std::to_string(i), "1");
      // Three times what fits, with each hot key read now and then.
      for (int i = 0; i < 3 * size; i += 100) {
        for (int j = i; j < i + 100; ++j) client.Append({"SET", "once:" + std::to_string(j), "1"});
        const int every = size / 1000;
        if (i / 100 % every == 0) {
          for (int j = 0; j < kHot; ++j) client.Append({"GET", "hot:" + std::to_string(j)});
          for (int j = 0; j < kHot; ++j) client.Next();
        }
        for (int j = 0; j < 100; ++j) client.Next();
      }
      int alive = 0;
      for (int i = 0; i < kHot; ++i) {
        alive += client.Run("EXISTS", "hot:" + std::to_string(i)) == Int(1);
      }
      // lru is exact where it is small; otherwise samples decide, and lfu counts by chance.
      const bool exact = size == 1'000 && std::string(policy) != "lfu";
      EXPECT_GE(alive, exact ? kHot : kHot * 97 / 100) << policy << ' ' << size;
    }
  }
}

TEST_F(NamespaceLimitsTest, TtlPolicyTakesTheSoonestDeadline) {
  Client client = In("a", {"MAX_ENTRIES", "3", "POLICY", "ttl", "DEFAULT_TTL", "0"});
  client.Run("SET", "late", "1", "EX", "90000");
  client.Run("SET", "never", "1");
  client.Run("SET", "soon", "1", "EX", "9000");
  client.Run("SET", "new", "1", "EX", "50000");
  EXPECT_EQ(client.Run("EXISTS", "soon"), Int(0));
  EXPECT_EQ(client.Run("EXISTS", "late", "never", "new"), Int(3));
}

// dragonflydb/dragonfly #2984.
TEST_F(NamespaceLimitsTest, WithoutAPolicyAFullNamespaceRefusesAndRecovers) {
  Client client = In("a", {"MAX_ENTRIES", "3", "POLICY", "none", "DEFAULT_TTL", "0"});
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(client.Run("SET", key, "1"), Status("OK"));
  const Reply refused = client.Run("SET", "d", "1");
  EXPECT_TRUE(refused.IsError() && refused.text.starts_with("OOM")) << ToString(refused);
  EXPECT_TRUE(client.Run("MSET", "a", "2", "d", "1", "e", "1").IsError());
  EXPECT_EQ(client.Run("GET", "a"), Bulk("1")) << "admitted whole or refused whole";
  EXPECT_EQ(client.Run("DEL", "b"), Int(1));
  EXPECT_EQ(client.Run("SET", "d", "1"), Status("OK"));
  EXPECT_EQ(client.Run("DBSIZE"), Int(3));
}

TEST_F(NamespaceLimitsTest, ALowerLimitHoldsWhenAlterAnswers) {
  Client client = In("a", {"MAX_ENTRIES", "5000", "DEFAULT_TTL", "0"});
  for (int i = 0; i < 5000; ++i) client.Append({"SET", "k" + std::to_string(i), "v"});
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  ASSERT_EQ(client.Run("DBSIZE"), Int(5000));
  ASSERT_EQ(client.Run("NAMESPACE", "ALTER", "a", "MAX_ENTRIES", "7"), Status("OK"));
  EXPECT_EQ(client.Run("DBSIZE"), Int(7));
  ASSERT_EQ(client.Run("NAMESPACE", "ALTER", "a", "MAX_ENTRIES", "0"), Status("OK"));
  client.Run("SET", "one more", "v");
  EXPECT_EQ(client.Run("DBSIZE"), Int(8));
}

TEST_F(NamespaceLimitsTest, MaxMemoryBoundsWhatIsStored) {
  Client client = In("a", {"MAX_ENTRIES", "0", "MAX_MEMORY", "1mb", "DEFAULT_TTL", "0"});
  const std::string value(1000, 'v');
  for (int i = 0; i < 5000; ++i) client.Append({"SET", "k" + std::to_string(i), value});
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  const long long left = client.Run("DBSIZE").Integer();
  EXPECT_GT(left, 500);
  EXPECT_LE(left, HasTier() ? 5000 : 1048);  // values that are away need no room
  // One that can never fit is refused and costs nobody's life.
  const Reply refused = client.Run("SET", "huge", std::string(3 << 20, 'v'));
  EXPECT_TRUE(refused.IsError() && refused.text.starts_with("OOM")) << ToString(refused);
  EXPECT_EQ(client.Run("DBSIZE"), Int(left));
}

// dragonflydb/dragonfly #3155, PR 3387; redis/redis #2746; Snapchat/KeyDB #230.
TEST_F(NamespaceLimitsTest, MaxmemoryEvictsInsteadOfAnsweringOom) {
  if (HasTier()) GTEST_SKIP() << "values that are away need no room";
  Client client = Connect();
  ASSERT_EQ(client.Run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"), Status("OK"));
  ASSERT_EQ(client.Run("CONFIG", "SET", "maxmemory", "100mb"), Status("OK"));
  const std::string value(10000, 'v');
  for (int batch = 0; batch < 200; ++batch) {
    for (int i = 0; i < 100; ++i) {
      client.Append({"SET", std::to_string(batch) + ":" + std::to_string(i), value});
    }
    for (int i = 0; i < 100; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  }
  EXPECT_LT(client.Run("DBSIZE").Integer(), 11000);
  EXPECT_GT(client.Run("DBSIZE").Integer(), 1000);
}

// The largest namespace has nobody whom its policy lets go: the next one gives room.
TEST_F(NamespaceLimitsTest, WhatMayNotBeEvictedDoesNotKeepOthersFromGivingRoom) {
  if (HasTier()) GTEST_SKIP() << "values that are away need no room";
  Client client = In("cache", {"MAX_ENTRIES", "0", "DEFAULT_TTL", "0"});
  Client numbered = Connect();
  numbered.Run("CONFIG", "SET", "maxmemory-policy", "volatile-lru");
  const std::string value(10000, 'v');
  for (int i = 0; i < 1200; ++i) numbered.Run("SET", "stays" + std::to_string(i), value);
  ASSERT_EQ(numbered.Run("CONFIG", "SET", "maxmemory", "20mb"), Status("OK"));
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(client.Run("SET", std::to_string(i), value), Status("OK")) << i;
  }
  EXPECT_EQ(numbered.Run("DBSIZE"), Int(1200));
  EXPECT_LT(client.Run("DBSIZE").Integer(), 1000);
}

class ManySmallOnes : public NamespaceLimitsTest {
 protected:
  static constexpr long long kMiB = 1 << 20;

  static void Fill(Client& client, int entries) {
    constexpr int kBatch = 1000;
    for (int first = 0; first < entries; first += kBatch) {
      for (int i = first; i < first + kBatch; ++i) {
        client.Append({"SET", "small" + std::to_string(i), std::string(40, 'v')});
      }
      for (int i = 0; i < kBatch; ++i) ASSERT_EQ(client.Next(), Status("OK"));
    }
  }
};

// Each takes the place of ten thousand others, which is more than one command evicts by the way.
TEST_F(ManySmallOnes, LargeValuesTakeTheirPlaceUnderMaxmemory) {
  if (HasTier()) GTEST_SKIP() << "values that are away need no room";
  Client client = Connect();
  client.Run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const long long limit = InfoNumber(&client, "memory", "used_memory") + 16 * kMiB;
  ASSERT_EQ(client.Run("CONFIG", "SET", "maxmemory", std::to_string(limit)), Status("OK"));
  Fill(client, 150'000);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.Run("SET", "large" + std::to_string(i), std::string(kMiB, 'v')), Status("OK"));
  }
  // However slow the machine is, it gets on.
  const auto over = [&] { return InfoNumber(&client, "memory", "used_memory") > limit; };
  const auto evicted = [&] { return InfoNumber(&client, "stats", "evicted_keys"); };
  for (long long seen = evicted(); over(); seen = evicted()) {
    ASSERT_TRUE(Eventually([&] { return !over() || evicted() > seen; }));
  }
  // No more went than had to: a size class of 1.25 MiB each.
  long long left = 0;
  for (int i = 0; i < 100; ++i) left += client.Run("EXISTS", "large" + std::to_string(i)).Integer();
  EXPECT_GE(left, 11);
  EXPECT_LE(left, 16);
}

// Fewer entries than shards: the oldest of all go, not the oldest of a shard that has one.
TEST_F(ManySmallOnes, AFewLargeOnesLeaveInTheOrderOfTheirUse) {
  if (HasTier()) GTEST_SKIP() << "values that are away need no room";
  Client named = In("a", {"MAX_ENTRIES", "0", "MAX_MEMORY", "16mb", "DEFAULT_TTL", "0"});
  Client client = Connect();
  client.Run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const long long limit = InfoNumber(&client, "memory", "used_memory") + 32 * kMiB;
  ASSERT_EQ(client.Run("CONFIG", "SET", "maxmemory", std::to_string(limit)), Status("OK"));
  for (Client* one : {&named, &client}) {
    long long late = 0;
    for (int i = 0; i < 300; ++i) {
      const std::string number = std::to_string(i);
      ASSERT_EQ(one->Run("SET", "large" + number, std::string(kMiB / 2, 'v')), Status("OK"));
      EXPECT_EQ(one->Run("EXISTS", "large" + number), Int(1)) << i;
      if (i >= 4) late += one->Run("EXISTS", "large" + std::to_string(i - 4)).Integer();
    }
    EXPECT_GE(late, 290) << "of the last five there should hardly ever be one missing";
  }
}

TEST_F(ManySmallOnes, MinMemoryIsNotTakenFromANamespaceWhenTheProcessIsShort) {
  if (HasTier()) GTEST_SKIP() << "values that are away need no room";
  Client kept = In("kept", {"MAX_ENTRIES", "0", "MIN_MEMORY", "16mb", "DEFAULT_TTL", "0"});
  Client other = In("other", {"MAX_ENTRIES", "0", "DEFAULT_TTL", "0"});
  Client client = Connect();
  const long long limit = InfoNumber(&client, "memory", "used_memory") + 24 * kMiB;
  ASSERT_EQ(client.Run("CONFIG", "SET", "maxmemory", std::to_string(limit)), Status("OK"));
  const std::string value(100'000, 'v');  // with jemalloc 112 KiB
  const auto write = [&](Client& to, int from, int end) {
    for (int i = from; i < end; ++i) {
      ASSERT_EQ(to.Run("SET", "k" + std::to_string(i), value), Status("OK")) << i;
    }
  };
  write(kept, 0, 120);
  write(other, 0, 300);
  EXPECT_EQ(kept.Run("DBSIZE"), Int(120)) << "it is the larger one, and all of it is its own";
  EXPECT_LT(other.Run("DBSIZE").Integer(), 160);
  // What it has above that goes like what others have.
  write(kept, 120, 500);
  EXPECT_TRUE(Eventually([&] { return InfoNumber(&client, "memory", "used_memory") <= limit; }));
  EXPECT_GE(kept.Run("DBSIZE").Integer(), 135);
  EXPECT_LT(kept.Run("DBSIZE").Integer(), 260);
  // Where nobody has anything to spare, writes are refused.
  client.Run("NAMESPACE", "CLEAR", "NS", "other");
  ASSERT_EQ(client.Run("NAMESPACE", "ALTER", "kept", "MIN_MEMORY", "1gb"), Status("OK"));
  bool refused = false;
  for (int i = 500; i < 900 && !refused; ++i) {
    refused = kept.Run("SET", "k" + std::to_string(i), value).text.starts_with("OOM");
  }
  EXPECT_TRUE(refused);
}

TEST_F(ManySmallOnes, ALargeValueTakesTheirPlaceUnderMaxMemory) {
  if (HasTier()) GTEST_SKIP() << "values that are away need no room";
  Client client = In("a", {"MAX_ENTRIES", "0", "MAX_MEMORY", "8mb", "DEFAULT_TTL", "0"});
  Fill(client, 100'000);
  const long long full = client.Run("DBSIZE").Integer();
  ASSERT_EQ(client.Run("SET", "large", std::string(4 * kMiB, 'v')), Status("OK"));
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE").Integer() < full * 6 / 10; }));
  EXPECT_EQ(client.Run("STRLEN", "large"), Int(4 * kMiB));
  // What was used last is there, and no more went than had to.
  EXPECT_EQ(client.Run("EXISTS", "small99999", "small0"), Int(1));
  EXPECT_GT(client.Run("DBSIZE").Integer(), full * 3 / 10);
}

TEST_F(ManySmallOnes, ALowerMaxmemoryHoldsWithoutAWrite) {
  if (HasTier()) GTEST_SKIP() << "values that are away need no room";
  Client named = In("cache", {"MAX_ENTRIES", "0", "DEFAULT_TTL", "0"});
  Client client = Connect();
  client.Run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const long long empty = InfoNumber(&client, "memory", "used_memory");
  Fill(client, 200'000);
  Fill(named, 100'000);
  const long long full = InfoNumber(&client, "memory", "used_memory");
  const long long limit = empty + (full - empty) * 5 / 6;
  ASSERT_EQ(client.Run("CONFIG", "SET", "maxmemory", std::to_string(limit)), Status("OK"));
  EXPECT_TRUE(Eventually([&] { return InfoNumber(&client, "memory", "used_memory") <= limit; }));
  EXPECT_EQ(named.Run("DBSIZE"), Int(100'000)) << "the largest gives first";
  const long long lower = empty + (full - empty) / 3;
  ASSERT_EQ(client.Run("CONFIG", "SET", "maxmemory", std::to_string(lower)), Status("OK"));
  EXPECT_TRUE(Eventually([&] { return InfoNumber(&client, "memory", "used_memory") <= lower; }));
  // Both come down to the same, which is less than a third of the entries: what stays behind lies
  // in pages that it does not fill.
  const long long of_named = named.Run("DBSIZE").Integer();
  const long long of_default = client.Run("DBSIZE").Integer();
  EXPECT_NEAR(of_named, of_default, of_default / 5.0);
  EXPECT_GT(of_named, 15'000);
}

}  // namespace
}  // namespace replete::test
