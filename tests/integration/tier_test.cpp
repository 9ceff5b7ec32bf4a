// Many clients on four loops over a tier that is slow, answers out of order and lets no value stay
// in RAM for long. The invariants hold whatever the order of events was.

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

constexpr int kLoops = 4;

class TierTest : public DaemonTest {
 protected:
  void SetUp() override { REPLETE_ONLY(); }

  void StartWith(const std::string& tier) {
    tier_.emplace("REPLETE_TEST_TIER", "hot_memory=0," + tier);
    Start({}, kLoops);
    // A keyspace that knows of no more bytes than it may keep lets nothing go.
    ASSERT_EQ(Connect().Run("SET", "big", std::string(100'000, 'b')), Status("OK"));
  }
  // Runs `work(0)` to `work(count - 1)` at the same time and waits for all.
  static void AtOnce(int count, const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }
  // The value of a key could not be read: the command had no effect.
  static bool Unread(const Reply& reply) {
    return reply.IsError() && reply.text.starts_with("ERR disk: the value of a key cannot be read");
  }
  // Until the value can be read. `failures`: how often it could not.
  static Reply Persistently(Client* client, const std::vector<std::string>& args,
                            std::atomic<int>* failures) {
    for (;;) {
      Reply reply = client->Run(args);
      if (!Unread(reply)) return reply;
      ++*failures;
      std::this_thread::yield();
    }
  }
  // Lines of INFO that tell of clients.
  static std::string Clients(Client* client) {
    const Reply info = client->Run("INFO", "clients");
    std::string lines;
    for (const char* name : {"connected_clients:", "blocked_clients:"}) {
      const std::size_t at = info.text.find(name);
      if (at == std::string::npos) return "no " + std::string(name);
      lines += info.text.substr(at, info.text.find('\r', at) - at) + " ";
    }
    return lines;
  }

 private:
  const ScopedVariable commands_{"REPLETE_TEST_COMMANDS", "yes"};
  std::optional<ScopedVariable> tier_;
};

class FailingTierTest : public TierTest {
 protected:
  void SetUp() override {
    TierTest::SetUp();
    if (IsSkipped()) return;
    StartWith("load_delay_us=200,write_delay_us=100,reorder_loads=yes,fail_load_every=4");
  }

  std::atomic<int> failures_{0};
};

TEST_F(FailingTierTest, CountersSumUpAndPipelinesKeepTheirOrder) {
  constexpr int kClients = 12;
  constexpr int kRounds = 5;
  constexpr int kBatches = 6;  // of a round
  constexpr int kBatch = 16;
  std::atomic<int> sums[4] = {};
  long long own_counts[kClients] = {};
  for (int round = 0; round < kRounds; ++round) {
    AtOnce(kClients, [&](int me) {
      Client client = Connect();
      long long& mine = own_counts[me];
      for (int i = 0; i < kBatches * kBatch; ++i) {
        client.Append({"INCR", "n" + std::to_string(i % 4)});
        client.Append({"INCR", "own" + std::to_string(me)});
        client.Append({"ECHO", std::to_string(i)});
        if (i % kBatch != kBatch - 1) continue;
        for (int j = i - kBatch + 1; j <= i; ++j) {
          const Reply shared = client.Next();
          ASSERT_TRUE(shared.type == ':' || Unread(shared)) << ToString(shared);
          (shared.IsError() ? failures_ : sums[j % 4]) += 1;
          const Reply counted = client.Next();
          if (!Unread(counted)) {
            ASSERT_EQ(counted, Int(++mine));
          }
          ASSERT_EQ(client.Next(), Bulk(std::to_string(j)));
        }
      }
    });
    // What nobody writes to is let go.
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
  Client client = Connect();
  for (int i = 0; i < kClients; ++i) {
    EXPECT_EQ(Persistently(&client, {"GET", "own" + std::to_string(i)}, &failures_),
              Bulk(std::to_string(own_counts[i])));
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Persistently(&client, {"GET", "n" + std::to_string(i)}, &failures_),
              Bulk(std::to_string(sums[i])));
  }
  EXPECT_GT(failures_, 0) << "no value was ever away";
}

TEST_F(FailingTierTest, EveryPushedElementIsPoppedOnce) {
  constexpr int kPushers = 4;
  constexpr int kPoppers = 5;
  constexpr int kElements = 300;  // a pusher
  std::atomic<int> left{kPushers * kElements};
  std::atomic<int> pushers{kPushers};
  std::vector<std::map<std::string, int>> popped(kPoppers);
  AtOnce(kPushers + kPoppers, [&](int me) {
    Client client = Connect();
    if (me < kPushers) {
      const CountDown done(&pushers);
      for (int i = 0; i < kElements; ++i) {
        const std::string element = std::to_string(me) + ":" + std::to_string(i);
        const Reply reply =
            Persistently(&client, {"LPUSH", "q" + std::to_string(i % 3), element}, &failures_);
        ASSERT_EQ(reply.type, ':') << ToString(reply);
      }
      return;
    }
    // Pushers that have ended and a long silence mean that elements are lost.
    for (int silent = 0; left > 0 && (pushers > 0 || silent < 40);) {
      const Reply reply =
          me % 2 == 0
              ? Persistently(&client, {"BRPOP", "q2", "q0", "q1", "0.05"}, &failures_)
              : Persistently(&client, {"RPOP", "q" + std::to_string(silent % 3)}, &failures_);
      silent = reply == Nil() ? silent + 1 : 0;
      if (silent > 0) {
        if (me % 2 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        continue;
      }
      const std::string element = me % 2 == 0 ? reply.elements.at(1).text : reply.text;
      ASSERT_FALSE(reply.IsError()) << ToString(reply);
      ++popped[static_cast<std::size_t>(me - kPushers)][element];
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

TEST_F(TierTest, TransactionsAreSeenWholeOrNotAtAll) {
  StartWith("load_delay_us=200,write_delay_us=100,reorder_loads=yes");
  constexpr int kRounds = 150;
  std::atomic<int> writers{4};
  AtOnce(10, [&](int me) {
    Client client = Connect();
    if (me < 4) {
      const CountDown done(&writers);
      for (int i = 0; i < kRounds; ++i) {
        client.Append({"MULTI"});
        for (const char* key : {"a", "b", "c"}) client.Append({"INCR", key});
        client.Append({"RPUSH", "log", std::to_string(me)});
        client.Append({"EXEC"});
        for (int reply = 0; reply < 5; ++reply) ASSERT_FALSE(client.Next().IsError());
        const Reply exec = client.Next();
        ASSERT_EQ(exec.elements.size(), 4U) << ToString(exec);
        for (const Reply& reply : exec.elements) ASSERT_EQ(reply, exec.elements[0]);
      }
      return;
    }
    while (writers > 0) {
      if (me == 9) {
        // Owns its shards and needs their values.
        ASSERT_EQ(client.Run("TESTLONG", "10", "slow1", "slow2").type, ':');
        ASSERT_EQ(client.Run("KEYS", "none*").type, '*');
        continue;
      }
      const Reply values = client.Run("MGET", "a", "b", "c");
      ASSERT_EQ(values.elements.size(), 3U) << ToString(values);
      ASSERT_EQ(values.elements[0], values.elements[1]);
      ASSERT_EQ(values.elements[0], values.elements[2]);
    }
  });
  Client client = Connect();
  EXPECT_EQ(client.Run("GET", "c"), Bulk(std::to_string(4 * kRounds)));
  EXPECT_EQ(client.Run("LLEN", "log"), Int(4 * kRounds));
  EXPECT_EQ(client.Run("GET", "slow1"), client.Run("GET", "slow2"));
}

TEST_F(TierTest, ClientsThatGoWhileTheyWaitLeaveNothingBehind) {
  StartWith("load_delay_us=20000,write_delay_us=20000");
  constexpr int kKeys = 40;
  Client client = Connect();
  for (int i = 0; i < kKeys; ++i) client.Append({"SET", "k" + std::to_string(i), "5"});
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the values are let go
  std::vector<Connection> readers(kKeys);
  std::vector<Connection> writers(kKeys);
  std::vector<Connection> waiters(kKeys);
  for (int i = 0; i < kKeys; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::string key = "k" + std::to_string(i);
    for (Connection* connection : {&readers[at], &writers[at], &waiters[at]}) {
      *connection = Raw();
    }
    ASSERT_TRUE(readers[at].Request({"GET", key}));
    ASSERT_TRUE(readers[at].Request({"INCR", "never" + key}));
    ASSERT_TRUE(writers[at].Request({"SET", "w" + std::to_string(i), "v"}));
    ASSERT_TRUE(waiters[at].Request({"BLPOP", "l" + std::to_string(i), "0"}));
  }
  EXPECT_TRUE(Eventually([&] {
    return Clients(&client) == "connected_clients:121 blocked_clients:40 ";
  })) << Clients(&client);
  readers.clear();
  writers.clear();
  waiters.clear();
  EXPECT_TRUE(Eventually([&] {
    return Clients(&client) == "connected_clients:1 blocked_clients:0 ";
  })) << Clients(&client);
  // Whatever they waited for: everything works.
  for (int i = 0; i < kKeys; ++i) {
    client.Append({"INCR", "k" + std::to_string(i)});
    client.Append({"RPUSH", "l" + std::to_string(i), "e"});
    client.Append({"LLEN", "l" + std::to_string(i)});
  }
  for (int i = 0; i < kKeys; ++i) {
    EXPECT_EQ(client.Next(), Int(6));
    EXPECT_EQ(client.Next(), Int(1));
    EXPECT_EQ(client.Next(), Int(1)) << "an element went to a client that is gone";
  }
}

TEST_F(TierTest, ItEndsCleanlyWhileRepliesAreHeldAndValuesAwaited) {
  StartWith("load_delay_us=30000,write_delay_us=30000,reorder_loads=yes");
  constexpr int kClients = 24;
  Client client = Connect();
  for (int i = 0; i < kClients; ++i) client.Append({"SET", "k" + std::to_string(i), "v"});
  for (int i = 0; i < kClients; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the values are let go
  std::vector<Connection> connections(kClients);
  for (int i = 0; i < kClients; ++i) {
    Connection& connection = connections[static_cast<std::size_t>(i)];
    connection = Raw();
    std::string bytes = Encode({"PING"});
    for (int j = 0; j < 20; ++j) bytes += Encode({"INCR", "n" + std::to_string(i)});
    bytes += Encode({"GET", "k" + std::to_string(i)});
    bytes += Encode({"PING"});
    ASSERT_TRUE(connection.Send(bytes));
  }
  for (Connection& connection : connections) {
    const auto pong = connection.Read();
    ASSERT_TRUE(pong);
    EXPECT_EQ(*pong, Status("PONG"));
  }
  EXPECT_EQ(daemon().Stop(), 0);
  for (Connection& connection : connections) {
    int expected = 0;
    while (const auto reply = connection.Read()) {
      if (++expected <= 20) {
        EXPECT_EQ(*reply, Int(expected));
      }
    }
    EXPECT_TRUE(connection.unread().empty()) << "cut: " << Quoted(connection.unread());
  }
}

TEST_F(TierTest, APeerThatSendsNothingMoreIsAnsweredToItsLastRequest) {
  StartWith("load_delay_us=200000,seed=1");
  Client client = Connect();
  ASSERT_EQ(client.Run("SET", "k", "v"), Status("OK"));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the value is let go
  constexpr int kPings = 5000;                                  // several turns
  std::string requests = Encode({"GET", "k"});
  for (int i = 0; i < kPings; ++i) requests += Encode({"PING"});
  Connection connection = Raw();
  ASSERT_TRUE(connection.Send(requests));
  ::shutdown(connection.fd(), SHUT_WR);
  EXPECT_EQ(connection.Read(), Bulk("v"));
  for (int i = 0; i < kPings; ++i) ASSERT_EQ(connection.Read(), Status("PONG")) << i;
  EXPECT_TRUE(connection.ClosedByPeer());
}

// What still waits when the loops have ended is freed all the same (LeakSanitizer looks).
TEST_F(TierTest, ItEndsWhileAValueTakesLongerToComeThanClientsAreGiven) {
  StartWith("load_delay_us=5000000,seed=1");
  Client client = Connect();
  ASSERT_EQ(client.Run("SET", "k", "v"), Status("OK"));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the value is let go
  Connection waiting = Raw();
  ASSERT_TRUE(waiting.Request({"GET", "k"}));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the value is asked for
  EXPECT_EQ(daemon().Stop(), 0);
  EXPECT_FALSE(waiting.Read());
}

}  // namespace
}  // namespace replete::test
