#pragma once

#include <cstdint>

#include "server/cycle_clock.h"

namespace replete {

class ServerStats;

// The longest handlers of one loop, by the clock, which includes the time in which the thread had
// no core, and by the thread's CPU time. The thread's CPU clock is a system call: it is read at
// most once in kMarkNanos and when a handler took longer than the longest so far, so that the CPU
// time of a handler comes out too long by up to that, never too short. The loop's thread only.
class IterationMeter {
 public:
  static constexpr int64_t kMarkNanos = 100'000;

  explicit IterationMeter(ServerStats& stats);

  // A handler that began at `start` (CycleClock) ends now.
  void Note(uint64_t start) {
    const uint64_t now = CycleClock::Ticks();
    const uint64_t ticks = now - start;
    if (ticks > longest_ticks_ || ticks > longest_cpu_ticks_) [[unlikely]]
      NoteLong(ticks);
    if (now - marked_ > mark_ticks_) [[unlikely]]
      Mark();
  }

  // Starts anew when the maxima were reset.
  void Refresh();

 private:
  void NoteLong(uint64_t ticks);
  void Mark();

  ServerStats& stats_;
  uint64_t resets_seen_ = 0;
  uint64_t longest_ticks_ = 0;
  uint64_t longest_cpu_ticks_ = 0;
  uint64_t mark_ticks_ = 0;
  uint64_t marked_ = 0;     // when
  int64_t marked_cpu_ = 0;  // at which CPU time
};

}  // namespace replete
