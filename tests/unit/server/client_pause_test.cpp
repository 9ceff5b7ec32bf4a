#include "server/client_pause.h"

#include <gtest/gtest.h>

#include <memory>

namespace replete {
namespace {

class Sleeper : public Waiter {
 public:
  void Wake() override { ++woken; }
  int woken = 0;
};

constexpr uint32_t kReads = command_flag::kReadonly;
constexpr uint32_t kWrites = command_flag::kWrite;

TEST(ClientPauseTest, HoldsWhatItIsFor) {
  ClientPause pause;
  const auto one = std::make_shared<Sleeper>();
  EXPECT_FALSE(pause.Holds(kWrites, one));
  pause.Begin(1000, false);
  EXPECT_TRUE(pause.Holds(kWrites, one));
  EXPECT_TRUE(pause.Holds(command_flag::kMayReplicate, one));
  EXPECT_FALSE(pause.Holds(kReads, one));
  // Of two pauses the stricter one, and the later end.
  pause.Begin(500, true);
  EXPECT_TRUE(pause.Holds(kReads, one));
  pause.Begin(900, false);
  EXPECT_TRUE(pause.Holds(kReads, one));
  pause.Tick(999);
  EXPECT_TRUE(pause.active());
  EXPECT_EQ(one->woken, 0);
  pause.Tick(1000);
  EXPECT_FALSE(pause.active());
  EXPECT_EQ(one->woken, 4);
  // The next one begins from nothing.
  pause.Begin(2000, false);
  EXPECT_FALSE(pause.Holds(kReads, one));
}

TEST(ClientPauseTest, KeepsNobodyWhoHasLeft) {
  ClientPause pause;
  auto one = std::make_shared<Sleeper>();
  auto other = std::make_shared<Sleeper>();
  EXPECT_FALSE(pause.Forget(one.get()));
  pause.Begin(1000, true);
  pause.Holds(kWrites, one);
  pause.Holds(kWrites, other);
  EXPECT_TRUE(pause.Forget(one.get()));
  EXPECT_FALSE(pause.Forget(one.get()));
  EXPECT_EQ(one.use_count(), 1);
  pause.End();
  EXPECT_EQ(one->woken, 0);
  EXPECT_EQ(other->woken, 1);
}

}  // namespace
}  // namespace replete
