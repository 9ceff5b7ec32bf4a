#pragma once

#include <algorithm>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/shard.h"

namespace replete {

// The shards a command needs, locked in (keyspace, shard) order, so that lock sets never deadlock.
// Who meets an owner holds nothing when it parks. Reused from command to command; one thread.
class LockSet {
 public:
  void Clear() { shards_.clear(); }
  void Add(Shard* shard) { shards_.push_back(shard); }
  void AddAll(const Keyspace& keyspace) {
    for (size_t i = 0; i < keyspace.shards(); ++i) shards_.push_back(&keyspace.shard(i));
  }
  const std::vector<Shard*>& shards() const { return shards_; }
  bool Contains(const Shard* shard) const {
    return std::find(shards_.begin(), shards_.end(), shard) != shards_.end();
  }

  // Whether every shard of `other` is in this set, which has been locked and so is in order.
  bool Covers(const LockSet& other) const {
    for (const Shard* shard : other.shards_) {
      if (shards_.size() > 1 ? !std::binary_search(shards_.begin(), shards_.end(), shard, Before)
                             : !Contains(shard)) {
        return false;
      }
    }
    return true;
  }

  // Takes all mutexes. When a shard has an owner: takes none, parks `waiter` there, returns false.
  bool Lock(Waiter* waiter) {
    if (shards_.size() > 1) Order();
    for (size_t i = 0; i < shards_.size(); ++i) {
      shards_[i]->mutex.lock();
      shards_[i]->lock_acquisitions.Add();
      if (!shards_[i]->gate.owned()) [[likely]]
        continue;
      shards_[i]->gate.Park(waiter);
      UnlockFirst(i + 1);
      return false;
    }
    held_ = true;
    return true;
  }
  // As Lock for who cannot park: false when a shard has an owner.
  bool TryLockAll() {
    if (shards_.size() > 1) Order();
    for (size_t i = 0; i < shards_.size(); ++i) {
      shards_[i]->mutex.lock();
      if (!shards_[i]->gate.owned()) continue;
      UnlockFirst(i + 1);
      return false;
    }
    held_ = true;
    return true;
  }
  void Unlock() {
    held_ = false;
    UnlockFirst(shards_.size());
  }
  // Between Lock that succeeded and Unlock.
  bool held() const { return held_; }

  // Locked: become the owner of all and let the mutexes go.
  void OwnAndUnlock() {
    for (Shard* shard : shards_) shard->gate.Own();
    Unlock();
  }
  // Ends ownership and wakes who parked, in order.
  void Disown() {
    WaiterQueue woken;
    for (Shard* shard : shards_) {
      shard->mutex.lock();
      shard->gate.Release(&woken);
      shard->mutex.unlock();
    }
    while (Waiter* waiter = woken.Pop()) waiter->Wake();
  }

 private:
  static bool Before(const Shard* a, const Shard* b) {
    if (&a->keyspace() == &b->keyspace()) return a->index() < b->index();
    return a->keyspace().id() < b->keyspace().id();
  }
  void Order() {
    if (!std::is_sorted(shards_.begin(), shards_.end(), Before)) {
      std::sort(shards_.begin(), shards_.end(), Before);
    }
    shards_.erase(std::unique(shards_.begin(), shards_.end()), shards_.end());
  }
  void UnlockFirst(size_t n) {
    while (n > 0) shards_[--n]->mutex.unlock();
  }

  bool held_ = false;
  std::vector<Shard*> shards_;
};

}  // namespace replete
