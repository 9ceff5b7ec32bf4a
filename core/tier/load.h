#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/keyspace/gate.h"
#include "core/keyspace/waiting.h"
#include "core/tier/stored_value.h"

namespace replete {

class Keyspace;
class LoadWait;
class Shard;

// A value on its way from the tier into the entry it was asked for. Once it is there it stays (the
// entry is pinned) until everybody who waits for it has run.
//
// States change under the mutex of the shard's LoadTable:
//   kPending -> kInstalled | kFailed   as the tier answers
//   any      -> kStale                 the key was written, removed or cleared meanwhile
class TierLoad final : public Waiter, public std::enable_shared_from_this<TierLoad> {
 public:
  enum class State : uint8_t { kPending, kInstalled, kFailed, kStale };

  TierLoad(std::shared_ptr<Keyspace> keyspace, Shard& shard, std::string_view key, uint64_t hash,
           uint64_t generation, const ValueLimits& limits);

  const std::shared_ptr<Keyspace>& keyspace() const { return keyspace_; }
  uint64_t generation() const { return generation_; }
  const std::string& key() const { return key_; }

  // By the tier, one of these, once, holding no lock. `value`: as EncodeValue made it.
  void Arrived(std::string_view value);
  void Failed(std::string reason);

  // Waiter: the shard's owner has let go.
  void Wake() override;

 private:
  friend class LoadTable;
  friend class LoadWait;

  void Install();
  void Finish();

  const std::shared_ptr<Keyspace> keyspace_;
  Shard& shard_;
  const std::string key_;
  const uint64_t hash_;
  const uint64_t generation_;
  const ValueLimits limits_;
  StoredValue value_;
  std::shared_ptr<TierLoad> self_;  // while it waits for the owner

  // Guarded by the load table's mutex.
  State state_ = State::kPending;
  bool answered_ = false;
  size_t pins_ = 0;
  std::string failure_;
  std::vector<std::shared_ptr<LoadWait>> waiting_;
};

// One command that waits for values, and pins them until this is destroyed.
class LoadWait {
 public:
  // `waiter` lives until it was woken.
  explicit LoadWait(Waiter* waiter) : waiter_(waiter) {}
  ~LoadWait();
  LoadWait(const LoadWait&) = delete;
  LoadWait& operator=(const LoadWait&) = delete;

  bool empty() const { return loads_.empty(); }
  // What an earlier attempt of the same command has pinned stays so.
  void Keep(std::shared_ptr<LoadWait> earlier) { earlier_ = std::move(earlier); }
  // All loads have been joined: from now on the last of them wakes.
  void Arm() { Done(); }

 private:
  friend class LoadTable;
  friend class TierLoad;

  void Done();

  Waiter* waiter_;
  std::atomic<size_t> remaining_{1};
  std::vector<std::shared_ptr<TierLoad>> loads_;
  std::shared_ptr<LoadWait> earlier_;
};

// The loads of a shard, one a key: under way, or done and pinned. Thread-safe.
class LoadTable {
 public:
  bool empty() const { return count_.load(std::memory_order_acquire) == 0; }
  bool Contains(std::string_view key) const;
  // Why the key's value did not come; empty: nothing is known of a failure.
  std::string FailureOf(std::string_view key) const;

  // Under the shard's lock; the key's entry is there without its value. The load of the key, if
  // need be the one that `make` makes (which is then to be handed to the tier: *fresh), wakes and
  // pins for `wait`. False: the load has failed and nothing is waited for.
  template <class Make>
  bool Join(std::string_view key, const std::shared_ptr<LoadWait>& wait, Make&& make,
            std::shared_ptr<TierLoad>* fresh);

  // Under the shard's lock: what is under way must not be installed.
  void Cancel(std::string_view key);
  void CancelAll();

 private:
  friend class LoadWait;
  friend class TierLoad;

  void Unpin(const std::shared_ptr<TierLoad>& load);
  void Count() { count_.store(loads_.size(), std::memory_order_release); }

  std::atomic<size_t> count_{0};
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<TierLoad>, StringHash, std::equal_to<>> loads_;
};

template <class Make>
bool LoadTable::Join(std::string_view key, const std::shared_ptr<LoadWait>& wait, Make&& make,
                     std::shared_ptr<TierLoad>* fresh) {
  std::lock_guard lock(mutex_);
  auto found = loads_.find(key);
  if (found == loads_.end() ||
      (found->second->answered_ && found->second->state_ == TierLoad::State::kStale)) {
    *fresh = make();
    found = loads_.insert_or_assign(std::string(key), *fresh).first;
    Count();
  }
  TierLoad& load = *found->second;
  if (load.state_ == TierLoad::State::kFailed) return false;
  ++load.pins_;
  wait->loads_.push_back(found->second);
  if (!load.answered_) {
    wait->remaining_.fetch_add(1, std::memory_order_relaxed);
    load.waiting_.push_back(wait);
  }
  return true;
}

}  // namespace replete
