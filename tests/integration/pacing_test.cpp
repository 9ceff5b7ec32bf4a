// Loops that pause before they wait serve as those that do not, and wake-pacing switches them.
#include <optional>
#include <string>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class PacingTest : public DaemonTest {
 protected:
  void SetUp() override {
    REPLETE_ONLY();
    Start({}, 1);
  }

  long long Pauses() { return InfoNumber(&*client_, "replete", "wake_pauses"); }
  // More reads than a decision takes.
  void Ask() {
    for (int i = 0; i < 1100; ++i) ASSERT_EQ(client_->Run("INCR", "n"), Int(++asked_));
  }

  std::optional<Client> client_;
  long long asked_ = 0;

 private:
  const ScopedVariable commands_{"REPLETE_TEST_COMMANDS", "yes"};
  const ScopedVariable pauses_{"REPLETE_TEST_PAUSES", "yes"};
};

TEST_F(PacingTest, TheSettingHoldsFromTheNextDecisionOn) {
  client_ = Connect();
  Ask();
  EXPECT_GT(Pauses(), 0);

  // A loop looks at its settings some times a second.
  ASSERT_EQ(client_->Run("CONFIG", "SET", "wake-pacing", "no"), Status("OK"));
  EXPECT_TRUE(Eventually([&] {
    Ask();
    const long long before = Pauses();
    Ask();
    return Pauses() == before;
  }));

  ASSERT_EQ(client_->Run("CONFIG", "SET", "wake-pacing", "yes"), Status("OK"));
  const long long before = Pauses();
  EXPECT_TRUE(Eventually([&] {
    Ask();
    return Pauses() > before;
  }));
}

// A request that waited is answered between two looks at the sockets, where a loop that has paused
// finds nothing else: what was sent behind it has its turns all the same.
TEST_F(PacingTest, WhatIsBehindARequestThatWaitedIsServed) {
  constexpr int kBehind = 1500;  // more than one turn
  Connection connection = Raw();
  std::string pings;
  for (int i = 0; i < kBehind; ++i) pings += Encode({"PING"});
  for (int round = 1; round <= 100; ++round) {
    // As long as the pause, more or less.
    const std::string wait = std::to_string(round % 10 * 20);
    ASSERT_TRUE(connection.Send(Encode({"TESTLONG", wait, "n"}) + pings));
    ASSERT_EQ(connection.Read(), Int(round));
    for (int i = 0; i < kBehind; ++i) ASSERT_EQ(connection.Read(), Status("PONG")) << round;
  }
}

}  // namespace
}  // namespace replete::test
