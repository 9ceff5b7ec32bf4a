#pragma once

#include <cstdint>

#include "core/keyspace/clock.h"
#include "core/tier/disk_store.h"

namespace replete {

class Keyspace;

// How recently the entries of a namespace were used, respectively how often: kept over a stop, for
// else all would seem to have been used when their keys were read back.
//
// Notes of the store, "recency/ID/PIECE" (keys are dealt to a fixed number of them by a hash that
// is the same in every process):
//   frequencies (1) | wall clock of the stop, ms (8) | number of dates (4) | dates (12 each) |
//   then for each key: 32 bits of its hash (4) | uses since its own, or its frequency (4), by hash
// The dates, which tell seconds of uses (UseDates), are those of the shard that has most: uses fall
// to all of them alike, and where there are few the shards count together.

// Nobody uses the keyspace any more.
[[nodiscard]] DiskStatus SaveRecency(DiskStore& store, const Clock& clock, uint32_t id,
                                     Keyspace& keyspace);

// Its keys have been read back, and nobody uses it yet. Entries that the notes do not know count as
// used just now. Nothing happens where there are none, or they cannot be read.
void RestoreRecency(DiskStore& store, const Clock& clock, uint32_t id, Keyspace& keyspace,
                    size_t threads);

}  // namespace replete
