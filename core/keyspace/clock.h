#pragma once

#include <atomic>
#include <cstdint>

namespace replete {

// Unix time in milliseconds, for deadlines. Injected, so that tests move it themselves.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowMs() const = 0;
};

// CLOCK_MONOTONIC plus an offset to the wall clock: a wall clock that is set does not make keys die
// or live longer until Adopt takes the new offset over. Any thread.
class SystemClock final : public Clock {
 public:
  SystemClock();
  int64_t NowMs() const override;
  // Compares with the wall clock and adopts its offset when they differ by more than
  // `tolerance_ms`. Returns the difference adopted, or 0.
  int64_t Adopt(int64_t tolerance_ms);

 private:
  std::atomic<int64_t> offset_ms_;
};

// Monotonic nanoseconds, for durations.
int64_t MonotonicNanos();
inline int64_t MonotonicMillis() { return MonotonicNanos() / 1'000'000; }
// Nanoseconds that the calling thread has run: durations of work, however busy the machine is.
int64_t ThreadNanos();

}  // namespace replete
