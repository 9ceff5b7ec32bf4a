// gaps: a thread a core that does nothing but read its CPU clock. What it sees jump is time that
// somebody below the system took and the system counts as the thread's: no longest time of a server
// on the same machine can be trusted below it.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <thread>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/modes.h"

namespace replete::bench {
namespace {

uint64_t CpuNs() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

uint64_t LongestGap(uint64_t ends) {
  uint64_t longest = 0;
  for (uint64_t last = CpuNs(); NowNs() < ends;) {
    const uint64_t now = CpuNs();
    longest = std::max(longest, now - last);
    last = now;
  }
  return longest;
}

}  // namespace

int Gaps(const Options& options) {
  const uint64_t ends = NowNs() + options.Number("milliseconds", 1000) * 1'000'000;
  std::vector<uint64_t> longest(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::thread> threads;
  for (uint64_t& mine : longest) {
    threads.emplace_back([&mine, ends] { mine = LongestGap(ends); });
  }
  for (std::thread& thread : threads) thread.join();
  const uint64_t most = *std::max_element(longest.begin(), longest.end());
  std::printf("{\"longest_us\":%.1f}\n", static_cast<double>(most) / 1000);
  return 0;
}

}  // namespace replete::bench
