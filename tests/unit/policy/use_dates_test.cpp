#include "core/policy/use_dates.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace replete {
namespace {

constexpr uint32_t kStart = 1'000'000'000;

TEST(UseDatesTest, ToTheSecondWhileNoNoteWasLetGo) {
  UseDates dates;
  uint32_t clock = UINT32_MAX - 50;  // wraps
  std::map<uint32_t, uint32_t> used;
  for (const uint32_t second : {kStart, kStart + 1, kStart + 7, kStart + 3000}) {
    for (int use = 0; use < 40; ++use) {
      ++clock;
      if (dates.last_second() != second) dates.Add(clock, second);
      used[clock] = second;
    }
  }
  for (const auto& [at, second] : used) EXPECT_EQ(dates.SecondOf(at, clock), second) << at;
  EXPECT_EQ(dates.SecondOf(dates.ClockOf(kStart + 7), clock), kStart + 7);
}

// A minute later, and the other counter stands elsewhere.
TEST(UseDatesTest, AnotherCounterMayGoOnFromItsPoints) {
  UseDates dates;
  uint32_t clock = 100;
  for (uint32_t second = kStart; second < kStart + 500; second += 1 + second % 7) {
    dates.Add(++clock, second);
    clock += second % 5;
  }
  const uint32_t stopped = kStart + 510;
  constexpr uint32_t kOther = 3;  // wraps
  constexpr uint32_t kAway = 60;
  UseDates other;
  other.Add(1, stopped + kAway);
  other.Assign(dates.Points(clock, stopped), kOther, stopped);
  for (uint32_t age = 0; age < 200; ++age) {
    EXPECT_EQ(other.SecondOf(kOther - age, kOther), dates.SecondOf(clock - age, clock)) << age;
  }
  other.Add(kOther + 1, stopped + kAway);
  EXPECT_EQ(other.SecondOf(kOther + 1, kOther + 1), stopped + kAway);
  EXPECT_EQ(other.SecondOf(kOther - 5, kOther + 1), dates.SecondOf(clock - 5, clock));
}

TEST(UseDatesTest, WhatBringsItsIdleTimeKeepsIt) {
  UseDates dates;
  dates.Add(1, kStart);
  for (const uint32_t idle : {1u, 17u, 1000u, 86'400u * 365, UseDates::kLongest}) {
    EXPECT_EQ(kStart - dates.SecondOf(dates.ClockOf(kStart - idle), 1), idle);
  }
}

// A month of bursts and silences: an idle time is told within a quarter of what it is.
TEST(UseDatesTest, ReachesBackForEverWithABoundedError) {
  std::mt19937 random(1);
  UseDates dates;
  std::map<uint32_t, uint32_t> used;  // a sample
  uint32_t clock = 0;
  uint32_t second = kStart;
  while (second < kStart + 30 * 86'400) {
    dates.Add(clock + 1, second);
    clock += 1 + random() % 1000;
    if (random() % 50 == 0) used[clock] = second;
    second += random() % 20 == 0 ? 1 + random() % 5000 : 1;
  }
  ASSERT_GT(used.size(), 200u);
  for (const auto& [at, truth] : used) {
    const double idle = second - truth;
    const double told = second - dates.SecondOf(at, clock);
    EXPECT_NEAR(told, idle, idle / 4 + 1) << idle << " seconds ago";
  }
}

}  // namespace
}  // namespace replete
