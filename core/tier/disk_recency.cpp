#include "core/tier/disk_recency.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/shard.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace replete {
namespace {

// Where the clocks stand once keys have been read back. They may wrap.
constexpr uint32_t kNow = 0;
constexpr size_t kSharedByBits = 8;  // entries, about

uint32_t TagOf(uint64_t hash) { return static_cast<uint32_t>(hash); }
size_t PieceOf(uint64_t hash) { return (hash >> 32) % DiskStore::kRecencyPieces; }

template <class T>
void Append(const T& value, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
bool Take(std::string_view* bytes, T* value) {
  if (bytes->size() < sizeof *value) return false;
  std::memcpy(value, bytes->data(), sizeof *value);
  bytes->remove_prefix(sizeof *value);
  return true;
}

// Of small shards, as where something is inserted into one.
void SetClocksInStep(Keyspace& keyspace) {
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < keyspace.shards(); ++i) {
      Shard& shard = keyspace.shard(i);
      std::lock_guard lock(shard.mutex);
      if (shard.data.table.size() < Shard::kSmall) shard.clock = keyspace.SyncClock(shard.clock);
    }
  }
}

void SetOrder(Shard& shard) {
  std::vector<std::pair<uint32_t, Entry*>> ordered;  // uses since its own
  shard.data.table.ForEach(
      [&](Entry* entry) { ordered.emplace_back(kNow - entry->clock(), entry); });
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [age, entry] : ordered) shard.data.order.MoveToFront(entry);
}

}  // namespace

uint64_t Recency::HashOf(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

std::string Recency::Encode(const Head& head, const Piece& piece) {
  std::string bytes;
  bytes.reserve(32 + head.dates.size() * sizeof(UseDates::Point) + piece.size() * sizeof(Use));
  Append(static_cast<uint8_t>(head.frequencies), &bytes);
  Append(head.stopped_ms, &bytes);
  Append(static_cast<uint32_t>(head.dates.size()), &bytes);
  for (const UseDates::Point& point : head.dates) Append(point, &bytes);
  for (const Use& use : piece) Append(use, &bytes);
  return bytes;
}

DiskStatus Recency::Save(DiskStore& store, const Clock& clock, uint32_t id, Keyspace& keyspace) {
  SetClocksInStep(keyspace);
  Head head;
  head.frequencies = keyspace.tracks_frequency();
  head.stopped_ms = clock.NowMs();
  std::array<Piece, DiskStore::kRecencyPieces> pieces;
  for (size_t i = 0; i < keyspace.shards(); ++i) {
    Shard& shard = keyspace.shard(i);
    std::lock_guard lock(shard.mutex);
    std::vector<UseDates::Point> dates = shard.dates.Points(shard.clock, clock.second());
    if (dates.size() > head.dates.size()) head.dates = std::move(dates);
    shard.data.table.ForEach([&](const Entry* entry) {
      const uint64_t hash = HashOf(entry->key());
      const uint32_t used = head.frequencies ? entry->clock() : shard.clock - entry->clock();
      pieces[PieceOf(hash)].push_back({TagOf(hash), used});
    });
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::sort(pieces[i].begin(), pieces[i].end());
    DiskStore::Group group;
    group.Note(DiskStore::RecencyNote(id, i), Encode(head, pieces[i]));
    const DiskStatus status = store.Write(&group, DiskStore::Safety::kLogged);
    if (!status.ok()) return status;
  }
  return {};
}

std::unique_ptr<const Recency> Recency::Read(DiskStore& store, uint32_t id,
                                             const Keyspace& keyspace) {
  auto recency = std::make_unique<Recency>();
  std::vector<size_t> piece_ends;
  for (size_t i = 0; i < DiskStore::kRecencyPieces; ++i) {
    std::string bytes;
    if (!store.ReadNote(DiskStore::RecencyNote(id, i), &bytes).ok()) return nullptr;
    if (!recency->AddPiece(bytes)) return nullptr;
    piece_ends.push_back(recency->uses_.size());
  }
  if (recency->head_.frequencies != keyspace.tracks_frequency()) return nullptr;
  recency->Index(piece_ends);
  return recency;
}

// False: the bytes are no piece.
bool Recency::AddPiece(std::string_view bytes) {
  uint8_t frequencies = 0;
  uint32_t n_dates = 0;
  if (!Take(&bytes, &frequencies) || !Take(&bytes, &head_.stopped_ms) || !Take(&bytes, &n_dates)) {
    return false;
  }
  if (frequencies > 1 || n_dates > UseDates::kMostPoints) return false;
  head_.frequencies = frequencies != 0;
  head_.dates.resize(n_dates);
  for (UseDates::Point& point : head_.dates) {
    // Others would have ClockOf divide by nothing.
    if (!Take(&bytes, &point) || point.first_seconds_ago < point.last_seconds_ago) return false;
  }
  if (bytes.size() % sizeof(Use) != 0) return false;
  const size_t before = uses_.size();
  uses_.resize(before + bytes.size() / sizeof(Use));
  if (!bytes.empty()) std::memcpy(uses_.data() + before, bytes.data(), bytes.size());
  return std::is_sorted(uses_.begin() + static_cast<ptrdiff_t>(before), uses_.end());
}

void Recency::Index(const std::vector<size_t>& piece_ends) {
  while (index_bits_ < 31 &&
         (DiskStore::kRecencyPieces << index_bits_) * kSharedByBits < uses_.size()) {
    ++index_bits_;
  }
  starts_.reserve((DiskStore::kRecencyPieces << index_bits_) + 1);
  size_t at = 0;
  for (const size_t end : piece_ends) {
    for (uint64_t bits = 0; bits >> index_bits_ == 0; ++bits) {
      starts_.push_back(static_cast<uint32_t>(at));
      while (at < end && uint64_t{uses_[at].tag} >> (32 - index_bits_) == bits) ++at;
    }
  }
  starts_.push_back(static_cast<uint32_t>(at));
}

const uint32_t* Recency::RangeOf(uint64_t hash) const {
  const uint64_t bits = uint64_t{TagOf(hash)} >> (32 - index_bits_);
  return &starts_[(PieceOf(hash) << index_bits_) + bits];
}

std::optional<uint32_t> Recency::ClockOf(uint64_t hash) const {
  const uint32_t* const range = RangeOf(hash);
  for (uint32_t i = range[0]; i < range[1]; ++i) {
    if (uses_[i].tag != TagOf(hash)) continue;
    return head_.frequencies ? uses_[i].used : kNow - uses_[i].used;
  }
  if (head_.frequencies) return std::nullopt;
  return kNow;
}

void Recency::Finish(Keyspace& keyspace, const Clock& clock) const {
  if (head_.frequencies) return;
  const int64_t away_s = std::clamp<int64_t>((clock.NowMs() - head_.stopped_ms) / 1000, 0, 1 << 28);
  keyspace.SetClock(kNow);
  for (size_t i = 0; i < keyspace.shards(); ++i) {
    Shard& shard = keyspace.shard(i);
    std::lock_guard lock(shard.mutex);
    shard.clock = kNow;
    shard.dates.Assign(head_.dates, kNow, clock.second() - static_cast<uint32_t>(away_s));
    if (keyspace.exact_order()) SetOrder(shard);
  }
}

}  // namespace replete
