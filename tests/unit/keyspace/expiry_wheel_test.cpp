#include "core/keyspace/expiry_wheel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>

namespace replete {
namespace {

constexpr int64_t kStart = 1'700'000'000'000;

class WheelTest : public ::testing::Test {
 protected:
  ~WheelTest() override {
    for (auto& [entry, deadline] : live_) Entry::Delete(entry);
  }
  Entry* Add(int64_t deadline, int64_t now) {
    Entry* entry = Entry::NewString(std::to_string(count_++), "v", Entry::kDeadline);
    entry->set_deadline(deadline);
    wheel_.Add(entry, now);
    live_[entry] = deadline;
    return entry;
  }
  void Drop(Entry* entry) {
    live_.erase(entry);
    Entry::Delete(entry);
  }
  Entry* PopDue(int64_t now) {
    Entry* entry = wheel_.Due(now);
    if (entry != nullptr) wheel_.Remove(entry);
    return entry;
  }
  // All work at `now`; checks that what comes out is due and that nothing due for a tick stays.
  size_t Sweep(int64_t now, size_t budget = 1000000) {
    size_t popped = 0;
    // Rounds: after a long absence upper slots come down only when the lower ones are empty, and
    // what is then overdue comes out with the running slot.
    const int64_t ticks[] = {now, now + ExpiryWheel::kTickMs};
    for (size_t i = 0; i < 2;) {
      bool progress = wheel_.Cascade(ticks[i], budget) > 0;
      while (Entry* entry = PopDue(ticks[i])) {
        EXPECT_LE(entry->deadline(), ticks[i]);
        Drop(entry);
        ++popped;
        progress = true;
      }
      if (!progress) ++i;
    }
    for (auto& [entry, deadline] : live_) EXPECT_GT(deadline, now - 2 * ExpiryWheel::kTickMs);
    EXPECT_EQ(wheel_.size(), live_.size());
    return popped;
  }
  ExpiryWheel wheel_;
  std::map<Entry*, int64_t> live_;
  int count_ = 0;
};

TEST_F(WheelTest, EveryDistanceComesOutWithinATick) {
  std::mt19937_64 random(1);
  int64_t now = kStart;
  for (int i = 0; i < 400; ++i) {
    // From a millisecond to a century, evenly by magnitude.
    auto distance = static_cast<int64_t>(std::pow(10.0, double(random() % 1250) / 100));
    Add(now + distance, now);
  }
  while (!live_.empty()) {
    int64_t next = wheel_.NextWork();
    ASSERT_NE(next, ExpiryWheel::kNever);
    int64_t soonest = kNoDeadline;
    for (auto& [entry, deadline] : live_) soonest = std::min(soonest, deadline);
    ASSERT_EQ(wheel_.Soonest([](Entry*) { return true; })->deadline(), soonest);
    // There is work no later than a tick after the first deadline.
    ASSERT_LE(next, soonest + 2 * ExpiryWheel::kTickMs);
    now = std::max(now + 1, next);
    Sweep(now);
  }
  EXPECT_EQ(wheel_.NextWork(), ExpiryWheel::kNever);
}

TEST_F(WheelTest, RandomAddRemoveRefreshRelink) {
  std::mt19937_64 random(2);
  int64_t now = kStart;
  for (int step = 0; step < 30000; ++step) {
    now += static_cast<int64_t>(random() % 40);
    if (random() % 500 == 0) now += 100000;  // the sweeper was away
    Add(now + 1 + static_cast<int64_t>(random() % (random() % 3 ? 3000 : 5'000'000)), now);
    auto pick = live_.begin();
    std::advance(pick, static_cast<int64_t>(random() % std::min<size_t>(live_.size(), 20)));
    Entry* entry = pick->first;
    if (random() % 3 == 0) {
      wheel_.Remove(entry);
      Drop(entry);
    } else if (random() % 2) {
      wheel_.Remove(entry);
      entry->set_deadline(now + 5 + static_cast<int64_t>(random() % 10000));
      live_[entry] = entry->deadline();
      wheel_.Add(entry, now);
    } else {
      auto links = ExpiryWheel::LinksOf(entry);
      int64_t deadline = entry->deadline();
      live_.erase(entry);
      Entry* moved = Entry::Rebuild(entry, "renamed to something longer", Entry::kDeadline);
      wheel_.Relink(moved, links);
      live_[moved] = deadline;
    }
    if (step % 7 == 0) Sweep(now);
  }
  Sweep(now + 6'000'000);
  EXPECT_TRUE(live_.empty());
}

TEST_F(WheelTest, CascadesInSmallSlicesLoseNothing) {
  int64_t now = kStart;
  for (int i = 0; i < 5000; ++i) Add(now + 300'000 + i % 500, now);
  size_t popped = 0;
  while (now < kStart + 300'600) {
    now += 20;
    wheel_.Cascade(now, 120);
    while (Entry* entry = PopDue(now)) {
      ASSERT_LE(entry->deadline(), now);
      Drop(entry);
      ++popped;
    }
  }
  // The slices were enough: a slot is spread one slot's time ahead.
  EXPECT_EQ(popped, 5000u);
}

TEST_F(WheelTest, AnEmptyWheelTakesNoMemoryUntilItIsUsed) {
  EXPECT_EQ(wheel_.bytes(), 0u);
  EXPECT_EQ(wheel_.NextWork(), ExpiryWheel::kNever);
  EXPECT_EQ(wheel_.Due(kStart), nullptr);
  EXPECT_EQ(wheel_.Soonest([](Entry*) { return true; }), nullptr);
}

}  // namespace
}  // namespace replete
