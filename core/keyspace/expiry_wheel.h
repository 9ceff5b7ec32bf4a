#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "core/keyspace/entry.h"

namespace replete {

// Which entries of a shard are due: a hierarchical timing wheel (G. Varghese and T. Lauck, "Hashed
// and hierarchical timing wheels", 1987). Its lists run through the entries' own links, so adding,
// removing and refreshing a deadline are O(1), leave nothing behind, and need no memory per key
// beyond the entry's.
//
// A level has 128 slots; its slot is 64 slots of the level below, so an upper slot can be spread
// over the lower level long before anything in it is due, in pieces of any size. Times are Unix
// milliseconds. Under the shard's lock.
class ExpiryWheel {
 public:
  static constexpr int64_t kTickMs = 16;
  static constexpr int64_t kNever = kNoDeadline;

  ExpiryWheel() = default;
  ExpiryWheel(ExpiryWheel&&) = default;
  ExpiryWheel& operator=(ExpiryWheel&&) = default;

  // `entry` has the deadline extension with its deadline set, and is not linked.
  void Add(Entry* entry, int64_t now);
  void Remove(Entry* entry);
  // An entry moves to another allocation: read the links of the old one, then give them to the new
  // one.
  struct Links {
    uint64_t next;
    uint64_t previous;
  };
  static Links LinksOf(const Entry* entry);
  void Relink(Entry* entry, Links links);

  // An entry that is due, at the latest a tick after its deadline; null when none is. It stays
  // linked.
  Entry* Due(int64_t now);
  // Moves up to `budget` entries from upper levels downwards where it is time. Returns how many it
  // moved.
  size_t Cascade(int64_t now, size_t budget);

  size_t size() const { return size_; }
  // Not later than the moment at which Due or Cascade next has work; kNever when empty.
  int64_t NextWork() const;
  // The entry with the soonest deadline among those that `accept` lets pass, or null. Looks through
  // the first slot of each level that has one.
  template <class Accept>
  Entry* Soonest(Accept&& accept) const;
  // Memory of the slots, in bytes.
  size_t bytes() const;

 private:
  static constexpr int kLevels = 7;
  static constexpr int64_t kSlots = 128;
  static constexpr int64_t kRatio = 64;

  struct Level {
    std::array<uint64_t, kSlots> heads{};
    std::array<uint64_t, 2> occupied{};
  };

  static int64_t TickOf(int64_t time, int level);
  static uint64_t MarkOf(int level, int64_t slot) {
    return (static_cast<uint64_t>(level) << 7 | static_cast<uint64_t>(slot)) << 1 | 1;
  }
  void Start(int64_t now);
  void Advance(int64_t now);
  size_t CascadeLevel(int level, int64_t now, size_t budget);
  void Push(Entry* entry, int level, int64_t slot);
  // First occupied position of a level at or after its current one; -1: the level is empty.
  int64_t FirstOccupied(int level) const;
  bool SlotEmpty(int level, int64_t position) const;

  std::array<std::unique_ptr<Level>, kLevels> levels_;
  // Position per level, in slots of that level since 1970: everything before it has been handled.
  std::array<int64_t, kLevels> current_{};
  size_t size_ = 0;
};

template <class Accept>
Entry* ExpiryWheel::Soonest(Accept&& accept) const {
  Entry* best = nullptr;
  for (int level = 0; level < kLevels; ++level) {
    if (!levels_[level]) continue;
    bool found = false;
    for (int64_t step = 0; step < kSlots && !found; ++step) {
      uint64_t link = levels_[level]->heads[(current_[level] + step) & (kSlots - 1)];
      while (link != 0) {
        auto* entry = reinterpret_cast<Entry*>(link);
        link = entry->link(Entry::wheel_next());
        if (!accept(entry)) continue;
        found = true;
        if (best == nullptr || entry->deadline() < best->deadline()) best = entry;
      }
    }
  }
  return best;
}

}  // namespace replete
