#pragma once

#include <cstdint>

#include "core/keyspace/clock.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace replete {

// The cheapest clock there is, for measuring every loop iteration: ticks, turned into nanoseconds
// by comparing with the system's clock since the process started (the counter of today's processors
// runs evenly).
class CycleClock {
 public:
  static uint64_t Ticks() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return static_cast<uint64_t>(MonotonicNanos());
#endif
  }
  static int64_t Nanos(uint64_t ticks) {
    return static_cast<int64_t>(static_cast<double>(ticks) * NanosPerTick());
  }
  static uint64_t TicksIn(int64_t nanos) {
    return static_cast<uint64_t>(static_cast<double>(nanos) / NanosPerTick());
  }

 private:
  static double NanosPerTick() {
    const uint64_t ticks = Ticks() - start_ticks_;
    const int64_t nanos = MonotonicNanos() - start_nanos_;
    if (ticks == 0 || nanos <= 0) return 1;
    return static_cast<double>(nanos) / static_cast<double>(ticks);
  }

  static const uint64_t start_ticks_;
  static const int64_t start_nanos_;
};

inline const uint64_t CycleClock::start_ticks_ = CycleClock::Ticks();
inline const int64_t CycleClock::start_nanos_ = MonotonicNanos();

}  // namespace replete
