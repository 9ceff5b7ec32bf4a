// What is counted of every command: calls and times, errors, those that took long.
#include <algorithm>

#include "server/cycle_clock.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {

void Dispatcher::RefreshSlowTicks() {
  int64_t nanos = std::numeric_limits<int64_t>::max();
  if (config_->slowlog_log_slower_than >= 0) {
    nanos = std::min(config_->slowlog_log_slower_than, nanos / 1000) * 1000;
  }
  if (config_->latency_monitor_threshold > 0) {
    nanos = std::min(nanos, std::min(config_->latency_monitor_threshold, nanos / 1'000'000) *
                                int64_t{1'000'000});
  }
  slow_ticks_ =
      nanos == std::numeric_limits<int64_t>::max() ? UINT64_MAX : CycleClock::TicksIn(nanos);
}

bool Dispatcher::AnswersError(size_t reply_start) {
  if (reply_start >= output().size() || output().data()[reply_start] != '-') [[likely]]
    return false;
  const std::string_view reply = output().view().substr(reply_start);
  server_.stats().NoteError(reply.substr(1, reply.find_first_of(" \r") - 1));
  return true;
}

void Dispatcher::Account(Client& client, const Command& command,
                         std::span<const std::string_view> args, size_t reply_start) {
  const uint64_t now = CycleClock::Ticks();
  const uint64_t ticks = now - clock_;
  clock_ = now;
  stats_.NoteCall(command, ticks, AnswersError(reply_start), config_->latency_tracking);
  if (ticks >= slow_ticks_) [[unlikely]]
    NoteSlow(client, command, args, CycleClock::Nanos(ticks));
}

void Dispatcher::NoteSlow(const Client& client, const Command& command,
                          std::span<const std::string_view> args, int64_t nanos) {
  const int64_t slow = config_->slowlog_log_slower_than;
  if (slow >= 0 && nanos / 1000 >= slow && !(command.flags & command_flag::kSkipSlowlog)) {
    std::vector<std::string_view> shown(args.begin(), args.end());
    // Of an argument so long only the beginning is read, and only that is still there.
    if (const size_t taken = context_.taken_argument_; taken != 0) {
      shown[taken] = {context_.taken_beginning_.data(), shown[taken].size()};
    }
    server_.slow_log().Add(client, command, shown, nanos / 1000,
                           static_cast<size_t>(config_->slowlog_max_len));
  }
  NoteLatency(command.flags & command_flag::kFast ? "fast-command" : "command", nanos);
}

void Dispatcher::NoteLatency(std::string_view event, int64_t nanos) {
  const int64_t threshold = config_->latency_monitor_threshold;
  if (threshold > 0 && nanos / 1'000'000 >= threshold) {
    server_.latencies().Note(event, nanos / 1'000'000);
  }
}

void Dispatcher::NoteSlice(std::string_view event, int64_t start, int64_t start_cpu) {
  const int64_t nanos = MonotonicNanos() - start;
  server_.stats().NoteLockHold(nanos, ThreadNanos() - start_cpu);
  NoteLatency(event, nanos);
}

}  // namespace replete
