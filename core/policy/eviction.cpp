#include "core/policy/eviction.h"

#include <algorithm>

#include "core/keyspace/access.h"
#include "core/policy/frequency.h"

namespace replete {
namespace {

// Comparing each victim with more names than this would cost more than sparing them is worth.
constexpr size_t kNamesCompared = 64;
// One of so many entries of a segment becomes a candidate. A share and not a number: segments have
// up to twice as many entries as others, and those that have few would soon give away the wrong.
constexpr size_t kCandidateOf = 72;

bool IsNamed(const Entry* entry, std::span<const Key> named) {
  if (named.size() > kNamesCompared) return false;
  for (const Key& key : named) {
    if (key.name == entry->key()) return true;
  }
  return false;
}

bool ByDeadline(EvictionPolicy policy) {
  return policy == EvictionPolicy::kTtl || policy == EvictionPolicy::kVolatileTtl;
}

bool ByChance(EvictionPolicy policy) {
  return policy == EvictionPolicy::kRandom || policy == EvictionPolicy::kVolatileRandom;
}

bool OnlyVolatile(EvictionPolicy policy) {
  return policy == EvictionPolicy::kVolatileLru || policy == EvictionPolicy::kVolatileTtl ||
         policy == EvictionPolicy::kVolatileLfu || policy == EvictionPolicy::kVolatileRandom;
}

bool ByFrequency(EvictionPolicy policy) {
  return policy == EvictionPolicy::kLfu || policy == EvictionPolicy::kVolatileLfu;
}

}  // namespace

bool MayEvict(EvictionPolicy policy, const Entry* entry) {
  if (policy == EvictionPolicy::kNone) return false;
  return !OnlyVolatile(policy) || entry->has(Entry::kDeadline);
}

// Ages are differences of a 32-bit counter of uses, which may wrap.
uint64_t EvictionScore(EvictionPolicy policy, const Shard& shard, int64_t now_ms,
                       const Entry* entry) {
  if (ByChance(policy)) {
    // Another order of the same entries each time: the clock moves with every use.
    return (reinterpret_cast<uintptr_t>(entry) ^ shard.clock) * 0x9e3779b97f4a7c15u;
  }
  if (ByFrequency(policy)) return 255 - Frequency::Count(entry->clock(), now_ms);
  const uint32_t age = shard.clock - entry->clock();
  if (!ByDeadline(policy)) return age;
  // Any deadline goes before none; among those the soonest first.
  if (!entry->has(Entry::kDeadline)) return age;
  return ~static_cast<uint64_t>(entry->deadline());
}

namespace {

Entry* ExactVictim(Shard& shard, EvictionPolicy policy, std::span<const Key> named) {
  if (ByDeadline(policy)) {
    Entry* soonest =
        shard.data.wheel.Soonest([&](const Entry* entry) { return !IsNamed(entry, named); });
    if (soonest != nullptr) return soonest;
  }
  for (Entry* entry = shard.data.order.oldest(); entry != nullptr;
       entry = OrderList::Previous(entry)) {
    if (!MayEvict(policy, entry)) continue;
    if (!IsNamed(entry, named)) return entry;
  }
  return nullptr;
}

// The best of the next segment, and of further ones while there are none: of so many that have
// entries, for a volatile policy may find none it may take in all the table. Empty segments, which
// are many after a mass removal, do not count.
void Refill(Shard& shard, EvictionPolicy policy, int64_t now_ms) {
  CandidatePool& pool = shard.data.candidates;
  EntryTable& table = shard.data.table;
  constexpr int kSegments = 16;
  int segments = 0;
  for (int rounds = 0; pool.empty() && segments < kSegments;) {
    if (pool.hand >= EntryTable::kScanEnd) {
      if (++rounds > 1) break;  // all of it was seen
      pool.hand = 0;
    }
    size_t seen = 0;
    size_t candidates = 0;
    table.ForEachNear(pool.hand << 12, [&](Entry* entry) {
      ++seen;
      if (!MayEvict(policy, entry)) return;
      pool.Add({entry, 0, EvictionScore(policy, shard, now_ms, entry)});
      ++candidates;
    });
    segments += seen > 0;
    pool.KeepBest(std::max<size_t>(1, (candidates + kCandidateOf / 2) / kCandidateOf));
    pool.hand = table.NextSegment(pool.hand);
  }
  pool.ForEach([](CandidatePool::Candidate& one) { one.hash = HashKey(one.entry->key()); });
}

Entry* SampledVictim(Shard& shard, EvictionPolicy policy, int64_t now_ms,
                     std::span<const Key> named) {
  CandidatePool& pool = shard.data.candidates;
  EntryTable& table = shard.data.table;
  for (int refills = 0; refills < 4;) {
    if (pool.empty()) {
      Refill(shard, policy, now_ms);
      ++refills;
      if (pool.empty()) return nullptr;
    }
    const CandidatePool::Candidate best = pool.Take();
    if (!table.Holds(best.hash, best.entry)) continue;
    // Used since, or its deadline moved: no longer what it was chosen for.
    if (!MayEvict(policy, best.entry)) continue;
    if (!ByChance(policy) && EvictionScore(policy, shard, now_ms, best.entry) < best.score)
      continue;
    if (!IsNamed(best.entry, named)) return best.entry;
  }
  return nullptr;
}

}  // namespace

Entry* PickVictim(Shard& shard, int64_t now_ms, std::span<const Key> named) {
  const EvictionPolicy policy = shard.keyspace().policy();
  if (policy == EvictionPolicy::kNone || shard.data.table.size() == 0) return nullptr;
  if (OnlyVolatile(policy) && shard.data.wheel.size() == 0) return nullptr;
  return EvictsInExactOrder(shard.keyspace()) ? ExactVictim(shard, policy, named)
                                              : SampledVictim(shard, policy, now_ms, named);
}

bool EvictsInExactOrder(const Keyspace& keyspace) {
  const EvictionPolicy policy = keyspace.policy();
  return keyspace.exact_order() && !ByChance(policy) && !ByFrequency(policy);
}

}  // namespace replete
