#include "core/tier/disk_recency.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/shard.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace replete {
namespace {

struct Use {
  uint32_t tag;
  uint32_t used;

  bool operator<(const Use& other) const { return tag < other.tag; }
};
using Piece = std::vector<Use>;
using Pieces = std::array<Piece, DiskStore::kRecencyPieces>;

struct Head {
  bool frequencies = false;
  int64_t stopped_ms = 0;
  std::vector<UseDates::Point> dates;
};

// HashKey is another in every process.
uint64_t LastingHash(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }
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

std::string Encode(const Head& head, const Piece& piece) {
  std::string bytes;
  bytes.reserve(32 + head.dates.size() * sizeof(UseDates::Point) + piece.size() * sizeof(Use));
  Append(static_cast<uint8_t>(head.frequencies), &bytes);
  Append(head.stopped_ms, &bytes);
  Append(static_cast<uint32_t>(head.dates.size()), &bytes);
  for (const UseDates::Point& point : head.dates) Append(point, &bytes);
  for (const Use& use : piece) Append(use, &bytes);
  return bytes;
}

// False: the bytes are no piece.
bool Decode(std::string_view bytes, Head* head, Piece* piece) {
  uint8_t frequencies = 0;
  uint32_t n_dates = 0;
  if (!Take(&bytes, &frequencies) || !Take(&bytes, &head->stopped_ms) || !Take(&bytes, &n_dates)) {
    return false;
  }
  if (frequencies > 1 || n_dates > UseDates::kMostPoints) return false;
  head->frequencies = frequencies != 0;
  head->dates.resize(n_dates);
  for (UseDates::Point& point : head->dates) {
    // Others would have ClockOf divide by nothing.
    if (!Take(&bytes, &point) || point.first_seconds_ago < point.last_seconds_ago) return false;
  }
  if (bytes.size() % sizeof(Use) != 0) return false;
  piece->resize(bytes.size() / sizeof(Use));
  if (!bytes.empty()) std::memcpy(piece->data(), bytes.data(), bytes.size());
  return std::is_sorted(piece->begin(), piece->end());
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

// Tags are spread evenly, so where one stands is nearly known.
const Use* Find(const Piece& piece, uint32_t tag) {
  constexpr size_t kNear = 512;
  const size_t guess = uint64_t{tag} * piece.size() >> 32;
  auto first = piece.begin() + static_cast<ptrdiff_t>(guess < kNear ? 0 : guess - kNear);
  auto last = piece.begin() + static_cast<ptrdiff_t>(std::min(piece.size(), guess + kNear));
  if (first == last || first->tag > tag) first = piece.begin();
  if (last == first || (last - 1)->tag < tag) last = piece.end();
  const auto found = std::lower_bound(first, last, Use{tag, 0});
  return found == piece.end() || found->tag != tag ? nullptr : &*found;
}

void RestoreShard(Shard& shard, const Head& head, const Pieces& pieces, int64_t now_ms,
                  uint32_t second) {
  std::vector<std::pair<uint32_t, Entry*>> ordered;  // uses since its own
  shard.data.table.ForEach([&](Entry* entry) {
    const uint64_t hash = LastingHash(entry->key());
    const Use* use = Find(pieces[PieceOf(hash)], TagOf(hash));
    if (head.frequencies) {
      if (use != nullptr) entry->set_clock(use->used);
      return;
    }
    const uint32_t age = use == nullptr ? 0 : use->used;
    entry->set_clock(shard.clock - age);
    if (entry->has(Entry::kOrder)) ordered.emplace_back(age, entry);
  });
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [age, entry] : ordered) shard.data.order.MoveToFront(entry);
  const int64_t away_s = std::clamp<int64_t>((now_ms - head.stopped_ms) / 1000, 0, 1 << 28);
  if (!head.frequencies && !head.dates.empty()) {
    shard.dates.Assign(head.dates, shard.clock, second - static_cast<uint32_t>(away_s));
  }
}

std::string NoteOf(uint32_t id, size_t piece) { return DiskStore::RecencyNote(id, piece); }

}  // namespace

DiskStatus SaveRecency(DiskStore& store, const Clock& clock, uint32_t id, Keyspace& keyspace) {
  SetClocksInStep(keyspace);
  Head head;
  head.frequencies = keyspace.tracks_frequency();
  head.stopped_ms = clock.NowMs();
  Pieces pieces;
  for (size_t i = 0; i < keyspace.shards(); ++i) {
    Shard& shard = keyspace.shard(i);
    std::lock_guard lock(shard.mutex);
    std::vector<UseDates::Point> dates = shard.dates.Points(shard.clock, clock.second());
    if (dates.size() > head.dates.size()) head.dates = std::move(dates);
    shard.data.table.ForEach([&](const Entry* entry) {
      const uint64_t hash = LastingHash(entry->key());
      const uint32_t used = head.frequencies ? entry->clock() : shard.clock - entry->clock();
      pieces[PieceOf(hash)].push_back({TagOf(hash), used});
    });
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::sort(pieces[i].begin(), pieces[i].end());
    DiskStore::Group group;
    group.Note(NoteOf(id, i), Encode(head, pieces[i]));
    const DiskStatus status = store.Write(&group, DiskStore::Safety::kLogged);
    if (!status.ok()) return status;
  }
  return {};
}

void RestoreRecency(DiskStore& store, const Clock& clock, uint32_t id, Keyspace& keyspace,
                    size_t threads) {
  Head head;
  Pieces pieces;
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::string bytes;
    if (!store.ReadNote(NoteOf(id, i), &bytes).ok()) return;
    if (!Decode(bytes, &head, &pieces[i])) return;
  }
  if (head.frequencies != keyspace.tracks_frequency()) return;  // the policy is another
  SetClocksInStep(keyspace);
  std::atomic<size_t> next{0};
  const auto restore = [&] {
    for (size_t i = next.fetch_add(1); i < keyspace.shards(); i = next.fetch_add(1)) {
      Shard& shard = keyspace.shard(i);
      std::lock_guard lock(shard.mutex);
      RestoreShard(shard, head, pieces, clock.NowMs(), clock.second());
    }
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back(restore);
  restore();
  for (std::thread& other : others) other.join();
}

}  // namespace replete
