#include "server/command_stats.h"

#include <gtest/gtest.h>

#include <random>

#include "server/command_table.h"

namespace replete {
namespace {

TEST(CommandStatsTest, BucketsCoverAllTimesInOrder) {
  EXPECT_EQ(CommandStats::BucketOf(0), 0u);
  for (size_t i = 0; i + 1 < CommandStats::kBuckets; ++i) {
    const uint64_t end = CommandStats::BucketEnd(i);
    EXPECT_EQ(CommandStats::BucketOf(end), i);
    EXPECT_EQ(CommandStats::BucketOf(end + 1), i + 1);
    EXPECT_LT(end, CommandStats::BucketEnd(i + 1));
    // From the first whole power of two on no bucket is wider than a quarter of its end.
    if (i > 0) {
      EXPECT_LE(static_cast<double>(CommandStats::BucketEnd(i + 1)),
                1.26 * static_cast<double>(end + 1));
    }
  }
  EXPECT_EQ(CommandStats::BucketOf(UINT64_MAX), CommandStats::kBuckets - 1);
}

TEST(CommandStatsTest, PercentilesAreThoseOfWhatWasCounted) {
  const CommandTable table(false);
  CommandStats stats(table, false);
  const Command& get = *table.Find("get");
  for (uint64_t ticks = 1; ticks <= 10'000; ++ticks) stats.NoteCall(get, ticks, false, true);
  CommandStats::Total total;
  stats.AddTo(get, &total);
  EXPECT_EQ(total.calls, 10'000u);
  EXPECT_EQ(total.timed(), 10'000u);
  EXPECT_EQ(total.ticks, 10'000u * 10'001 / 2);
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const double exact = percent * 100;
    const auto told = static_cast<double>(total.Percentile(percent));
    EXPECT_GE(told, exact);
    EXPECT_LE(told, exact * 1.26 + 32);
  }
}

TEST(CommandStatsTest, EveryCommandIsCountedForItself) {
  const CommandTable table(true);
  CommandStats stats(table, true);
  uint64_t n = 0;
  const auto each = [&](auto&& fn) {
    for (const Command* command : table.all()) {
      fn(*command);
      for (const Command& sub : command->subcommands) fn(sub);
    }
  };
  each([&](const Command& command) {
    ++n;
    for (uint64_t i = 0; i < n; ++i) stats.NoteCall(command, 1, i % 2 == 0, false);
    stats.NoteRejected(command);
  });
  uint64_t m = 0;
  each([&](const Command& command) {
    ++m;
    CommandStats::Total total;
    stats.AddTo(command, &total);
    EXPECT_EQ(total.calls, m) << command.name;
    EXPECT_EQ(total.failed, (m + 1) / 2) << command.name;
    EXPECT_EQ(total.rejected, 1u);
    EXPECT_EQ(total.timed(), 0u);
  });
  EXPECT_GT(n, 100u);
}

TEST(CommandStatsTest, WhatWasCountedBeforeCanBeTakenOff) {
  const CommandTable table(false);
  CommandStats stats(table, false);
  const Command& get = *table.Find("get");
  stats.NoteCall(get, 1000, true, true);
  CommandStats::Total before;
  stats.AddTo(get, &before);
  stats.NoteCall(get, 50, false, true);
  CommandStats::Total total;
  stats.AddTo(get, &total);
  total.Subtract(before);
  EXPECT_EQ(total.calls, 1u);
  EXPECT_EQ(total.ticks, 50u);
  EXPECT_EQ(total.failed, 0u);
  EXPECT_EQ(total.Percentile(100), CommandStats::BucketEnd(CommandStats::BucketOf(50)));
}

}  // namespace
}  // namespace replete
