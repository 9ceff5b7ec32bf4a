#pragma once

#include <cstdint>
#include <span>

#include "config/eviction_policy.h"

namespace replete {

class Entry;
class Keyspace;
class Shard;
struct Key;

// The entry of `shard` that its keyspace's policy lets go first; null when the policy lets none go.
// Keys in `named` are never taken.
//
// A shard with an exact order gives the exact victim for lru, fifo and ttl. A larger one gives the
// best of a few hundred random entries at a time: whole segments of the table, of which the best
// few percent become candidates. Under the shard's lock.
Entry* PickVictim(Shard& shard, int64_t now_ms, std::span<const Key> named);

// What a choice among many at once is made by (see BulkEviction).
bool MayEvict(EvictionPolicy policy, const Entry* entry);
// How soon the entry goes: the highest first. Comparable within a shard.
uint64_t EvictionScore(EvictionPolicy policy, const Shard& shard, int64_t now_ms,
                       const Entry* entry);
// Whether PickVictim finds the exact victim.
bool EvictsInExactOrder(const Keyspace& keyspace);

}  // namespace replete
