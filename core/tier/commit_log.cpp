#include "core/tier/commit_log.h"

#include <utility>
#include <vector>

namespace replete {

bool CommitLog::Await(uint64_t sequence, std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  if (answered() >= sequence) return false;
  waiting_.emplace(sequence, std::move(wake));
  return true;
}

std::string CommitLog::FailureOf(uint64_t sequence) const {
  std::lock_guard lock(mutex_);
  if (sequence <= forgotten_) return "the outcome of this write is not known any more";
  auto found = failures_.find(sequence);
  return found == failures_.end() ? std::string() : found->second;
}

void CommitLog::Settle(uint64_t sequence, std::string failure) {
  settled_.store(sequence, std::memory_order_release);
  Answer(sequence, std::move(failure));
}

void CommitLog::Answer(uint64_t sequence, std::string failure) {
  std::vector<std::function<void()>> woken;
  {
    std::lock_guard lock(mutex_);
    if (!failure.empty()) {
      failures_.emplace(sequence, std::move(failure));
      if (failures_.size() > kFailuresKept) {
        forgotten_ = failures_.begin()->first;
        failures_.erase(failures_.begin());
      }
    }
    if (sequence > answered()) answered_.store(sequence, std::memory_order_release);
    const auto end = waiting_.upper_bound(sequence);
    for (auto it = waiting_.begin(); it != end; ++it) woken.push_back(std::move(it->second));
    waiting_.erase(waiting_.begin(), end);
  }
  for (auto& wake : woken) wake();
}

}  // namespace replete
