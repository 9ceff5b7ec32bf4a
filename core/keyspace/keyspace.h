#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "config/namespace_settings.h"
#include "core/keyspace/clock.h"
#include "core/keyspace/shard.h"

namespace replete {

class Tier;
struct Effect;

// Why an entry left.
enum class Departure : uint8_t { kDeleted, kExpired, kEvicted, kInvalidated };

// What the layer above learns from a keyspace. Called under a shard's lock: quick, and never back
// into a keyspace.
class KeyspaceListener {
 public:
  virtual ~KeyspaceListener() = default;
  // Only for keyspaces whose effects are wanted (Keyspace::wants_effects).
  virtual void OnEffect(const Effect& effect) = 0;
  // An entry left by itself: expired or evicted.
  virtual void OnDeparture(const Keyspace& keyspace, std::string_view key, Departure reason) = 0;
  // A keyspace event for a key (classes: config/event_flags.h); `event` is a literal.
  virtual void OnEvent(const Keyspace& keyspace, uint32_t event_class, std::string_view event,
                       std::string_view key) = 0;
  // Takes over an entry whose value is costly to free.
  virtual void Dispose(Entry* entry) = 0;
  // Takes over all that a shard held.
  virtual void Dispose(std::unique_ptr<ShardData> data) = 0;
};

// Bytes held by all keyspaces of the process, size classes summed.
class MemoryTotal {
 public:
  void Add(int64_t delta) { used_.fetch_add(delta, std::memory_order_relaxed); }
  int64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> used_{0};
};

// The object behind a namespace: shards, limits, policy. Which shard a key is in follows from its
// hash alone; the number of shards is fixed when it is made. Thread-safe; entries are reached
// through Access.
class Keyspace : public std::enable_shared_from_this<Keyspace> {
 public:
  // At most so many entries have one shard and an exact order.
  static constexpr int64_t kExactOrderMax = 65536;

  // `id` orders lock sets; never reused. `database`: a numbered database, or -1.
  Keyspace(uint32_t id, std::string name, int database, const NamespaceSettings& settings,
           Reclaimer* reclaimer, MemoryTotal* memory);
  ~Keyspace();
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  uint32_t id() const { return id_; }
  const std::string& name() const { return name_; }
  int database() const { return database_; }
  bool numbered() const { return database_ >= 0 && !named_; }

  Shard& ShardOf(uint64_t hash) const {
    return *shards_[shard_bits_ == 0 ? 0 : hash >> (64 - shard_bits_)];
  }
  size_t shards() const { return shards_.size(); }
  Shard& shard(size_t index) const { return *shards_[index]; }
  unsigned shard_bits() const { return shard_bits_; }

  // Entries in all shards; expired ones that are not swept yet count.
  size_t size() const;
  // So many entries are about to come: their tables do not grow step by step. It is empty.
  void Reserve(size_t entries);
  // Bytes of entries, tables and indexes.
  size_t bytes() const;
  // The same to within a few KiB a shard, without looking at the shards.
  int64_t told_bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Of entries whose values are in RAM.
  size_t hot_bytes() const;
  int64_t told_hot_bytes() const { return hot_bytes_.load(std::memory_order_relaxed); }
  // Of these, what may be taken when the process is short of memory: those above min_memory.
  int64_t spare_bytes() const { return told_bytes() - min_memory_.load(std::memory_order_relaxed); }
  size_t entries_with_deadline() const;
  StatsTotal stats() const;
  void ResetStats();
  uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void BumpVersion() { version_.fetch_add(1, std::memory_order_relaxed); }

  // Settings. Limits and policy apply from the next command on.
  NamespaceSettings settings() const;
  void SetSettings(const NamespaceSettings& settings);
  EvictionPolicy policy() const { return policy_.load(std::memory_order_relaxed); }
  int64_t max_entries() const { return max_entries_.load(std::memory_order_relaxed); }
  int64_t max_memory() const { return max_memory_.load(std::memory_order_relaxed); }
  int64_t max_disk() const { return max_disk_.load(std::memory_order_relaxed); }
  // Whether there is anything that its entries could be too many for.
  bool limited() const { return max_entries() > 0 || max_memory() > 0 || max_disk() > 0; }
  // Bytes of the entries' records in the tier.
  int64_t tier_bytes() const { return tier_bytes_.load(std::memory_order_relaxed); }
  int64_t default_ttl_ms() const { return default_ttl_ms_.load(std::memory_order_relaxed); }
  // More entries or bytes than the limits allow. Bytes are known here to within 4 KiB a shard.
  bool OverLimits() const {
    if (OverEntries()) return true;
    // Values that a tier has are let go instead.
    const int64_t memory = max_memory();
    if (memory > 0 && told_bytes() - told_hot_bytes() > memory) return true;
    return OverDisk();
  }
  // The same of the bytes with all values.
  bool OverMemory() const {
    const int64_t memory = max_memory();
    return memory > 0 && told_bytes() > memory;
  }
  bool OverEntries() const {
    const int64_t entries = max_entries();
    return entries > 0 && entries_.load(std::memory_order_relaxed) > entries;
  }
  // More bytes of records than max_disk allows.
  bool OverDisk() const {
    const int64_t disk = max_disk();
    return disk > 0 && tier_bytes() > disk;
  }
  // Whether threads are evicting what is over lowered limits: until they are done, commands only do
  // their share.
  bool being_trimmed() const { return trimmers_.load(std::memory_order_relaxed) > 0; }
  void NoteTrimming(int change) { trimmers_.fetch_add(change, std::memory_order_relaxed); }
  // Shards that have few entries are used seldom, and what each of them calls old says little about
  // the others: they set their clocks by each other's. The later of the two is both from now on.
  uint32_t SyncClock(uint32_t clock) {
    uint32_t seen = clock_.load(std::memory_order_relaxed);
    while (static_cast<int32_t>(clock - seen) > 0) {  // it may wrap
      if (clock_.compare_exchange_weak(seen, clock, std::memory_order_relaxed)) return clock;
    }
    return seen;
  }
  // The same, and later than every other of them: where uses do not count, what enters has a place
  // of its own in the order of all. (Uses of one shard would not keep up with it.)
  uint32_t AdvanceClock(uint32_t clock) {
    uint32_t seen = clock_.load(std::memory_order_relaxed);
    uint32_t next = 0;
    do {
      next = static_cast<int32_t>(clock - seen) > 0 ? clock : seen + 1;
    } while (!clock_.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    return next;
  }
  // Nobody uses the keyspace; its shards' clocks are set along.
  void SetClock(uint32_t clock) { clock_.store(clock, std::memory_order_relaxed); }
  // Whether uses are recorded in the entries: not where the order in which they came counts.
  bool tracks_use() const { return tracks_use_.load(std::memory_order_relaxed); }
  // Whether they are counted rather than dated.
  bool tracks_frequency() const { return tracks_frequency_.load(std::memory_order_relaxed); }
  bool exact_order() const { return exact_order_; }

  // Set before the keyspace is shared.
  bool wants_effects() const { return wants_effects_; }
  void set_wants_effects(bool wanted) { wants_effects_ = wanted; }
  // What is below its RAM; null: nothing. Set before the keyspace is shared; lives longer.
  // `hot_memory`: bytes of entries with their values above which values that are stored are let go.
  // `generation`, `version`: as the tier has them.
  Tier* tier() const { return tier_; }
  int64_t hot_memory() const { return hot_memory_.load(std::memory_order_relaxed); }
  void set_hot_memory(int64_t bytes) { hot_memory_.store(bytes, std::memory_order_relaxed); }
  void SetTier(Tier* tier) { SetTier(tier, generation(), version()); }
  void SetTier(Tier* tier, uint64_t generation, uint64_t version);
  Durability durability() const { return durability_.load(std::memory_order_relaxed); }
  OnDiskError on_disk_error() const { return on_disk_error_.load(std::memory_order_relaxed); }
  // Of the records in the tier: unique in the process, replaced when all of them become void at
  // once: under all locks, or when the keyspace is retired and empty.
  uint64_t generation() const { return generation_.load(std::memory_order_relaxed); }
  // What was invalidated goes with what is there: so does the version. Under the locks of both.
  void ExchangeGenerations(Keyspace& other);
  void NextGeneration() { generation_.fetch_add(1, std::memory_order_relaxed); }

  // What a command has to mind before it runs; 0 mostly.
  enum Special : uint8_t {
    // No longer in the map (NAMESPACE DROP): set under all its locks; who finds it set looks again.
    kRetired = 1,
    kHasTier = 2,
  };
  uint8_t special() const { return special_.load(std::memory_order_acquire); }
  bool retired() const { return (special() & kRetired) != 0; }
  void Retire() { special_.fetch_or(kRetired, std::memory_order_release); }

  // For shards.
  std::atomic<int64_t>& entry_count() { return entries_; }
  const std::atomic<int64_t>& entry_count() const { return entries_; }
  void AddBytes(int64_t delta) {
    bytes_.fetch_add(delta, std::memory_order_relaxed);
    memory_->Add(delta);
  }
  void AddTierBytes(int64_t delta) { tier_bytes_.fetch_add(delta, std::memory_order_relaxed); }
  void AddHotBytes(int64_t delta) { hot_bytes_.fetch_add(delta, std::memory_order_relaxed); }
  // The clock was set back to `now` (Unix ms). Takes the shards' locks one by one, and waits for
  // owners: not on a loop.
  void FollowClockBack(int64_t now);

  // Not later than the first moment at which a shard has expiry work.
  std::atomic<int64_t> next_work{ExpiryWheel::kNever};

 private:
  const uint32_t id_;
  const std::string name_;
  const int database_;
  const bool named_;
  const bool exact_order_;
  const unsigned shard_bits_;
  bool wants_effects_ = false;
  std::atomic<uint8_t> special_{0};
  std::atomic<int> trimmers_{0};
  Tier* tier_ = nullptr;
  std::atomic<int64_t> hot_memory_{0};
  std::atomic<Durability> durability_{Durability::kWal};
  std::atomic<OnDiskError> on_disk_error_{OnDiskError::kRefuse};
  std::atomic<uint64_t> generation_;
  std::atomic<EvictionPolicy> policy_;
  std::atomic<bool> tracks_use_;
  std::atomic<bool> tracks_frequency_;
  std::atomic<int64_t> max_entries_;
  std::atomic<int64_t> max_memory_;
  std::atomic<int64_t> min_memory_;
  std::atomic<int64_t> max_disk_{0};
  std::atomic<int64_t> default_ttl_ms_;
  std::atomic<uint64_t> version_{1};
  std::atomic<int64_t> bytes_{0};
  std::atomic<int64_t> tier_bytes_{0};
  std::atomic<int64_t> hot_bytes_{0};
  alignas(64) std::atomic<int64_t> entries_{0};
  std::atomic<uint32_t> clock_{0};  // the latest of small shards
  MemoryTotal* memory_;
  mutable std::mutex settings_mutex_;
  NamespaceSettings settings_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace replete
