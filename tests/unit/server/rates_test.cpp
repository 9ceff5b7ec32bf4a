#include "server/rates.h"

#include <gtest/gtest.h>

namespace replete {
namespace {

TEST(RatesTest, AreTheMeanOverTheLastSamples) {
  Rates rates;
  EXPECT_EQ(rates.Of(Rates::kCommands), 0u);
  rates.Sample(1000, {5, 0, 0});
  EXPECT_EQ(rates.Of(Rates::kCommands), 0u) << "one sample says nothing";
  for (int i = 1; i <= 100; ++i) {
    const auto n = static_cast<uint64_t>(i);
    rates.Sample(1000 + i * 100, {5 + n * 10, n * 1000, 0});
    EXPECT_EQ(rates.Of(Rates::kCommands), 100u);
    EXPECT_EQ(rates.Of(Rates::kInputBytes), 10'000u);
    EXPECT_EQ(rates.Of(Rates::kOutputBytes), 0u);
  }
  // Nothing more happens: after 1.6 seconds nobody remembers.
  for (int i = 101; i <= 116; ++i) rates.Sample(1000 + i * 100, {1005, 100'000, 0});
  EXPECT_EQ(rates.Of(Rates::kCommands), 0u);
}

TEST(RatesTest, CountersThatWereResetGiveNoRate) {
  Rates rates;
  rates.Sample(1000, {100, 0, 0});
  rates.Sample(1100, {3, 0, 0});
  EXPECT_EQ(rates.Of(Rates::kCommands), 0u);
}

}  // namespace
}  // namespace replete
