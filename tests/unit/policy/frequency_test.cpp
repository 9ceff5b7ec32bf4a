#include "core/policy/frequency.h"

#include <gtest/gtest.h>

#include <random>

namespace replete {
namespace {

constexpr int64_t kMinute = 60'000;
constexpr int64_t kNow = kMinute * 1'000'000;

uint32_t AfterUses(int uses) {
  std::mt19937 random(1);
  uint32_t clock = Frequency::First(kNow);
  for (int i = 0; i < uses; ++i) clock = Frequency::Used(clock, kNow, random());
  return Frequency::Count(clock, kNow);
}

TEST(FrequencyTest, GrowsAsTheLogarithmOfUses) {
  EXPECT_EQ(AfterUses(0), Frequency::kInitial);
  uint32_t before = 0;
  for (const int uses : {1, 10, 100, 1000, 10'000, 100'000}) {
    const uint32_t count = AfterUses(uses);
    EXPECT_GT(count, before) << uses;
    before = count;
  }
  // What redis.conf tells of lfu-log-factor 10, give or take.
  EXPECT_NEAR(AfterUses(100), 10, 5);
  EXPECT_NEAR(AfterUses(1000), 18, 6);
  EXPECT_NEAR(AfterUses(100'000), 142, 20);
  EXPECT_EQ(AfterUses(3'000'000), 255u);
}

TEST(FrequencyTest, EachIdleMinuteTakesOneOff) {
  uint32_t clock = Frequency::First(kNow);
  EXPECT_EQ(Frequency::Count(clock, kNow + kMinute - 1), 5u);
  EXPECT_EQ(Frequency::Count(clock, kNow + kMinute), 4u);
  EXPECT_EQ(Frequency::Count(clock, kNow + kMinute * 5), 0u);
  EXPECT_EQ(Frequency::Count(clock, kNow + kMinute * 5000), 0u);
  clock = Frequency::Used(clock, kNow + kMinute * 3, 0);
  EXPECT_EQ(Frequency::Count(clock, kNow + kMinute * 3), 3u) << "two left, and a use that counts";
}

TEST(FrequencyTest, MinutesWrapAround) {
  const int64_t last = kMinute * 0xffff;
  const uint32_t clock = Frequency::First(last);
  EXPECT_EQ(Frequency::Count(clock, last + kMinute), 4u);
}

}  // namespace
}  // namespace replete
