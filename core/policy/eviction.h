#pragma once

#include <cstdint>
#include <span>

namespace replete {

class Entry;
class Shard;
struct Key;

// The entry of `shard` that its keyspace's policy lets go first; null when the policy lets none go.
// Keys in `named` are never taken.
//
// A shard with an exact order gives the exact victim for lru, fifo and ttl. A larger one gives the
// best of a few hundred random entries at a time: whole segments of the table, of which the best
// few percent become candidates. Under the shard's lock.
Entry* PickVictim(Shard& shard, int64_t now_ms, std::span<const Key> named);

}  // namespace replete
