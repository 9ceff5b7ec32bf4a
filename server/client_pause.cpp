#include "server/client_pause.h"

#include <algorithm>
#include <utility>

namespace replete {

void ClientPause::Begin(int64_t until_ms, bool all) {
  std::lock_guard lock(mutex_);
  const bool goes_on = active();
  until_ms_ = goes_on ? std::max(until_ms_, until_ms) : until_ms;
  all_ = all || (goes_on && all_);
  active_.store(true, std::memory_order_relaxed);
}

void ClientPause::End() {
  std::vector<std::shared_ptr<Waiter>> waiting;
  {
    std::lock_guard lock(mutex_);
    active_.store(false, std::memory_order_relaxed);
    waiting.swap(waiting_);
  }
  for (const auto& waiter : waiting) waiter->Wake();
}

void ClientPause::Tick(int64_t now_ms) {
  if (!active()) return;
  {
    std::lock_guard lock(mutex_);
    if (now_ms < until_ms_) return;
  }
  End();
}

bool ClientPause::Holds(uint32_t flags, const std::shared_ptr<Waiter>& waiter) {
  std::lock_guard lock(mutex_);
  constexpr uint32_t kWriting = command_flag::kWrite | command_flag::kMayReplicate;
  if (!active() || (!all_ && !(flags & kWriting))) return false;
  waiting_.push_back(waiter);
  return true;
}

bool ClientPause::Forget(const Waiter* waiter) {
  if (!active()) return false;
  std::lock_guard lock(mutex_);
  return std::erase_if(waiting_, [&](const auto& one) { return one.get() == waiter; }) > 0;
}

}  // namespace replete
