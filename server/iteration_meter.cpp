#include "server/iteration_meter.h"

#include <algorithm>

#include "core/keyspace/clock.h"
#include "server/server_stats.h"

namespace replete {

IterationMeter::IterationMeter(ServerStats& stats) : stats_(stats) {}

void IterationMeter::Refresh() {
  mark_ticks_ = CycleClock::TicksIn(kMarkNanos);
  if (const uint64_t resets = stats_.resets(); resets != resets_seen_) {
    resets_seen_ = resets;
    longest_ticks_ = longest_cpu_ticks_ = 0;
  }
}

void IterationMeter::NoteLong(uint64_t ticks) {
  const int64_t nanos = CycleClock::Nanos(ticks);
  const int64_t cpu = std::min(nanos, ThreadNanos() - marked_cpu_);
  longest_ticks_ = std::max(longest_ticks_, ticks);
  longest_cpu_ticks_ = std::max(longest_cpu_ticks_, CycleClock::TicksIn(cpu));
  stats_.NoteLoopIteration(nanos, cpu);
}

void IterationMeter::Mark() {
  marked_ = CycleClock::Ticks();
  marked_cpu_ = ThreadNanos();
}

}  // namespace replete
