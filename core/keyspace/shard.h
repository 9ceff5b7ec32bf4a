#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <string_view>

#include "core/keyspace/entry.h"
#include "core/keyspace/expiry_wheel.h"
#include "core/keyspace/gate.h"
#include "core/keyspace/hash.h"
#include "core/keyspace/segment_table.h"
#include "core/keyspace/shard_mutex.h"
#include "core/keyspace/waiting.h"
#include "core/policy/candidate_pool.h"
#include "core/policy/order_list.h"
#include "core/policy/use_dates.h"
#include "core/stats/counters.h"
#include "core/tier/load.h"

namespace replete {

class Keyspace;

struct EntryTraits {
  using Item = Entry;
  // Name and metadata with a value of some hundred bytes.
  static constexpr size_t kPrefetchedLines = 3;
  static std::string_view Key(const Entry* entry) { return entry->key(); }
  static uint64_t Hash(std::string_view key) { return HashKey(key); }
};

using EntryTable = SegmentTable<EntryTraits>;

// The entries of a shard with everything that points at them: swapped as a whole to clear a shard
// in O(1) and freed by a worker.
struct ShardData {
  ShardData(unsigned skip_bits, Reclaimer* reclaimer) : table(skip_bits, reclaimer) {}
  ShardData(ShardData&&) = delete;
  // Frees the entries too.
  ~ShardData();

  void Swap(ShardData& other) noexcept;

  EntryTable table;
  ExpiryWheel wheel;
  OrderList order;
  CandidatePool candidates;
  size_t entry_bytes = 0;
  size_t cold_bytes = 0;  // of these, entries whose values are away
  size_t tier_bytes = 0;  // of the entries' records: Entry::tier_size summed
};

// A lock and a table. Everything but the atomics is guarded by `mutex`, and while `gate` is owned
// belongs to the owner alone: who takes the mutex looks at the gate first.
class Shard {
 public:
  static constexpr size_t kSmall = 64;  // entries

  Shard(Keyspace* keyspace, unsigned index, unsigned shard_bits, Reclaimer* reclaimer);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  Keyspace& keyspace() const { return *keyspace_; }
  unsigned index() const { return index_; }
  // Readable by anybody; exact when nobody writes.
  size_t size() const { return size_.load(std::memory_order_relaxed); }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Of entries whose values are here.
  size_t hot_bytes() const { return hot_bytes_.load(std::memory_order_relaxed); }
  size_t with_deadline() const { return with_deadline_.load(std::memory_order_relaxed); }

  // Before the lock is let go after a change of `data`: what others read of it.
  void Publish();
  // The keyspace's total has this shard's bytes from now on. Part of Publish; alone where room is
  // made.
  void TellBytes();

  // After a deadline came: the sweeper finds it.
  void NoteWork();

  ShardMutex mutex;
  Gate gate;
  ShardData data;
  WatchTable watches;
  BlockTable blocked;
  LoadTable loads;
  uint64_t cool_position = 0;  // where in the table values are let go next
  // How soon those went that were let go last (EvictionScore): a value that would go later is worth
  // its room.
  uint64_t cooled_from = std::numeric_limits<uint64_t>::max();
  ShardStats stats;
  uint32_t clock = 0;  // uses so far; what an entry's clock is set to
  UseDates dates;      // of `clock`
  Counter lock_acquisitions;
  // When the wheel next has work (Unix ms): a lower bound that the sweeper reads without the lock.
  std::atomic<int64_t> next_work{ExpiryWheel::kNever};

 private:
  Keyspace* keyspace_;
  unsigned index_;
  std::atomic<size_t> size_{0};
  std::atomic<size_t> bytes_{0};
  std::atomic<size_t> hot_bytes_{0};
  std::atomic<size_t> with_deadline_{0};
  size_t told_bytes_ = 0;  // what the keyspace's total has of this shard
  size_t told_tier_bytes_ = 0;
};

}  // namespace replete
