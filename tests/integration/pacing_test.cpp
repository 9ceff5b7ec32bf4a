// Loops that pause before they wait serve as those that do not, and wake-pacing switches them.
#include <cstdlib>
#include <string>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class PacingTest : public DaemonTest {
 protected:
  void SetUp() override {
    REPLETE_ONLY();
    ::setenv("REPLETE_TEST_COMMANDS", "yes", 1);
    ::setenv("REPLETE_TEST_PAUSES", "yes", 1);
    Start({}, 1);
  }
  // What the whole suite was started with stays as it is.
  void TearDown() override {
    if (!paused_before_) ::unsetenv("REPLETE_TEST_PAUSES");
    if (!commands_before_) ::unsetenv("REPLETE_TEST_COMMANDS");
  }

  long long Pauses() {
    const std::string info = client_->Run("INFO", "replete").text;
    const std::string name = "wake_pauses:";
    const std::size_t at = info.find(name);
    return at == std::string::npos ? -1 : std::stoll(info.substr(at + name.size()));
  }
  // More reads than a decision takes.
  void Ask() {
    for (int i = 0; i < 1100; ++i) ASSERT_EQ(client_->Run("INCR", "n"), Int(++asked_));
  }

  std::optional<Client> client_;
  long long asked_ = 0;

 private:
  const bool paused_before_ = std::getenv("REPLETE_TEST_PAUSES") != nullptr;
  const bool commands_before_ = std::getenv("REPLETE_TEST_COMMANDS") != nullptr;
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
