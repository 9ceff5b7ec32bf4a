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

}  // namespace
}  // namespace replete::test
