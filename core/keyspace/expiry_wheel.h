#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

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

  // Time has gone back to `now`: what is due from there on is found on time again. O(slots);
  // Cascade then puts the entries where they belong, and until it has, Soonest knows only some of
  // them. False: Cascade has not yet done so since the last time; to be asked for again.
  bool Rewind(int64_t now);

  size_t size() const { return size_; }
  // Not later than the moment at which Due or Cascade next has work; kNever when empty.
  int64_t NextWork() const;
  // The entry with the soonest deadline among those that `accept` lets pass, or null. `accept`
  // refuses at most kRefused entries. Looking through slots yields many answers at once, which are
  // kept for later calls: a slot may hold any number of entries, and is not looked through for
  // each.
  static constexpr size_t kRefused = 64;
  template <class Accept>
  Entry* Soonest(Accept&& accept);
  // Entries that were looked at in slots for that, in all.
  uint64_t looked_through() const { return looked_through_; }
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
  size_t MoveRewound(int64_t now, size_t budget);
  void Advance(int64_t now);
  size_t CascadeLevel(int level, int64_t now, size_t budget);
  void Push(Entry* entry, int level, int64_t slot);
  // First occupied position of a level at or after its current one; -1: the level is empty.
  int64_t FirstOccupied(int level) const;
  bool SlotEmpty(int level, int64_t position) const;

  struct Near {
    int64_t deadline;
    Entry* entry;
  };
  struct Place {
    int level;
    int64_t position;
    int64_t start;  // Unix ms; nothing in the slot is due before
  };
  void FindNear();
  // The slot that starts first among those at or after `from`. False: there is none.
  bool NextPlace(const std::array<int64_t, kLevels>& from, Place* place) const;
  int64_t FirstOccupiedFrom(int level, int64_t position) const;
  void AddNear(Entry* entry);
  void RemoveNear(const Entry* entry);
  std::vector<Near>::iterator PlaceInNear(const Entry* entry, int64_t deadline);

  // Behind the levels those from before time went back, while they have entries.
  std::array<std::unique_ptr<Level>, 2 * kLevels> levels_;
  bool rewinding_ = false;  // some of the latter are there
  // Position per level, in slots of that level since 1970: everything before it has been handled.
  std::array<int64_t, kLevels> current_{};
  size_t size_ = 0;
  // The soonest entries, the soonest last; all others are due at near_until_ or later. Empty until
  // somebody asks.
  std::vector<Near> near_;
  int64_t near_until_ = 0;
  uint64_t looked_through_ = 0;
};

template <class Accept>
Entry* ExpiryWheel::Soonest(Accept&& accept) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    for (auto near = near_.rbegin(); near != near_.rend(); ++near) {
      if (accept(near->entry)) return near->entry;
    }
    if (attempt == 0 && near_.size() < size_) FindNear();
  }
  return nullptr;
}

}  // namespace replete
