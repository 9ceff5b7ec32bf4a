// Many clients on four loops. The invariants hold whatever the order of events was; every test
// does a bounded number of operations and ends when they are done.

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

constexpr int kLoops = 4;

class ConcurrencyTest : public DaemonTest {
 protected:
  void SetUp() override { Start({}, kLoops); }

  // Runs `work(0)` to `work(count - 1)` at the same time and waits for all.
  static void AtOnce(int count, const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(ConcurrencyTest, CountersSumUpExactly) {
  constexpr int kClients = 16;
  constexpr int kBatches = 100;
  constexpr int kBatch = 20;
  AtOnce(kClients, [this](int) {
    Client client = Connect();
    for (int batch = 0; batch < kBatches; ++batch) {
      for (int i = 0; i < kBatch; ++i) client.Append({"INCR", "n" + std::to_string(i % 4)});
      for (int i = 0; i < kBatch; ++i) ASSERT_EQ(client.Next().type, ':');
    }
  });
  Client client = Connect();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(client.Run("GET", "n" + std::to_string(i)),
              Bulk(std::to_string(kClients * kBatches * kBatch / 4)));
  }
}

TEST_F(ConcurrencyTest, TransactionsAreSeenWholeOrNotAtAll) {
  constexpr int kRounds = 1500;
  std::atomic<int> writers{4};
  AtOnce(8, [&](int me) {
    Client client = Connect();
    if (me < 4) {
      const CountDown done(&writers);
      for (int i = 0; i < kRounds; ++i) {
        client.Append({"MULTI"});
        for (const char* key : {"a", "b", "c"}) client.Append({"INCR", key});
        client.Append({"EXEC"});
        for (int reply = 0; reply < 5; ++reply) ASSERT_FALSE(client.Next().IsError());
      }
      return;
    }
    while (writers > 0) {
      const Reply values = client.Run("MGET", "a", "b", "c");
      ASSERT_EQ(values.elements.size(), 3U);
      ASSERT_EQ(values.elements[0], values.elements[1]);
      ASSERT_EQ(values.elements[0], values.elements[2]);
    }
  });
  EXPECT_EQ(Connect().Run("GET", "c"), Bulk(std::to_string(4 * kRounds)));
}

// The classic use of WATCH: read, add, write back, again when somebody was faster.
TEST_F(ConcurrencyTest, WatchLosesNoUpdate) {
  constexpr int kClients = 6;
  constexpr int kUpdates = 150;
  Connect().Run("SET", "n", "0");
  AtOnce(kClients, [this](int) {
    Client client = Connect();
    for (int done = 0; done < kUpdates;) {
      client.Run("WATCH", "n");
      const long long value = client.Run("GET", "n").Integer();
      client.Run("MULTI");
      client.Run("SET", "n", value + 1);
      const Reply reply = client.Run("EXEC");
      ASSERT_TRUE(reply == Nil() || reply == Array({Status("OK")})) << ToString(reply);
      if (reply != Nil()) ++done;
    }
  });
  EXPECT_EQ(Connect().Run("GET", "n"), Bulk(std::to_string(kClients * kUpdates)));
}

TEST_F(ConcurrencyTest, EveryPushedElementIsPoppedOnce) {
  constexpr int kPushers = 4;
  constexpr int kPoppers = 6;
  constexpr int kElements = 1500;  // a pusher
  std::atomic<int> left{kPushers * kElements};
  std::atomic<int> pushers{kPushers};
  std::vector<std::map<std::string, int>> popped(kPoppers);
  AtOnce(kPushers + kPoppers, [&](int me) {
    Client client = Connect();
    if (me < kPushers) {
      const CountDown done(&pushers);
      for (int i = 0; i < kElements; ++i) {
        const std::string element = std::to_string(me) + ":" + std::to_string(i);
        ASSERT_EQ(client.Run("LPUSH", "q" + std::to_string(i % 3), element).type, ':');
      }
      return;
    }
    // Pushers that have ended and a long silence mean that elements are lost.
    for (int silent = 0; left > 0 && (pushers > 0 || silent < 40);) {
      const Reply reply = client.Run("BLPOP", "q2", "q0", "q1", "0.05");
      silent = reply == Nil() ? silent + 1 : 0;
      if (silent > 0) continue;
      ASSERT_EQ(reply.elements.size(), 2U) << ToString(reply);
      ++popped[static_cast<std::size_t>(me - kPushers)][reply.elements[1].text];
      --left;
    }
  });
  std::map<std::string, int> all;
  for (const auto& part : popped) {
    for (const auto& [element, times] : part) all[element] += times;
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kPushers * kElements));
  for (const auto& [element, times] : all) EXPECT_EQ(times, 1) << element;
  EXPECT_EQ(Connect().Run("EXISTS", "q0", "q1", "q2"), Int(0));
}

// RENAME and COPY take two shards, MSET and DEL many, in whatever order the keys are named.
TEST_F(ConcurrencyTest, CommandsOverSeveralShardsDoNotDeadlock) {
  AtOnce(8, [this](int me) {
    Client client = Connect();
    for (int i = 0; i < 800; ++i) {
      const std::string a = "k" + std::to_string((i * 7 + me) % 20);
      const std::string b = "k" + std::to_string((i * 3 + me * 5) % 20);
      client.Append({"MSET", a, "1", b, "2", "x", "3"});
      client.Append({"RENAME", b, a});
      client.Append({"COPY", a, b, "REPLACE"});
      client.Append({"MGET", b, a, "x"});
      client.Append({"DEL", "x", a});
      client.Append({i % 50 == 0 ? "KEYS" : "EXISTS", "*"});
      for (int reply = 0; reply < 6; ++reply) ASSERT_NE(client.Next().type, 0);
    }
  });
}

TEST_F(ConcurrencyTest, SettingsAndFlushesMeanwhile) {
  std::atomic<int> workers{6};
  AtOnce(8, [&](int me) {
    Client client = Connect();
    if (me < 6) {
      const CountDown done(&workers);
      for (int i = 0; i < 2000; ++i) {
        const std::string key = "k" + std::to_string(i % 50);
        client.Append({"SET", key, "v", "PX", std::to_string(1 + i % 30)});
        client.Append({"GET", key});
        client.Append({"PUBLISH", "news", key});
        ASSERT_EQ(client.Next(), Status("OK"));
        const Reply value = client.Next();
        ASSERT_TRUE(value == Nil() || value == Bulk("v")) << ToString(value);
        ASSERT_EQ(client.Next().type, ':');
      }
      return;
    }
    for (int i = 0; workers > 0; ++i) {
      if (me == 6) {
        client.Run(i % 2 == 0 ? "FLUSHALL" : "FLUSHDB");
        client.Run("KEYS", "*");
      } else {
        client.Run("CONFIG", "SET", "notify-keyspace-events", i % 2 == 0 ? "KEA" : "");
        client.Run("CONFIG", "SET", "maxmemory", i % 3 == 0 ? "0" : "500mb");
        Connection subscriber = Raw();
        subscriber.Request({"PSUBSCRIBE", "*"});
        subscriber.Read();
      }
    }
  });
  Client client = Connect();
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE") == Int(0); }));
}

class NamespacesAtOnceTest : public ConcurrencyTest {
 protected:
  void SetUp() override {
    REPLETE_ONLY();
    ConcurrencyTest::SetUp();
    Client client = Connect();
    for (const char* name : {"left", "right"}) {
      ASSERT_EQ(client.Run("NAMESPACE", "CREATE", name, "PREFIX", std::string(name) + ":",
                           "MAX_ENTRIES", "0"),
                Status("OK"));
    }
  }

  // Transactions over two namespaces, whose counters can never differ.
  static void CountInBoth(Client* client, int rounds) {
    for (int i = 0; i < rounds; ++i) {
      client->Append({"MULTI"});
      client->Append({"INCR", "left:n"});
      client->Append({"INCR", "right:n"});
      client->Append({"EXEC"});
      client->Append({"INCR", "left:single"});
      for (int reply = 0; reply < 3; ++reply) ASSERT_FALSE(client->Next().IsError());
      const Reply exec = client->Next();
      ASSERT_EQ(exec.elements.size(), 2U) << ToString(exec);
      ASSERT_EQ(exec.elements[0], exec.elements[1]);
      ASSERT_EQ(client->Next().type, ':');
    }
  }
};

TEST_F(NamespacesAtOnceTest, EverythingAtOnceAndTheCountersStillSumUp) {
  constexpr int kRounds = 800;
  std::atomic<int> workers{4};
  AtOnce(8, [&](int me) {
    Client client = Connect();
    if (me < 4) {
      const CountDown done(&workers);
      CountInBoth(&client, kRounds);
      return;
    }
    while (workers > 0) {
      if (me == 4) {
        const Reply both = client.Run("MGET", "left:n", "right:n");
        ASSERT_EQ(both.elements.size(), 2U) << ToString(both);
        ASSERT_EQ(both.elements[0], both.elements[1]);
      } else if (me == 5) {
        client.Run("FLUSHALL");
        client.Run("BLPOP", "left:none", "0.001");
        client.Run("KEYS", "*");
      } else if (me == 6) {
        ASSERT_EQ(client.Run("NAMESPACE", "CREATE", "brief", "PREFIX", "brief:"), Status("OK"));
        for (int i = 0; i < 100; ++i) {
          ASSERT_EQ(client.Run("SET", "brief:" + std::to_string(i), "v"), Status("OK"));
        }
        ASSERT_EQ(client.Run("NAMESPACE", "DROP", "brief"), Status("OK"));
      } else {
        // Uses what is being dropped: any answer, but an answer.
        ASSERT_NE(client.Run("NAMESPACE", "USE", "brief").type, 0);
        ASSERT_NE(client.Run("MSET", "x", "v", "y", "v").type, 0);
        ASSERT_EQ(client.Run("SELECT", "1"), Status("OK"));
        ASSERT_NE(client.Run("NAMESPACE", "ALTER", "right", "DEFAULT_TTL", "1000").type, 0);
        ASSERT_NE(client.Run("CONFIG", "SET", "maxmemory", "500mb").type, 0);
      }
    }
  });
  Client client = Connect();
  const std::string sum = std::to_string(4 * kRounds);
  EXPECT_EQ(client.Run("MGET", "left:n", "right:n", "left:single"),
            Array({Bulk(sum), Bulk(sum), Bulk(sum)}));
}

}  // namespace
}  // namespace replete::test
