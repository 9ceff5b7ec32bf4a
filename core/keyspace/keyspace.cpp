#include "core/keyspace/keyspace.h"

#include <bit>
#include <thread>

namespace replete {
namespace {

// Enough shards that loops seldom meet, few enough that walking them costs nothing.
constexpr unsigned kMaxShardBits = 5;
constexpr int64_t kEntriesPerShard = 12500;

unsigned ShardBitsFor(const NamespaceSettings& settings) {
  const auto limit = static_cast<int64_t>(settings.max_entries);
  if (limit == 0) return kMaxShardBits;
  if (limit <= Keyspace::kExactOrderMax) return 0;
  const auto wanted = std::bit_width(static_cast<uint64_t>(limit / kEntriesPerShard)) - 1;
  return std::min<unsigned>(static_cast<unsigned>(wanted), kMaxShardBits);
}

bool TracksFrequency(EvictionPolicy policy) {
  return policy == EvictionPolicy::kLfu || policy == EvictionPolicy::kVolatileLfu;
}

// Also where nothing goes by it now: another policy may be chosen later, and OBJECT IDLETIME asks.
bool TracksUse(EvictionPolicy policy) { return policy != EvictionPolicy::kFifo; }

}  // namespace

Keyspace::Keyspace(uint32_t id, std::string name, int database, const NamespaceSettings& settings,
                   Reclaimer* reclaimer, MemoryTotal* memory)
    : id_(id),
      name_(std::move(name)),
      database_(database),
      named_(name_.empty() || name_[0] < '0' || name_[0] > '9'),
      exact_order_(settings.max_entries > 0 &&
                   static_cast<int64_t>(settings.max_entries) <= kExactOrderMax),
      shard_bits_(ShardBitsFor(settings)),
      generation_(uint64_t{id} << 32),
      memory_(memory) {
  SetSettings(settings);
  for (unsigned i = 0; i < 1u << shard_bits_; ++i) {
    shards_.push_back(std::make_unique<Shard>(this, i, shard_bits_, reclaimer));
  }
}

Keyspace::~Keyspace() { memory_->Add(-bytes_.load()); }

void Keyspace::SetTier(Tier* tier, uint64_t generation, uint64_t version) {
  tier_ = tier;
  generation_.store(generation);
  version_.store(version);
  if (tier != nullptr) special_.fetch_or(kHasTier);
}

void Keyspace::ExchangeGenerations(Keyspace& other) {
  generation_.store(other.generation_.exchange(generation_.load()));
  version_.store(other.version_.exchange(version_.load()));
}

void Keyspace::Reserve(size_t entries) {
  for (const auto& shard : shards_) {
    std::lock_guard lock(shard->mutex);
    shard->data.table.Reserve(entries / shards_.size());
  }
}

size_t Keyspace::size() const {
  size_t total = 0;
  for (const auto& shard : shards_) total += shard->size();
  return total;
}

size_t Keyspace::bytes() const {
  size_t total = 0;
  for (const auto& shard : shards_) total += shard->bytes();
  return total;
}

size_t Keyspace::hot_bytes() const {
  size_t total = 0;
  for (const auto& shard : shards_) total += shard->hot_bytes();
  return total;
}

size_t Keyspace::entries_with_deadline() const {
  size_t total = 0;
  for (const auto& shard : shards_) total += shard->with_deadline();
  return total;
}

StatsTotal Keyspace::stats() const {
  StatsTotal total;
  for (const auto& shard : shards_) total.Add(shard->stats);
  return total;
}

void Keyspace::ResetStats() {
  for (const auto& shard : shards_) {
    std::lock_guard lock(shard->mutex);
    shard->stats.reset();
  }
}

NamespaceSettings Keyspace::settings() const {
  std::lock_guard lock(settings_mutex_);
  return settings_;
}

void Keyspace::SetSettings(const NamespaceSettings& settings) {
  std::lock_guard lock(settings_mutex_);
  settings_ = settings;
  policy_.store(settings.policy);
  tracks_use_.store(TracksUse(settings.policy));
  tracks_frequency_.store(TracksFrequency(settings.policy));
  max_entries_.store(static_cast<int64_t>(settings.max_entries));
  max_memory_.store(static_cast<int64_t>(settings.max_memory));
  min_memory_.store(static_cast<int64_t>(settings.min_memory));
  default_ttl_ms_.store(static_cast<int64_t>(settings.default_ttl_s) * 1000);
  max_disk_.store(static_cast<int64_t>(settings.max_disk));
  if (settings.engine == Engine::kDisk)
    hot_memory_.store(static_cast<int64_t>(settings.hot_memory));
  durability_.store(settings.durability);
  on_disk_error_.store(settings.on_disk_error);
}

void Keyspace::FollowClockBack(int64_t now) {
  constexpr size_t kSlice = 256;
  for (const auto& shard : shards_) {
    for (bool done = false; !done;) {
      {
        std::lock_guard lock(shard->mutex);
        if (!shard->gate.owned()) {
          done = shard->data.wheel.Rewind(now);
          // What an earlier step back has left to do is not left to a sweeper, which may be off.
          if (!done) shard->data.wheel.Cascade(now, kSlice);
          shard->NoteWork();
        }
      }
      std::this_thread::yield();
    }
  }
}

}  // namespace replete
