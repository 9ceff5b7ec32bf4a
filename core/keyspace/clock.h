#pragma once

#include <atomic>
#include <cstdint>

namespace replete {

// Injected, so that tests move it themselves.
class Clock {
 public:
  virtual ~Clock() = default;
  // Unix time in milliseconds, for deadlines.
  virtual int64_t NowMs() const = 0;
  // Seconds that only go forward, from any beginning, as of the last Tick: costs nothing to read.
  // Any thread.
  uint32_t second() const { return second_.load(std::memory_order_relaxed); }
  // To be called several times a second. The milliseconds by which somebody has set the wall clock
  // since, which NowMs follows from now on; mostly 0.
  virtual int64_t Tick() = 0;

 protected:
  void set_second(uint32_t second) { second_.store(second, std::memory_order_relaxed); }

 private:
  std::atomic<uint32_t> second_{0};
};

// CLOCK_MONOTONIC plus an offset to the wall clock, which Tick corrects: between ticks time never
// goes back. Any thread; one ticks.
class SystemClock final : public Clock {
 public:
  SystemClock();
  int64_t NowMs() const override;
  int64_t Tick() override;

 private:
  int64_t Difference() const;

  std::atomic<int64_t> offset_ms_;
};

// Monotonic nanoseconds, for durations.
int64_t MonotonicNanos();
inline int64_t MonotonicMillis() { return MonotonicNanos() / 1'000'000; }
// Nanoseconds that the calling thread has run: durations of work, however busy the machine is.
int64_t ThreadNanos();

}  // namespace replete
