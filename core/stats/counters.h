#pragma once

#include <atomic>
#include <cstdint>

namespace replete {

// A number with one writer at a time (the holder of the shard's lock) that anybody may read.
class Counter {
 public:
  void Add(uint64_t n = 1) { value_.store(get() + n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }
  void reset() { value_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// What happened in a shard since it was made or since the last reset.
struct ShardStats {
  Counter hits;
  Counter misses;
  Counter writes;   // values stored
  Counter deletes;  // removed by a command
  Counter expired;
  Counter evicted;
  Counter invalidated;
  // Nanoseconds of the thread: the longest insert for which the table had to grow.
  std::atomic<int64_t> longest_growth{0};

  void NoteGrowth(int64_t nanos) {
    if (nanos > longest_growth.load(std::memory_order_relaxed)) {
      longest_growth.store(nanos, std::memory_order_relaxed);
    }
  }
  void reset() {
    longest_growth.store(0, std::memory_order_relaxed);
    for (Counter* counter : {&hits, &misses, &writes, &deletes, &expired, &evicted, &invalidated}) {
      counter->reset();
    }
  }
};

// The same, summed over shards.
struct StatsTotal {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t writes = 0;
  uint64_t deletes = 0;
  uint64_t expired = 0;
  uint64_t evicted = 0;
  uint64_t invalidated = 0;

  void Add(const StatsTotal& other) {
    hits += other.hits;
    misses += other.misses;
    writes += other.writes;
    deletes += other.deletes;
    expired += other.expired;
    evicted += other.evicted;
    invalidated += other.invalidated;
  }
  void Add(const ShardStats& shard) {
    hits += shard.hits.get();
    misses += shard.misses.get();
    writes += shard.writes.get();
    deletes += shard.deletes.get();
    expired += shard.expired.get();
    evicted += shard.evicted.get();
    invalidated += shard.invalidated.get();
  }
};

}  // namespace replete
