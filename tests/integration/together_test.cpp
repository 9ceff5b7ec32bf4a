// Connections that are received from and answered together notice nothing of each other: with an
// io_uring and without.
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

bool HasRings() {
  io_uring_params parameters{};
  const auto ring = static_cast<int>(::syscall(SYS_io_uring_setup, 1, &parameters));
  if (ring >= 0) ::close(ring);
  return ring >= 0;
}

class TogetherTest : public DaemonTest, public testing::WithParamInterface<const char*> {
 protected:
  static constexpr int kClients = 21;  // two full batches and a part

  void SetUp() override {
    REPLETE_ONLY();
    if (GetParam() == std::string("yes") && !HasRings()) GTEST_SKIP() << "no io_uring here";
    Start({"--io-uring", GetParam()}, 1);
    for (int i = 0; i < kClients; ++i) clients_.push_back(Raw());
  }

  // What is sent meanwhile is there when the one loop looks at its sockets again.
  void HoldUp() { ASSERT_TRUE(holder_.Request({"TESTSPIN", "30"})); }
  void GoOn() { ASSERT_EQ(holder_.Read(), Status("OK")); }

  std::vector<Connection> clients_;
  Connection holder_ = Connection();

  void OpenHolder() { holder_ = Raw(); }

 private:
  const ScopedVariable commands_{"REPLETE_TEST_COMMANDS", "yes"};
};

TEST_P(TogetherTest, EveryoneIsAnsweredWhatHeAsked) {
  OpenHolder();
  for (int round = 0; round < 10; ++round) {
    HoldUp();
    for (int i = 0; i < kClients; ++i) {
      std::string batch;
      for (int n = 0; n <= i; ++n) {
        batch += Encode({"ECHO", std::to_string(i) + ":" + std::to_string(n)});
      }
      ASSERT_TRUE(clients_[static_cast<size_t>(i)].Send(batch));
    }
    GoOn();
    for (int i = 0; i < kClients; ++i) {
      for (int n = 0; n <= i; ++n) {
        ASSERT_EQ(clients_[static_cast<size_t>(i)].Read(),
                  Bulk(std::to_string(i) + ":" + std::to_string(n)));
      }
    }
  }
}

TEST_P(TogetherTest, WhoLeavesOrDoesNotReadIsNobodysLoss) {
  OpenHolder();
  const std::string big(6 << 20, 'b');
  ASSERT_EQ(clients_[0].Ask({"SET", "big", big}), Status("OK"));
  HoldUp();
  for (size_t i = 0; i < clients_.size(); ++i) {
    std::string batch = Encode({"PING"});
    if (i % 5 == 1) batch += Encode({"GET", "big"}) + Encode({"GET", "big"});
    if (i % 5 == 2) batch += Encode({"QUIT"}) + Encode({"PING"});
    if (i % 5 == 3) batch += "*1\r\n$nonsense\r\n";
    ASSERT_TRUE(clients_[i].Send(batch));
    if (i % 5 == 4) {
      const linger drop{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(clients_[i].fd(), SOL_SOCKET, SO_LINGER, &drop, sizeof drop);
      clients_[i].Close();
    }
  }
  GoOn();
  for (size_t i = 0; i < clients_.size(); ++i) {
    Connection& client = clients_[i];
    if (i % 5 == 4) continue;
    ASSERT_EQ(client.Read(), Status("PONG")) << i;
    if (i % 5 == 0) {
      EXPECT_EQ(client.Ask({"ECHO", "still here"}), Bulk("still here"));
    }
    if (i % 5 == 2) {
      EXPECT_EQ(client.Read(), Status("OK"));
      EXPECT_TRUE(client.ClosedByPeer());
    }
    if (i % 5 == 3) {
      EXPECT_EQ(client.Read(), Error("ERR Protocol error: invalid bulk length"));
      EXPECT_TRUE(client.ClosedByPeer());
    }
  }
  // Short replies do not overtake the long ones that wait.
  HoldUp();
  for (size_t i = 1; i < clients_.size(); i += 5) {
    ASSERT_TRUE(clients_[i].Request({"ECHO", "behind"}));
  }
  GoOn();
  for (size_t i = 1; i < clients_.size(); i += 5) {
    EXPECT_EQ(clients_[i].Read(), Bulk(big));
    EXPECT_EQ(clients_[i].Read(), Bulk(big));
    EXPECT_EQ(clients_[i].Read(), Bulk("behind"));
  }
}

// Publisher and subscriber are served in the same batch, the subscriber with replies on their way.
TEST_P(TogetherTest, MessagesAndRepliesDoNotMix) {
  OpenHolder();
  Connection subscriber = Raw(3);
  ASSERT_TRUE(subscriber.Request({"SUBSCRIBE", "news"}));
  ASSERT_EQ(subscriber.Read()->type, '>');
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    HoldUp();
    for (size_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(clients_[i].Request({"PUBLISH", "news", std::to_string(i)}));
    }
    ASSERT_TRUE(subscriber.Send(Encode({"ECHO", "a"}) + Encode({"ECHO", "b"})));
    for (size_t i = 3; i < 6; ++i) {
      ASSERT_TRUE(clients_[i].Request({"PUBLISH", "news", std::to_string(i)}));
    }
    GoOn();
    for (size_t i = 0; i < 6; ++i) ASSERT_EQ(clients_[i].Read(), Int(1));
    std::string replies;
    std::string messages;
    for (int n = 0; n < 8; ++n) {
      const std::optional<Reply> next = subscriber.Read();
      ASSERT_TRUE(next.has_value()) << subscriber.broken();
      if (next->type == '>') {
        messages += next->elements.at(2).text;
      } else {
        replies += next->text;
      }
    }
    EXPECT_EQ(replies, "ab");
    // Which of the publishers was served first is not said; each has spoken once.
    std::sort(messages.begin(), messages.end());
    EXPECT_EQ(messages, "012345");
  }
}

TEST_P(TogetherTest, WhoIsKilledInTheSameBatchGetsNoMoreThanItsReply) {
  OpenHolder();
  const long long id = clients_[1].Ask({"CLIENT", "ID"})->Integer();
  HoldUp();
  ASSERT_TRUE(clients_[0].Request({"CLIENT", "KILL", "ID", std::to_string(id)}));
  ASSERT_TRUE(clients_[1].Request({"ECHO", "last words"}));
  ASSERT_TRUE(clients_[2].Request({"PING"}));
  GoOn();
  EXPECT_EQ(clients_[0].Read(), Int(1));
  EXPECT_EQ(clients_[2].Read(), Status("PONG"));
  const std::optional<Reply> last = clients_[1].Read();
  EXPECT_TRUE(!last || *last == Bulk("last words"));
  EXPECT_TRUE(clients_[1].ClosedByPeer());
}

TEST_P(TogetherTest, InfoSaysHow) {
  Client client = Connect();
  const std::string info = client.Run("INFO", "replete").text;
  EXPECT_NE(info.find(std::string("io_uring:") + GetParam() + "\r\n"), std::string::npos) << info;
}

INSTANTIATE_TEST_SUITE_P(IoUring, TogetherTest, testing::Values("yes", "no"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace replete::test
