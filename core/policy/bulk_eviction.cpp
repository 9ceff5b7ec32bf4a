#include "core/policy/bulk_eviction.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/keyspace/access.h"
#include "core/policy/eviction.h"

namespace replete {
namespace {

// Fewer entries or a smaller part of all are evicted one by one.
constexpr int64_t kLeastEntries = 4096;
constexpr double kLeastShare = 0.1;

// Decides between equals, the same way whenever it is asked.
uint32_t Chance(const Entry* entry) {
  return static_cast<uint32_t>((reinterpret_cast<uintptr_t>(entry) * 0x9e3779b97f4a7c15u) >> 32);
}

}  // namespace

double BulkEviction::ShareOverLimits(const Keyspace& keyspace) {
  double share = 0;
  auto raise = [&](int64_t have, int64_t limit) {
    if (limit <= 0 || have <= limit) return;
    share = std::max(share, static_cast<double>(have - limit) / static_cast<double>(have));
  };
  raise(keyspace.entry_count().load(std::memory_order_relaxed), keyspace.max_entries());
  raise(keyspace.told_bytes(), keyspace.max_memory());
  raise(keyspace.tier_bytes(), keyspace.max_disk());
  return share;
}

bool BulkEviction::Pays(const Keyspace& keyspace, double share) {
  if (keyspace.policy() == EvictionPolicy::kNone || EvictsInExactOrder(keyspace)) return false;
  return share >= kLeastShare && share * static_cast<double>(keyspace.size()) >= kLeastEntries;
}

BulkEviction::BulkEviction(const Keyspace& keyspace, double share, std::function<bool()> over)
    : policy_(keyspace.policy()), share_(share), over_(std::move(over)) {}

void BulkEviction::Begin(const Shard& shard) {
  scores_.clear();
  seen_ = 0;
  sampled_ = 0;
  chosen_ = false;
  position_ = 0;
  // Hashes are even: any equidistant positions are as good as random ones.
  hand_ = (uint64_t{shard.index()} * 2 + 1) * 0x9e3779b97f4a7c15u >> 12;
}

bool BulkEviction::Step(Access& access, Shard& shard) {
  if (sampled_ < kSegments) {
    Sample(shard, access.now());
    return true;
  }
  if (!chosen_) {
    chosen_ = true;
    return FindThreshold();
  }
  position_ = access.EvictChosen(shard, position_, *this);
  return position_ < EntryTable::kScanEnd && over_();
}

void BulkEviction::Sample(Shard& shard, int64_t now_ms) {
  shard.data.table.ForEachNear(hand_ << 12, [&](const Entry* entry) {
    ++seen_;
    if (MayEvict(policy_, entry)) {
      scores_.push_back(EvictionScore(policy_, shard, now_ms, entry));
    }
  });
  ++sampled_;
  hand_ = (hand_ + EntryTable::kScanEnd / kSegments) % EntryTable::kScanEnd;
}

bool BulkEviction::FindThreshold() {
  if (scores_.empty()) return false;
  const auto size = static_cast<double>(scores_.size());
  const double share = std::min(1.0, share_ * static_cast<double>(seen_) / size);
  const auto going = static_cast<size_t>(share * size);
  if (going == 0) return false;
  const auto last = scores_.begin() + static_cast<std::ptrdiff_t>(going - 1);
  std::nth_element(scores_.begin(), last, scores_.end(), std::greater<>());
  threshold_ = *last;
  size_t above = 0;
  size_t equal = 0;
  for (const uint64_t score : scores_) {
    above += score > threshold_;
    equal += score == threshold_;
  }
  if (going == scores_.size()) threshold_ = above = 0;
  const double chance = static_cast<double>(going - above) / static_cast<double>(equal);
  equal_chance_ = static_cast<uint32_t>(std::min(1.0, chance) * UINT32_MAX);
  return true;
}

bool BulkEviction::Chooses(const Shard& shard, int64_t now_ms, const Entry* entry) const {
  if (!MayEvict(policy_, entry)) return false;
  const uint64_t score = EvictionScore(policy_, shard, now_ms, entry);
  const bool chosen = score == threshold_ ? Chance(entry) <= equal_chance_ : score > threshold_;
  return chosen && over_();
}

}  // namespace replete
