#include "server/memory_limit.h"

#include <algorithm>
#include <cstdlib>

#include "core/keyspace/keyspace.h"

#if REPLETE_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace replete {
namespace {

// Figures are stale when what is held has changed by such a part of the limit since.
constexpr int64_t kPart = 64;

}  // namespace

void MemoryLimit::Set(int64_t limit) {
  limit_.store(limit, std::memory_order_relaxed);
  Update();
}

void MemoryLimit::SetStore(int64_t bytes) {
  if (store_.exchange(bytes, std::memory_order_relaxed) != bytes) Update();
}

int64_t MemoryLimit::used() const {
  return total_.used() + clients() + store_.load(std::memory_order_relaxed) + lost();
}

int64_t MemoryLimit::Beside() const {
  return std::min(clients(), limit() / 4) +
         std::min(store_.load(std::memory_order_relaxed), limit() / 2);
}

int64_t MemoryLimit::ExcessWith(int64_t lost) const {
  if (limit() == 0) return -1;
  return total_.used() + Beside() + std::min(lost, this->lost()) - limit();
}

int64_t MemoryLimit::CommandsExcess() const {
  if (limit() == 0) return -1;
  return total_.used() - commands_limit_.load(std::memory_order_relaxed);
}

bool MemoryLimit::stale() const {
  const int64_t changed = std::abs(total_.used() - held_then_.load(std::memory_order_relaxed));
  return limit() != 0 && changed > limit() / kPart;
}

void MemoryLimit::Read() {
#if REPLETE_JEMALLOC
  uint64_t epoch = 1;
  size_t size = sizeof epoch;
  mallctl("epoch", &epoch, &size, &epoch, size);
  size_t allocated = 0;
  size_t active = 0;
  size = sizeof allocated;
  mallctl("stats.allocated", &allocated, &size, nullptr, 0);
  mallctl("stats.active", &active, &size, nullptr, 0);
  lost_.store(static_cast<int64_t>(active - std::min(active, allocated)),
              std::memory_order_relaxed);
#endif
  Update();
  Peak();
}

uint64_t MemoryLimit::Peak() {
  const auto now = static_cast<uint64_t>(std::max<int64_t>(0, used()));
  uint64_t seen = peak_.load(std::memory_order_relaxed);
  while (now > seen && !peak_.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
  }
  return std::max(now, seen);
}

void MemoryLimit::Update() {
  const int64_t limit = this->limit();
  const int64_t held = total_.used();
  held_then_.store(held, std::memory_order_relaxed);
  const int64_t left = limit - lost() - Beside();
  commands_limit_.store(std::max(left, std::min(held, limit)), std::memory_order_relaxed);
}

}  // namespace replete
