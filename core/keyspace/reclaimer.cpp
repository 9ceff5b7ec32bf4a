#include "core/keyspace/reclaimer.h"

#include <algorithm>

namespace replete {

Reclaimer::~Reclaimer() {
  for (const Retired& item : retired_) item.deleter(item.memory, item.size);
}

Reclaimer::Reader Reclaimer::Register(bool* valid) {
  size_t index = readers_.fetch_add(1);
  *valid = index < kMaxReaders;
  if (!*valid) {
    readers_.store(kMaxReaders);
    return Reader();
  }
  return Reader(&slots_[index].epoch, &epoch_);
}

uint64_t Reclaimer::OldestReader() const {
  uint64_t oldest = kIdle;
  size_t n = std::min(readers_.load(), kMaxReaders);
  for (size_t i = 0; i < n; ++i) {
    oldest = std::min(oldest, slots_[i].epoch.load(std::memory_order_seq_cst));
  }
  return oldest;
}

void Reclaimer::Retire(void* memory, size_t size, Deleter deleter) {
  // A read-modify-write orders the caller's unlinking before the look at the readers, as the
  // guard's exchange orders its announcement before its first look at a table.
  uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst);
  if (OldestReader() == kIdle) {
    deleter(memory, size);
    return;
  }
  std::lock_guard lock(mutex_);
  retired_.push_back({memory, size, deleter, epoch});
  pending_.store(retired_.size(), std::memory_order_relaxed);
}

void Reclaimer::Collect() {
  if (pending_.load(std::memory_order_relaxed) == 0) return;
  std::vector<Retired> free;
  {
    std::lock_guard lock(mutex_);
    uint64_t oldest = OldestReader();
    auto keep = std::partition(retired_.begin(), retired_.end(),
                               [oldest](const Retired& item) { return item.epoch >= oldest; });
    free.assign(keep, retired_.end());
    retired_.erase(keep, retired_.end());
    pending_.store(retired_.size(), std::memory_order_relaxed);
  }
  for (const Retired& item : free) item.deleter(item.memory, item.size);
}

}  // namespace replete
