#include "server/thread_scaling.h"

#include <gtest/gtest.h>

namespace replete {
namespace {

constexpr ThreadScaling::Window kBusy{.busiest = 0.95, .total = 0.95, .idle = 3};

size_t After(ThreadScaling* scaling, int windows, const ThreadScaling::Window& window) {
  size_t active = scaling->active();
  for (int i = 0; i < windows; ++i) active = scaling->Observe(window);
  EXPECT_EQ(active, scaling->active());
  return active;
}

TEST(ThreadScaling, BeginsWithOne) {
  ThreadScaling scaling(8);
  EXPECT_EQ(scaling.active(), 1u);
  EXPECT_EQ(After(&scaling, 100, {.busiest = 0.5, .total = 0.5, .idle = 7}), 1u);
}

TEST(ThreadScaling, DoublesWhileTheBusiestIsAtItsLimit) {
  ThreadScaling scaling(6);
  EXPECT_EQ(After(&scaling, 1, kBusy), 1u) << "one window is not enough";
  EXPECT_EQ(After(&scaling, 1, kBusy), 2u);
  EXPECT_EQ(After(&scaling, 1, kBusy), 2u) << "the count began anew";
  EXPECT_EQ(After(&scaling, 1, kBusy), 4u);
  EXPECT_EQ(After(&scaling, 2, kBusy), 6u) << "not more than there are";
  EXPECT_EQ(After(&scaling, 50, {.busiest = 1, .total = 6, .idle = 2}), 6u);
}

TEST(ThreadScaling, WindowsCountInARow) {
  ThreadScaling scaling(2);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(After(&scaling, 1, kBusy), 1u);
    EXPECT_EQ(After(&scaling, 1, {.busiest = 0.8, .total = 0.8, .idle = 3}), 1u);
  }
}

TEST(ThreadScaling, NeedsACoreThatNobodyUses) {
  ThreadScaling scaling(2);
  EXPECT_EQ(After(&scaling, 100, {.busiest = 1, .total = 1, .idle = 0.4}), 1u);
  EXPECT_EQ(After(&scaling, 2, {.busiest = 1, .total = 1, .idle = 0.6}), 2u);
}

TEST(ThreadScaling, HalvesAfterTwoSecondsOfSlack) {
  ThreadScaling scaling(3);
  ASSERT_EQ(After(&scaling, 4, kBusy), 3u);
  const ThreadScaling::Window slack{.busiest = 0.4, .total = 1.0, .idle = 3};
  EXPECT_EQ(After(&scaling, 19, slack), 3u);
  EXPECT_EQ(After(&scaling, 1, slack), 2u) << "half, rounded up";
  EXPECT_EQ(After(&scaling, 100, slack), 2u) << "one loop would be full";
  EXPECT_EQ(After(&scaling, 20, {.busiest = 0.3, .total = 0.6, .idle = 3}), 1u);
  EXPECT_EQ(After(&scaling, 100, {.idle = 4}), 1u);
}

TEST(ThreadScaling, HalvesSoonWhereTheLoopsTakeCoresFromEachOther) {
  ThreadScaling scaling(2);
  ASSERT_EQ(After(&scaling, 2, kBusy), 2u);
  const ThreadScaling::Window squeezed{.busiest = 0.5, .total = 0.88, .idle = 0};
  EXPECT_EQ(After(&scaling, 4, squeezed), 2u);
  EXPECT_EQ(After(&scaling, 1, squeezed), 1u);
  ASSERT_EQ(After(&scaling, 2, kBusy), 2u);
  EXPECT_EQ(After(&scaling, 100, {.busiest = 0.7, .total = 1.2, .idle = 0}), 2u)
      << "one would not do";
}

TEST(IdleCores, TellsNoMoreThanThereAre) {
  IdleCores idle;
  EXPECT_EQ(idle.Read(), 0);
  volatile unsigned work = 0;
  for (int i = 0; i < 50'000'000; ++i) work = work + 1;
  const double cores = idle.Read();
  EXPECT_GE(cores, 0);
  EXPECT_LE(cores, 4096);
}

}  // namespace
}  // namespace replete
