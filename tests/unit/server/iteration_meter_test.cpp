#include "server/iteration_meter.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "core/keyspace/clock.h"
#include "server/server_stats.h"

namespace replete {
namespace {

constexpr auto kSleep = std::chrono::milliseconds(30);

void Work(int64_t nanos) {
  for (const int64_t end = ThreadNanos() + nanos; ThreadNanos() < end;) {
  }
}

class IterationMeterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::this_thread::sleep_for(kSleep);  // the clocks have something to compare
    meter_.Refresh();
    meter_.Note(CycleClock::Ticks());
  }

  ServerStats stats_;
  IterationMeter meter_{stats_};
};

TEST_F(IterationMeterTest, WaitingCountsByTheClockOnly) {
  const uint64_t start = CycleClock::Ticks();
  std::this_thread::sleep_for(kSleep);
  meter_.Note(start);
  EXPECT_GE(stats_.longest_loop_iteration_us(), 29'000);
  EXPECT_LT(stats_.longest_loop_iteration_cpu_us(), stats_.longest_loop_iteration_us() / 2);
}

TEST_F(IterationMeterTest, WorkCountsBothWaysAlsoAfterALongWait) {
  uint64_t start = CycleClock::Ticks();
  std::this_thread::sleep_for(kSleep);
  meter_.Note(start);
  start = CycleClock::Ticks();
  Work(5'000'000);
  meter_.Note(start);
  EXPECT_GE(stats_.longest_loop_iteration_cpu_us(), 4'900);
}

TEST_F(IterationMeterTest, ManyShortOnesAreNotTakenForALongOne) {
  for (int i = 0; i < 2000; ++i) {
    const uint64_t start = CycleClock::Ticks();
    Work(10'000);
    meter_.Note(start);
  }
  // 20 ms in all; what the system takes in between may be added to one.
  EXPECT_LT(stats_.longest_loop_iteration_cpu_us(), 15'000);
}

TEST_F(IterationMeterTest, AfterAResetItStartsAnew) {
  uint64_t start = CycleClock::Ticks();
  Work(5'000'000);
  meter_.Note(start);
  stats_.ResetMaxima();
  meter_.Refresh();
  EXPECT_EQ(stats_.longest_loop_iteration_us(), 0);
  EXPECT_EQ(stats_.longest_loop_iteration_cpu_us(), 0);
  start = CycleClock::Ticks();
  Work(300'000);
  meter_.Note(start);
  EXPECT_GE(stats_.longest_loop_iteration_cpu_us(), 290);
}

}  // namespace
}  // namespace replete
