#include "core/keyspace/clock.h"

#include <cstdlib>
#include <ctime>

namespace replete {
namespace {

int64_t Nanos(clockid_t id) {
  timespec time;
  clock_gettime(id, &time);
  return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
}

int64_t Millis(clockid_t id) { return Nanos(id) / 1'000'000; }

}  // namespace

SystemClock::SystemClock() : offset_ms_(Millis(CLOCK_REALTIME) - Millis(CLOCK_MONOTONIC)) {}

int64_t SystemClock::NowMs() const {
  return Millis(CLOCK_MONOTONIC) + offset_ms_.load(std::memory_order_relaxed);
}

int64_t SystemClock::Adopt(int64_t tolerance_ms) {
  const int64_t difference = Millis(CLOCK_REALTIME) - NowMs();
  if (std::llabs(difference) <= tolerance_ms) return 0;
  offset_ms_.fetch_add(difference, std::memory_order_relaxed);
  return difference;
}

int64_t MonotonicNanos() { return Nanos(CLOCK_MONOTONIC); }

int64_t ThreadNanos() { return Nanos(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace replete
