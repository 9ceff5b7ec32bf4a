#include "server/wake_pacing.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "core/keyspace/clock.h"

namespace replete {
namespace {

void SleepFor(int64_t nanos) {
  const timespec time{0, nanos};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
}

}  // namespace

int64_t WakePacing::MeasureMost() {
  std::array<int64_t, 16> costs;
  for (int64_t& cost : costs) {
    const int64_t start = ThreadNanos();
    SleepFor(kMostNanos);
    cost = ThreadNanos() - start;
  }
  const auto median = costs.begin() + costs.size() / 2;
  std::nth_element(costs.begin(), median, costs.end());
  return std::clamp(*median * kSleepShare, kMostNanos, kMostOfAllNanos);
}

int64_t WakePacing::PauseFor(int64_t reads, int64_t sessions, int64_t nanos, int64_t most) {
  if (reads == 0 || nanos <= 0) return 0;
  const int64_t between = nanos * sessions / reads;
  const int64_t pause = std::min(between / kPart, most);
  return pause * reads >= kWorthIt * nanos ? pause : 0;
}

bool WakePacing::Pause() {
  if (pause_nanos_ == 0) return false;
  if (MonotonicNanos() - began_ >= kWindowNanos) {
    Decide();
    if (pause_nanos_ == 0) return false;
  }
  SleepFor(pause_nanos_);
  return true;
}

void WakePacing::Decide() {
  const int64_t now = MonotonicNanos();
  if (enabled_) {
    pause_nanos_ = always_ ? most_ : PauseFor(reads_, sessions_, now - began_, most_);
  } else {
    pause_nanos_ = 0;
  }
  began_ = now;
  reads_ = sessions_ = 0;
  if (++window_ == 0) window_ = 1;
}

}  // namespace replete
