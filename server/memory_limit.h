#pragma once

#include <atomic>
#include <cstdint>

namespace replete {

class MemoryTotal;

// maxmemory of the process against what the keyspaces hold and what the allocator loses to hold it
// (pages that are active beyond what is allocated in them). The first is known at any time, the
// second as of the last reading, and evicting changes it: small entries leave holes behind, and
// pages come back only with the last of their neighbours. So commands answer for the first alone,
// which they keep from growing past what the last reading left room for; what the second asks for
// is a worker's, which reads the allocator again as it goes and so evicts no more than has to.
//
// What waits in the buffers of clients counts too, as of the last reading, but not for more than a
// quarter of the limit: who reads slowly is not to evict everybody's data. So do block cache and
// write buffers of the disk engine, for a half at most.
//
// Thread-safe.
class MemoryLimit {
 public:
  explicit MemoryLimit(const MemoryTotal& total) : total_(total) {}

  // Bytes; 0: none.
  void Set(int64_t limit);
  int64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  int64_t limit() const { return limit_.load(std::memory_order_relaxed); }

  void AddClients(int64_t delta) { clients_.fetch_add(delta, std::memory_order_relaxed); }
  int64_t clients() const { return clients_.load(std::memory_order_relaxed); }

  // What the disk engine has in memory of its store.
  void SetStore(int64_t bytes);

  // Bytes held, in the buffers of clients, of the disk engine and, as of the last reading, lost.
  int64_t used() const;
  // The most that was seen, here or at a reading.
  uint64_t Peak();
  // Bytes over the limit; negative: below it.
  int64_t Excess() const { return ExcessWith(lost()); }
  // The same if not more than `lost` bytes are lost. A pass of evictions over shards goes by what
  // was lost before it: what leaves in between lay beside entries of shards that are not yet
  // reached.
  int64_t ExcessWith(int64_t lost) const;
  // Of these, what commands have to evict.
  int64_t CommandsExcess() const;
  // The allocator's figures are no longer good enough to go on evicting by.
  bool stale() const;
  // Reads the allocator, as Refresh does when they are not. Not on a loop and not under a lock: the
  // figures wait for a purge that is under way, which after a FLUSHALL takes many milliseconds.
  void Read();
  void Refresh() {
    if (stale()) Read();
  }

 private:
  void Update();
  // What counts of clients and of the disk engine.
  int64_t Beside() const;

  const MemoryTotal& total_;
  std::atomic<int64_t> limit_{0};
  std::atomic<int64_t> lost_{0};
  std::atomic<int64_t> clients_{0};
  std::atomic<int64_t> store_{0};
  std::atomic<uint64_t> peak_{0};
  std::atomic<int64_t> held_then_{0};       // at the last reading
  std::atomic<int64_t> commands_limit_{0};  // of bytes held; only if there is a limit
};

}  // namespace replete
