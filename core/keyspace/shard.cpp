#include "core/keyspace/shard.h"

#include <utility>

#include "core/keyspace/keyspace.h"

namespace replete {

ShardData::~ShardData() {
  table.ForEach([](Entry* entry) { Entry::Delete(entry); });
}

void ShardData::Swap(ShardData& other) noexcept {
  table.Swap(other.table);
  std::swap(wheel, other.wheel);
  std::swap(order, other.order);
  std::swap(entry_bytes, other.entry_bytes);
  std::swap(cold_bytes, other.cold_bytes);
  std::swap(tier_bytes, other.tier_bytes);
  candidates.Clear();
  other.candidates.Clear();
}

Shard::Shard(Keyspace* keyspace, unsigned index, unsigned shard_bits, Reclaimer* reclaimer)
    : data(shard_bits, reclaimer), keyspace_(keyspace), index_(index) {}

void Shard::Publish() {
  size_.store(data.table.size(), std::memory_order_relaxed);
  with_deadline_.store(data.wheel.size(), std::memory_order_relaxed);
  TellBytes();
}

void Shard::TellBytes() {
  // The total is shared by all loops: it is told in steps, so that writes to different shards do
  // not meet there.
  const int64_t step = keyspace_->max_memory() > 0 ? 1 : 4096;
  const size_t now = data.entry_bytes + data.table.bytes() + data.wheel.bytes();
  bytes_.store(now, std::memory_order_relaxed);
  if (keyspace_->tier() != nullptr) [[unlikely]] {
    const size_t hot = data.entry_bytes - data.cold_bytes;
    keyspace_->AddHotBytes(static_cast<int64_t>(hot - hot_bytes()));
    hot_bytes_.store(hot, std::memory_order_relaxed);
    keyspace_->AddTierBytes(static_cast<int64_t>(data.tier_bytes - told_tier_bytes_));
    told_tier_bytes_ = data.tier_bytes;
  }
  const auto delta = static_cast<int64_t>(now - told_bytes_);
  if (delta >= step || delta <= -step || now == 0) {
    keyspace_->AddBytes(delta);
    told_bytes_ = now;
  }
}

void Shard::NoteWork() {
  const int64_t next = data.wheel.NextWork();
  if (next >= next_work.load(std::memory_order_relaxed)) return;
  next_work.store(next, std::memory_order_relaxed);
  auto& all = keyspace_->next_work;
  for (int64_t seen = all.load(std::memory_order_relaxed); next < seen;) {
    if (all.compare_exchange_weak(seen, next, std::memory_order_relaxed)) break;
  }
}

}  // namespace replete
