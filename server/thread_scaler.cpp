#include "server/thread_scaler.h"

#include <algorithm>

#include "core/keyspace/clock.h"
#include "server/loop.h"

namespace replete {

ThreadScaler::ThreadScaler(std::span<const std::unique_ptr<Loop>> loops)
    : loops_(loops),
      scaling_(loops.size()),
      cpu_nanos_(loops.size(), 0),
      last_nanos_(MonotonicNanos()) {}

size_t ThreadScaler::Tick() {
  const size_t before = scaling_.active();
  const size_t now = scaling_.Observe(Measure());
  // What could not move when its loop went out of use may be able to by now.
  constexpr unsigned kOften = 10;
  if (now > before) {
    Spread(before, now);
  } else if (now < before || ++windows_ % kOften == 0) {
    Gather(now);
  }
  return now;
}

ThreadScaling::Window ThreadScaler::Measure() {
  ThreadScaling::Window window;
  const int64_t now = MonotonicNanos();
  const auto elapsed = static_cast<double>(std::max<int64_t>(now - last_nanos_, 1));
  last_nanos_ = now;
  for (size_t i = 0; i < loops_.size(); ++i) {
    const int64_t cpu = loops_[i]->CpuNanos();
    const double busy = static_cast<double>(cpu - cpu_nanos_[i]) / elapsed;
    cpu_nanos_[i] = cpu;
    window.busiest = std::max(window.busiest, busy);
    window.total += busy;
  }
  window.idle = idle_cores_.Read();
  return window;
}

// Each loop in use shares with one that was not.
void ThreadScaler::Spread(size_t before, size_t now) {
  for (size_t i = before; i < now; ++i) loops_[i - before]->Give(*loops_[i], 2);
}

void ThreadScaler::Gather(size_t now) {
  for (size_t i = now; i < loops_.size(); ++i) loops_[i]->Give(*loops_[i % now], 1);
}

}  // namespace replete
