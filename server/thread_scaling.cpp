#include "server/thread_scaling.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "core/keyspace/clock.h"

namespace replete {
namespace {

// A loop above this has no time to spare, and half a core for another is worth having.
constexpr double kSaturated = 0.85;
constexpr double kIdleForOne = 0.5;
constexpr int kSaturatedWindows = 2;
// Half of the loops would be used up to this.
constexpr double kSlack = 0.6;
constexpr int kSlackWindows = 20;
// Nothing is idle, and half of the loops would do: the loops are in each other's way.
constexpr double kNothingIdle = 0.1;
constexpr double kSqueezed = 0.9;
constexpr int kSqueezedWindows = 5;

int CountIf(bool so, int before) { return so ? before + 1 : 0; }

}  // namespace

size_t ThreadScaling::Observe(const Window& window) {
  const size_t half = (active_ + 1) / 2;
  const auto halved = static_cast<double>(half);
  const bool may_shrink = half < active_;
  saturated_ = CountIf(
      active_ < most_ && window.busiest >= kSaturated && window.idle >= kIdleForOne, saturated_);
  slack_ = CountIf(may_shrink && window.total <= kSlack * halved, slack_);
  squeezed_ = CountIf(
      may_shrink && window.idle < kNothingIdle && window.total <= kSqueezed * halved, squeezed_);
  const size_t before = active_;
  if (saturated_ >= kSaturatedWindows) {
    active_ = std::min(active_ * 2, most_);
  } else if (slack_ >= kSlackWindows || squeezed_ >= kSqueezedWindows) {
    active_ = half;
  }
  if (active_ != before) saturated_ = slack_ = squeezed_ = 0;
  return active_;
}

IdleCores::IdleCores() : file_(::open("/proc/stat", O_RDONLY | O_CLOEXEC)) {}

IdleCores::~IdleCores() {
  if (file_ >= 0) ::close(file_);
}

double IdleCores::Read() {
  char text[256];
  const ssize_t n = file_ >= 0 ? ::pread(file_, text, sizeof text - 1, 0) : -1;
  long long idle = 0;
  long long io_wait = 0;
  if (n > 0) text[n] = '\0';
  if (n <= 0 || std::sscanf(text, "cpu %*d %*d %*d %lld %lld", &idle, &io_wait) != 2) {
    return std::thread::hardware_concurrency();
  }
  const int64_t ticks = idle + io_wait;
  const int64_t nanos = MonotonicNanos();
  double cores = 0;
  if (last_ticks_ >= 0 && nanos > last_nanos_) {
    const double seconds = static_cast<double>(nanos - last_nanos_) / 1e9;
    const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
    cores = static_cast<double>(std::max<int64_t>(ticks - last_ticks_, 0)) / per_second / seconds;
  }
  last_ticks_ = ticks;
  last_nanos_ = nanos;
  return cores;
}

}  // namespace replete
