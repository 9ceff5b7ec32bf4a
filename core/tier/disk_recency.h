#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/clock.h"
#include "core/policy/use_dates.h"
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
//
// One thread makes it; then any number look into it.
class Recency {
 public:
  // Nobody uses the keyspace any more.
  [[nodiscard]] static DiskStatus Save(DiskStore& store, const Clock& clock, uint32_t id,
                                       Keyspace& keyspace);
  // Null: there are no notes, they cannot be read, or they count where the keyspace dates.
  static std::unique_ptr<const Recency> Read(DiskStore& store, uint32_t id,
                                             const Keyspace& keyspace);

  // Entries that were noted.
  size_t size() const { return uses_.size(); }
  // Another than HashKey, which differs from process to process.
  static uint64_t HashOf(std::string_view key);
  // ClockOf(hash) will be called.
  void Prefetch(uint64_t hash) const { __builtin_prefetch(uses_.data() + RangeOf(hash)[0]); }
  // What the clock of the entry is to be; none: it counts as used just now.
  std::optional<uint32_t> ClockOf(uint64_t hash) const;
  // All entries are there and have their clocks, and nobody uses the keyspace yet: its own clocks
  // go on from where they stood.
  void Finish(Keyspace& keyspace, const Clock& clock) const;

 private:
  struct Head {
    bool frequencies = false;
    int64_t stopped_ms = 0;
    std::vector<UseDates::Point> dates;
  };
  struct Use {
    uint32_t tag;
    uint32_t used;

    bool operator<(const Use& other) const { return tag < other.tag; }
  };
  using Piece = std::vector<Use>;

  static std::string Encode(const Head& head, const Piece& piece);
  bool AddPiece(std::string_view bytes);
  void Index(const std::vector<size_t>& piece_ends);
  // Where those stand that it is among: from [0] up to [1].
  const uint32_t* RangeOf(uint64_t hash) const;

  Head head_;
  std::vector<Use> uses_;  // piece after piece
  // By piece and the first bits of the tag; so few have these in common that they share a line of
  // cache or two.
  std::vector<uint32_t> starts_;
  unsigned index_bits_ = 0;
};

}  // namespace replete
