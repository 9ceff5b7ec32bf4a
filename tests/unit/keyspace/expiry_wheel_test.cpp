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
  Entry* Remove(Entry* entry) {
    wheel_.Remove(entry);
    return entry;
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

// A wall clock that is set back: what is due before the time that had been reached comes out on
// time, and so does what was there already.
TEST_F(WheelTest, TimeGoesBack) {
  std::mt19937_64 random(2);
  const auto distance = [&] {
    return static_cast<int64_t>(std::pow(10.0, double(random() % 900) / 100));
  };
  int64_t now = kStart;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 300; ++i) Add(now + distance(), now);
    now += distance();
    Sweep(now);
    now -= distance();
    ASSERT_TRUE(wheel_.Rewind(now));
    for (int i = 0; i < 300; ++i) Add(now + distance(), now);
    // Some go while they are being put in their places.
    wheel_.Cascade(now, 100);
    if (wheel_.NextWork() == 0) {
      EXPECT_FALSE(wheel_.Rewind(now - 1'000'000)) << "not before the last time is done with";
    }
    for (int i = 0; i < 50; ++i) Drop(Remove(live_.begin()->first));
    Sweep(now, 7);
  }
  while (!live_.empty()) {
    int64_t soonest = kNoDeadline;
    for (auto& [entry, deadline] : live_) soonest = std::min(soonest, deadline);
    ASSERT_EQ(wheel_.Soonest([](Entry*) { return true; })->deadline(), soonest);
    now = std::max(now, soonest + ExpiryWheel::kTickMs);
    EXPECT_GE(Sweep(now), 1u);
  }
}

// All that was there goes before it is put in its place.
TEST_F(WheelTest, TimeGoesBackTwiceAndNobodyIsLeftInBetween) {
  Entry* entry = Add(kStart + 5000, kStart + 4000);
  ASSERT_TRUE(wheel_.Rewind(kStart));
  Drop(Remove(entry));
  EXPECT_EQ(wheel_.NextWork(), ExpiryWheel::kNever) << "nobody looks after it";
  EXPECT_TRUE(wheel_.Rewind(kStart - 1000));
  Add(kStart - 500, kStart - 1000);
  EXPECT_EQ(Sweep(kStart - 400), 1u);
}

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
    if (step % 3 != 0 || live_.empty()) continue;
    // But for a few, which a caller wants to keep.
    const Entry* kept = wheel_.Soonest([](const Entry*) { return true; });
    int64_t soonest = kNoDeadline;
    for (auto& [other, deadline] : live_) {
      if (step % 2 == 0 || other != kept) soonest = std::min(soonest, deadline);
    }
    const Entry* found =
        wheel_.Soonest([&](const Entry* other) { return step % 2 == 0 || other != kept; });
    ASSERT_EQ(found == nullptr ? kNoDeadline : found->deadline(), soonest) << step;
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

// One slot holds them all, whether they are due at once or one after the other.
TEST_F(WheelTest, TheSoonestAreNotLookedForOneByOne) {
  constexpr int kEntries = 50'000;
  for (const int64_t apart : {0, 1}) {
    for (int i = 0; i < kEntries; ++i) Add(kStart + 300'000'000 + i * apart, kStart);
    const uint64_t before = wheel_.looked_through();
    int64_t last = 0;
    for (int i = 0; i < kEntries; ++i) {
      Entry* soonest = wheel_.Soonest([](const Entry*) { return true; });
      ASSERT_NE(soonest, nullptr);
      ASSERT_GE(soonest->deadline(), last);
      last = soonest->deadline();
      wheel_.Remove(soonest);
      Drop(soonest);
      // Others come meanwhile, which are due later or a little sooner.
      if (i % 50 == 0) Drop(Remove(Add(kStart + 300'000'000 + kEntries, kStart)));
      if (i % 50 == 1) Drop(Remove(Add(kStart + 200'000'000, kStart)));
    }
    EXPECT_LE(wheel_.looked_through() - before, uint64_t{kEntries} * 64);
    EXPECT_EQ(wheel_.Soonest([](const Entry*) { return true; }), nullptr);
  }
}

TEST_F(WheelTest, AnEmptyWheelTakesNoMemoryUntilItIsUsed) {
  EXPECT_EQ(wheel_.bytes(), 0u);
  EXPECT_EQ(wheel_.NextWork(), ExpiryWheel::kNever);
  EXPECT_EQ(wheel_.Due(kStart), nullptr);
  EXPECT_EQ(wheel_.Soonest([](Entry*) { return true; }), nullptr);
}

}  // namespace
}  // namespace replete
