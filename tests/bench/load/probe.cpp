// probe: sessions that ask for little, once an interval, and note how long the answer took.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/modes.h"
#include "tests/bench/load/workload.h"

namespace replete::bench {
namespace {

void ProbeSession(const Options& options, uint64_t seed, Samples* samples) {
  // Needs privilege; without it the probe's own wake-up is part of what is measured, for both.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), -15);
  Connection connection(options.Port(), options.Text("setup"));
  const uint64_t interval = options.Number("interval-us", 1000) * 1000;
  const uint64_t keys = options.Number("keys", 0);
  KeyName key;
  Random random(seed);
  const std::atomic<bool>& stop = StopRequested();
  uint64_t due = NowNs() + random.Below(interval);
  for (uint64_t turn = 0; !stop.load(std::memory_order_relaxed); ++turn) {
    SleepUntil(due);
    if (keys != 0 && turn % 2 == 1) {
      connection.Add({"GET", key(random.Below(keys))});
    } else {
      connection.Add({"PING"});
    }
    const uint64_t sent = NowNs();
    connection.Flush();
    connection.Read();
    const uint64_t now = NowNs();
    samples->Add(now - sent);
    due = std::max(due + interval, now);
  }
}

}  // namespace

int Probe(const Options& options) {
  const uint64_t sessions = options.Number("sessions", 1);
  std::vector<Samples> samples(sessions);
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < sessions; ++i) {
    threads.emplace_back(ProbeSession, std::cref(options), i + 1, &samples[i]);
  }
  for (std::thread& thread : threads) thread.join();
  Samples all;
  double worst_p99 = 0;
  for (Samples& one : samples) {
    one.Sort();
    worst_p99 = std::max(worst_p99, one.QuantileMs(0.99));
    all.Merge(one);
  }
  all.Sort();
  std::printf("{%s,\"worst_session_p99\":%.4f}\n", all.Json().c_str(), worst_p99);
  return 0;
}

}  // namespace replete::bench
