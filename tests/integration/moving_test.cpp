// Connections that are moved from loop to loop all the time notice nothing of it.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class MovingTest : public DaemonTest {
 protected:
  void SetUp() override {
    REPLETE_ONLY();
    Start({}, 4);
  }

  static void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(7)); }
  static void AtOnce(int count, const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }
  long long Moved() {
    Client client = Connect();
    return InfoNumber(&client, "replete", "connections_moved");
  }

 private:
  const ScopedVariable commands_{"REPLETE_TEST_COMMANDS", "yes"};
  const ScopedVariable moves_{"REPLETE_TEST_MOVES", "yes"};
};

TEST_F(MovingTest, RepliesComeCompleteAndInOrder) {
  constexpr int kRounds = 40;
  constexpr int kBatch = 20;
  AtOnce(8, [&](int me) {
    Client client = Connect();
    const std::string key = "n" + std::to_string(me);
    const std::string big(60'000 + static_cast<std::size_t>(me), static_cast<char>('a' + me));
    for (int round = 0; round < kRounds; ++round) {
      for (int i = 0; i < kBatch; ++i) client.Append({"INCR", key});
      client.Append({"SET", "big" + key, big});
      client.Append({"GET", "big" + key});
      for (int i = 1; i <= kBatch; ++i) {
        ASSERT_EQ(client.Next(), Int(round * kBatch + i));
      }
      ASSERT_EQ(client.Next(), Status("OK"));
      ASSERT_EQ(client.Next().text, big);
      Pause();
    }
  });
  EXPECT_GT(Moved(), 0);
}

TEST_F(MovingTest, ClientInfoAndTheChosenDatabaseGoAlong) {
  Client client = Connect();
  const long long id = client.Run("CLIENT", "ID").Integer();
  ASSERT_EQ(client.Run("SELECT", "3"), Status("OK"));
  ASSERT_EQ(client.Run("SET", "where", "three"), Status("OK"));
  for (int i = 0; i < 50; ++i) {
    Pause();
    ASSERT_EQ(client.Run("GET", "where"), Bulk("three"));
    ASSERT_EQ(client.Run("CLIENT", "ID").Integer(), id);
  }
  const std::string list = client.Run("CLIENT", "LIST").text;
  const std::string line = "id=" + std::to_string(id) + " ";
  const std::size_t at = list.find(line);
  ASSERT_NE(at, std::string::npos) << list;
  EXPECT_EQ(list.find(line, at + 1), std::string::npos) << "listed once";
  EXPECT_GT(Moved(), 0);
}

TEST_F(MovingTest, TransactionsAndWatchesHold) {
  AtOnce(4, [&](int) {
    Client client = Connect();
    for (int done = 0; done < 25;) {
      ASSERT_EQ(client.Run("WATCH", "sum"), Status("OK"));
      const Reply before = client.Run("GET", "sum");
      const long long sum = before.text.empty() ? 0 : std::stoll(before.text);
      Pause();
      ASSERT_EQ(client.Run("MULTI"), Status("OK"));
      ASSERT_EQ(client.Run("SET", "sum", std::to_string(sum + 1)), Status("QUEUED"));
      if (done % 5 == 0) Pause();
      if (client.Run("EXEC").elements.size() == 1) ++done;
    }
  });
  EXPECT_EQ(Connect().Run("GET", "sum"), Bulk("100"));
}

TEST_F(MovingTest, MessagesReachASubscriberInOrderAndItGoesOnAfterwards) {
  Client subscriber = Connect();
  subscriber.Run("SUBSCRIBE", "news");
  Client publisher = Connect();
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(publisher.Run("PUBLISH", "news", std::to_string(i)), Int(1));
    if (i % 20 == 0) Pause();
  }
  for (int i = 0; i < 200; ++i) {
    const Reply message = subscriber.Next();
    ASSERT_EQ(message.elements.size(), 3u);
    ASSERT_EQ(message.elements[2].text, std::to_string(i));
  }
  subscriber.Run("UNSUBSCRIBE", "news");
  for (int i = 0; i < 20; ++i) {
    Pause();
    ASSERT_EQ(subscriber.Run("PING"), Status("PONG"));
  }
}

TEST_F(MovingTest, BlockedClientsAreServed) {
  std::atomic<int> popped{0};
  AtOnce(6, [&](int me) {
    Client client = Connect();
    for (int i = 0; i < 30; ++i) {
      if (me % 2 == 0) {
        client.Run("LPUSH", "queue", std::to_string(me * 1000 + i));
        if (i % 4 == 0) Pause();
      } else {
        ASSERT_EQ(client.Run("BLPOP", "queue", "20").elements.size(), 2u);
        ++popped;
      }
    }
  });
  EXPECT_EQ(popped, 90);
}

TEST_F(MovingTest, ConnectionsCloseOnWhicheverLoopTheyAre) {
  for (int round = 0; round < 20; ++round) {
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(Connect());
    for (Client& client : clients) ASSERT_EQ(client.Run("PING"), Status("PONG"));
    Pause();
  }
  for (int i = 0; i < 500; ++i) {
    const std::string info = Connect().Run("INFO", "clients").text;
    if (info.find("connected_clients:1\r\n") != std::string::npos) return;
    Pause();
  }
  FAIL() << Connect().Run("CLIENT", "LIST").text;
}

}  // namespace
}  // namespace replete::test
