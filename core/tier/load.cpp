#include "core/tier/load.h"

#include <new>
#include <utility>

#include "core/keyspace/access.h"
#include "core/keyspace/keyspace.h"
#include "core/tier/tier.h"

namespace replete {
TierLoad::TierLoad(std::shared_ptr<Keyspace> keyspace, Shard& shard, std::string_view key,
                   uint64_t hash, uint64_t generation, const ValueLimits& limits)
    : keyspace_(std::move(keyspace)),
      shard_(shard),
      key_(key),
      hash_(hash),
      generation_(generation),
      limits_(limits) {}

void TierLoad::Arrived(std::string_view value) {
  std::string problem;
  try {
    if (value_.Decode(value, limits_, &problem)) return Install();
  } catch (const std::bad_alloc&) {
    problem = kNoMemoryForIt;
  }
  Failed(std::move(problem));
}

void TierLoad::Failed(std::string reason) {
  {
    std::lock_guard lock(shard_.loads.mutex_);
    if (state_ == State::kPending) {
      state_ = State::kFailed;
      failure_ = std::move(reason);
    }
  }
  Finish();
}

void TierLoad::Wake() {
  const std::shared_ptr<TierLoad> self = std::move(self_);
  Install();
}

void TierLoad::Install() {
  {
    std::lock_guard lock(shard_.mutex);
    if (shard_.gate.owned()) {
      self_ = shared_from_this();
      shard_.gate.Park(this);
      return;
    }
    std::lock_guard table_lock(shard_.loads.mutex_);
    if (state_ == State::kPending) {
      state_ = State::kFailed;
      try {
        if (Access::Install({&shard_, key_, hash_}, &value_)) {
          state_ = State::kInstalled;
        } else {
          failure_ = "the stored value has another type";
        }
      } catch (const std::bad_alloc&) {
        failure_ = kNoMemoryForIt;
      }
      shard_.Publish();
    }
  }
  Finish();
}

void TierLoad::Finish() {
  std::vector<std::shared_ptr<LoadWait>> waiting;
  {
    std::lock_guard lock(shard_.loads.mutex_);
    answered_ = true;
    waiting = std::move(waiting_);
  }
  for (const auto& wait : waiting) wait->Done();
}

LoadWait::~LoadWait() {
  for (const auto& load : loads_) load->shard_.loads.Unpin(load);
}

void LoadWait::Done() {
  if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) waiter_->Wake();
}

bool LoadTable::Contains(std::string_view key) const {
  if (empty()) return false;
  std::lock_guard lock(mutex_);
  return loads_.find(key) != loads_.end();
}

std::string LoadTable::FailureOf(std::string_view key) const {
  std::lock_guard lock(mutex_);
  auto found = loads_.find(key);
  return found == loads_.end() ? std::string() : found->second->failure_;
}

void LoadTable::Cancel(std::string_view key) {
  if (empty()) return;
  std::lock_guard lock(mutex_);
  auto found = loads_.find(key);
  if (found != loads_.end()) found->second->state_ = TierLoad::State::kStale;
}

void LoadTable::CancelAll() {
  std::lock_guard lock(mutex_);
  for (auto& [key, load] : loads_) load->state_ = TierLoad::State::kStale;
}

void LoadTable::Unpin(const std::shared_ptr<TierLoad>& load) {
  std::lock_guard lock(mutex_);
  if (--load->pins_ > 0) return;
  auto found = loads_.find(load->key());
  if (found != loads_.end() && found->second == load) loads_.erase(found);
  Count();
}

}  // namespace replete
