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

SystemClock::SystemClock() : offset_ms_(Millis(CLOCK_REALTIME) - Millis(CLOCK_MONOTONIC)) {
  SystemClock::Tick();
}

int64_t SystemClock::NowMs() const {
  return Millis(CLOCK_MONOTONIC) + offset_ms_.load(std::memory_order_relaxed);
}

// Not from 0 on: there are idle times that began long before the machine was started.
int64_t SystemClock::Tick() {
  constexpr uint32_t kBase = 1 << 30;
  set_second(kBase + static_cast<uint32_t>(Millis(CLOCK_MONOTONIC) / 1000));
  // The thread may have lost its core between the two clocks: only what is seen twice is so.
  constexpr int64_t kTolerance = 20;
  const int64_t once = Difference();
  if (std::llabs(once) <= kTolerance) return 0;
  const int64_t twice = Difference();
  if (std::llabs(twice - once) > kTolerance) return 0;
  offset_ms_.fetch_add(twice, std::memory_order_relaxed);
  return twice;
}

int64_t SystemClock::Difference() const { return Millis(CLOCK_REALTIME) - NowMs(); }

int64_t MonotonicNanos() { return Nanos(CLOCK_MONOTONIC); }

int64_t ThreadNanos() { return Nanos(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace replete
