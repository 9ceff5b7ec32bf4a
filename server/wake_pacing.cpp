#include "server/wake_pacing.h"

#include <algorithm>
#include <ctime>

#include "core/keyspace/clock.h"

namespace replete {

int64_t WakePacing::PauseFor(int64_t reads, int64_t sessions, int64_t nanos) {
  if (reads == 0 || nanos <= 0) return 0;
  const int64_t between = nanos * sessions / reads;
  const int64_t pause = std::min(between / kPart, kMostNanos);
  return pause * reads >= kWorthIt * nanos ? pause : 0;
}

bool WakePacing::Pause() {
  if (pause_nanos_ == 0) return false;
  if (MonotonicNanos() - began_ >= kWindowNanos) {
    Decide();
    if (pause_nanos_ == 0) return false;
  }
  const timespec time{0, pause_nanos_};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
  return true;
}

void WakePacing::Decide() {
  const int64_t now = MonotonicNanos();
  if (enabled_) {
    pause_nanos_ = always_ ? kMostNanos : PauseFor(reads_, sessions_, now - began_);
  } else {
    pause_nanos_ = 0;
  }
  began_ = now;
  reads_ = sessions_ = 0;
  if (++window_ == 0) window_ = 1;
}

}  // namespace replete
