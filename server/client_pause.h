#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/keyspace/gate.h"
#include "server/command.h"

namespace replete {

// CLIENT PAUSE: until some moment the commands of clients, or only those that write, wait. Nothing
// expires or is evicted meanwhile. Thread-safe.
class ClientPause {
 public:
  // Whether there is a pause at all; one load.
  bool active() const { return active_.load(std::memory_order_relaxed); }
  // From now on until `until_ms` (monotonic); of two pauses the later end and the stricter counts.
  void Begin(int64_t until_ms, bool all);
  // Wakes who waits.
  void End();
  // Ends it when its time has come.
  void Tick(int64_t now_ms);
  // Whether a command of these flags (command_flag) has to wait; then the waiter is woken when it
  // may be tried again.
  bool Holds(uint32_t flags, const std::shared_ptr<Waiter>& waiter);
  // It leaves. False: it did not wait here.
  bool Forget(const Waiter* waiter);

 private:
  std::atomic<bool> active_{false};
  std::mutex mutex_;
  int64_t until_ms_ = 0;
  bool all_ = false;
  std::vector<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace replete
