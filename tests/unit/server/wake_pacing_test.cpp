#include "server/wake_pacing.h"

#include <gtest/gtest.h>

#include <vector>

namespace replete {
namespace {

constexpr int64_t kMicro = 1000;

int64_t PauseFor(int64_t reads, int64_t sessions, int64_t nanos) {
  return WakePacing::PauseFor(reads, sessions, nanos, WakePacing::kMostNanos);
}

TEST(WakePacing, IsAPartOfTheTimeBetweenTwoRequestsOfASession) {
  // 50 clients, a request each in 240 us.
  EXPECT_EQ(PauseFor(500, 50, 2400 * kMicro), 40 * kMicro);
  EXPECT_EQ(PauseFor(500, 50, 1200 * kMicro), 20 * kMicro);
}

TEST(WakePacing, HasAnUpperEnd) {
  EXPECT_EQ(PauseFor(512, 512, 5000 * kMicro), WakePacing::kMostNanos);
}

TEST(WakePacing, TheUpperEndFitsTheMachine) {
  const int64_t most = WakePacing::MeasureMost();
  EXPECT_GE(most, WakePacing::kMostNanos);
  EXPECT_LE(most, WakePacing::kMostOfAllNanos);
  EXPECT_EQ(WakePacing::PauseFor(512, 512, 5000 * kMicro, WakePacing::kMostOfAllNanos),
            WakePacing::kMostOfAllNanos);
  // A part of the time between two requests is what nobody's pause exceeds.
  EXPECT_EQ(WakePacing::PauseFor(500, 50, 2400 * kMicro, WakePacing::kMostOfAllNanos), 40 * kMicro);
}

TEST(WakePacing, NotForFewClients) {
  EXPECT_EQ(PauseFor(480, 1, 480 * 30 * kMicro), 0);
  EXPECT_EQ(PauseFor(480, 23, 480 * 6 * kMicro), 0);
  EXPECT_EQ(PauseFor(480, 24, 480 * 6 * kMicro), 24 * kMicro);
}

TEST(WakePacing, NotWhereLittleWouldArriveMeanwhile) {
  // 1000 clients that ask once a second.
  EXPECT_EQ(PauseFor(512, 512, 512'000 * kMicro), 0);
  EXPECT_EQ(PauseFor(0, 0, 1000), 0);
  EXPECT_EQ(PauseFor(5, 5, 0), 0);
}

TEST(WakePacing, CountsASessionOnceAWindow) {
  // However fast this runs: a window of one session never calls for a pause, and a window of many
  // at this speed always does.
  WakePacing pacing;
  uint32_t one = 0;
  for (uint32_t i = 0; i < 4 * WakePacing::kWindowReads; ++i) pacing.NoteRead(&one);
  EXPECT_FALSE(pacing.pauses());
  std::vector<uint32_t> marks(WakePacing::kWindowReads);
  for (uint32_t& mark : marks) pacing.NoteRead(&mark);
  EXPECT_TRUE(pacing.pauses());
  for (uint32_t i = 0; i < WakePacing::kWindowReads; ++i) pacing.NoteRead(&one);
  EXPECT_FALSE(pacing.pauses());
}

TEST(WakePacing, NotWhereItIsSwitchedOff) {
  WakePacing pacing;
  std::vector<uint32_t> marks(WakePacing::kWindowReads);
  pacing.Enable(false);
  for (uint32_t& mark : marks) pacing.NoteRead(&mark);
  EXPECT_FALSE(pacing.pauses());
  pacing.Enable(true);
  for (uint32_t& mark : marks) pacing.NoteRead(&mark);
  EXPECT_TRUE(pacing.pauses());
}

TEST(WakePacing, AnOldWindowEndsThePauses) {
  WakePacing pacing;
  std::vector<uint32_t> marks(WakePacing::kWindowReads);
  for (int turn = 0; turn < 2; ++turn) {
    for (uint32_t& mark : marks) pacing.NoteRead(&mark);
  }
  ASSERT_TRUE(pacing.pauses());
  // Nobody asks any more: the pauses themselves let the window grow old.
  while (pacing.pauses()) pacing.Pause();
  EXPECT_FALSE(pacing.pauses());
}

}  // namespace
}  // namespace replete
