#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace replete {

// Counters of the process. Any thread.
class ServerStats {
 public:
  std::atomic<uint64_t> connections_received{0};
  std::atomic<uint64_t> rejected_connections{0};
  std::atomic<uint64_t> evicted_clients{0};  // maxmemory-clients
  std::atomic<uint64_t> net_input_bytes{0};
  std::atomic<uint64_t> net_output_bytes{0};
  std::atomic<uint64_t> connections_moved{0};      // from loop to loop
  std::atomic<uint64_t> wake_pauses{0};            // see WakePacing
  std::atomic<uint64_t> commands_before_reset{0};  // what the loops' own counts began with

  // Nanoseconds by the clock and of the thread's CPU time.
  // Longest holds of a shard's lock by work that is cut into slices or takes all shards of a
  // keyspace; a command on keys is bounded by the longest loop iteration.
  void NoteLockHold(int64_t nanos, int64_t cpu_nanos) {
    Raise(longest_lock_hold_, nanos);
    Raise(longest_lock_hold_cpu_, cpu_nanos);
  }
  void NoteLoopIteration(int64_t nanos, int64_t cpu_nanos) {
    Raise(longest_loop_iteration_, nanos);
    Raise(longest_loop_iteration_cpu_, cpu_nanos);
  }
  // Evicting for the process's limit before a write, in nanoseconds of the thread.
  void NoteRelief(int64_t nanos) { Raise(longest_relief_, nanos); }
  int64_t longest_relief_us() const { return longest_relief_.load() / 1000; }
  int64_t longest_lock_hold_us() const { return longest_lock_hold_.load() / 1000; }
  int64_t longest_lock_hold_cpu_us() const { return longest_lock_hold_cpu_.load() / 1000; }
  int64_t longest_loop_iteration_us() const { return longest_loop_iteration_.load() / 1000; }
  int64_t longest_loop_iteration_cpu_us() const {
    return longest_loop_iteration_cpu_.load() / 1000;
  }
  void ResetMaxima() {
    longest_lock_hold_ = longest_lock_hold_cpu_ = 0;
    longest_loop_iteration_ = longest_loop_iteration_cpu_ = 0;
    longest_relief_ = 0;
    ++resets_;
  }
  // A reply was an error of this code ("ERR").
  void NoteError(std::string_view code) {
    constexpr size_t kMostCodes = 128;  // clients name none, but what they could is bounded
    std::lock_guard lock(errors_mutex_);
    auto found = errors_.find(code);
    if (found == errors_.end()) {
      if (errors_.size() >= kMostCodes) return;
      found = errors_.emplace(std::string(code), 0).first;
    }
    ++found->second;
  }
  std::map<std::string, uint64_t, std::less<>> errors() const {
    std::lock_guard lock(errors_mutex_);
    return errors_;
  }
  void ResetErrors() {
    std::lock_guard lock(errors_mutex_);
    errors_.clear();
  }

  // How often the maxima were reset: who keeps a maximum of its own starts anew when it changes.
  uint64_t resets() const { return resets_.load(std::memory_order_relaxed); }

 private:
  static void Raise(std::atomic<int64_t>& maximum, int64_t value) {
    for (int64_t seen = maximum.load(std::memory_order_relaxed); value > seen;) {
      if (maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) break;
    }
  }

  std::atomic<int64_t> longest_lock_hold_{0};
  std::atomic<int64_t> longest_lock_hold_cpu_{0};
  std::atomic<int64_t> longest_loop_iteration_{0};
  std::atomic<int64_t> longest_loop_iteration_cpu_{0};
  std::atomic<int64_t> longest_relief_{0};
  std::atomic<uint64_t> resets_{0};
  mutable std::mutex errors_mutex_;
  std::map<std::string, uint64_t, std::less<>> errors_;
};

}  // namespace replete
