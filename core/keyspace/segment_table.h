#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "core/keyspace/equal_bytes.h"
#include "core/keyspace/reclaimer.h"
#include "core/keyspace/segment.h"

namespace replete {

// A hash table of pointers that never stalls to grow: extendible hashing (R. Fagin et al.,
// "Extendible hashing", 1979) over small segments that grow by half and then split one at a time,
// each a few hundred items. Inside a segment an item is in one of two 64-byte buckets (partial-key
// cuckoo), so a lookup that misses reads one cache line most of the time and no item at all.
//
// Everything is laid out in hash order: directory by leading bits, home buckets by the bits after
// them. A scan position is a hash prefix, which growing, shrinking and displacement leave valid.
//
// Traits: `Item` (16-byte aligned), `Key(const Item*)`, `Hash(std::string_view)`,
// `kPrefetchedLines` (cache lines of an item that a look-ahead fetches). The table owns no items.
// One thread at a time, but Prefetch* may run beside a writer, inside a Reclaimer::ReadGuard.
template <class Traits>
class SegmentTable {
 public:
  using Item = typename Traits::Item;

  // Positions of a scan, in units of 2^12 hashes: [0, kScanEnd].
  static constexpr uint64_t kScanEnd = uint64_t{1} << 52;

  // Where an item is. Valid until the table changes.
  class Slot {
   public:
    Slot() = default;
    explicit operator bool() const { return item_ != nullptr; }
    Item* item() const { return item_; }

   private:
    friend class SegmentTable;
    Item* item_ = nullptr;
    table::Segment* segment_ = nullptr;
    uint32_t bucket_ = 0;  // the segment's bucket count stands for the overflow list
    uint32_t slot_ = 0, home_ = 0;
  };

  // `skip_bits` leading hash bits are the same for all items (the shard's number). `reclaimer` may
  // be null when nobody prefetches.
  explicit SegmentTable(unsigned skip_bits = 0, Reclaimer* reclaimer = nullptr)
      : skip_bits_(skip_bits), reclaimer_(reclaimer) {}
  ~SegmentTable() { DropAll(); }
  SegmentTable(SegmentTable&& other) noexcept
      : skip_bits_(other.skip_bits_), reclaimer_(other.reclaimer_) {
    Swap(other);
  }
  SegmentTable& operator=(SegmentTable&&) = delete;

  void Swap(SegmentTable& other) noexcept {
    table::Directory* mine = directory_.load(std::memory_order_relaxed);
    directory_.store(other.directory_.load(std::memory_order_relaxed));
    other.directory_.store(mine);
    std::swap(size_, other.size_);
    std::swap(bytes_, other.bytes_);
  }

  size_t size() const { return size_; }
  Reclaimer* reclaimer() const { return reclaimer_; }
  // Memory of segments and directory, in bytes.
  size_t bytes() const { return bytes_; }

  Slot Find(uint64_t hash, std::string_view key) const {
    Slot result;
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    if (directory == nullptr) return result;
    const Place place = Locate(directory, hash);
    const uint32_t fingerprint = table::Fingerprint(hash);
    const table::Bucket& home = *place.segment->bucket(place.home);
    if (FindIn(home, table::kOccupied | fingerprint, key, &result)) {
      result.bucket_ = place.home;
    } else if ((home.words[0].load(std::memory_order_relaxed) & table::kCountMask) == 0) {
      return result;
    } else {
      uint32_t other = table::OtherBucket(place.home, fingerprint, place.buckets);
      if (FindIn(*place.segment->bucket(other), table::kOccupied | table::kDisplaced | fingerprint,
                 key, &result)) {
        result.bucket_ = other;
      } else if (!FindOverflow(place, fingerprint, key, &result)) {
        return result;
      }
    }
    result.segment_ = place.segment;
    result.home_ = place.home;
    return result;
  }

  // Whether this very item is in the table. Does not look into any item.
  bool Holds(uint64_t hash, const Item* item) const {
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    if (directory == nullptr) return false;
    const Place place = Locate(directory, hash);
    const uint32_t other = table::OtherBucket(place.home, table::Fingerprint(hash), place.buckets);
    const auto is_item = [item](const auto& word) {
      return (uint64_t{word} & table::kPointerMask) == reinterpret_cast<uint64_t>(item);
    };
    for (uint32_t index : {place.home, other}) {
      const auto& words = place.segment->bucket(index)->words;
      if (std::any_of(std::begin(words), std::end(words), is_item)) return true;
    }
    const auto* overflow = place.segment->overflow;
    return overflow != nullptr && std::any_of(overflow->begin(), overflow->end(), is_item);
  }

  // Room for about so many, before the first has come.
  void Reserve(size_t items) {
    if (directory_.load(std::memory_order_relaxed) != nullptr) return;
    // On average: some get more, and few of those may have to grow.
    constexpr size_t kFull = size_t{table::kLargest} * table::kSlots * 13 / 16;
    constexpr size_t kSplitFull = size_t{table::kSplitSize} * table::kSlots * 13 / 16;
    uint8_t depth = 0;
    while (depth < table::kMaxDepth && items >> depth > kFull) ++depth;
    if (depth == 0) return;
    const uint16_t buckets = items >> depth > kSplitFull ? table::kLargest : table::kSplitSize;
    table::Directory* const directory = table::NewDirectory(depth);
    bytes_ = directory->bytes();
    for (size_t i = 0; i < directory->size(); ++i) {
      const table::Segment* const segment = table::NewSegment(buckets, depth);
      directory->words[i].store(table::DirectoryWord(segment), std::memory_order_relaxed);
      bytes_ += segment->bytes();
    }
    directory_.store(directory);
  }

  // `item`'s key must be absent. False: the table has to grow for it, and is as it was.
  bool TryInsert(uint64_t hash, Item* item) {
    if (directory_.load(std::memory_order_relaxed) == nullptr) Start();
    const Place place = Locate(directory_.load(std::memory_order_relaxed), hash);
    const bool placed = table::Place(place.segment, place.home, table::Fingerprint(hash), item);
    size_ += placed;
    return placed;
  }
  // The same, and grows.
  void Insert(uint64_t hash, Item* item) {
    while (!TryInsert(hash, item)) {
      const Place place = Locate(directory_.load(std::memory_order_relaxed), hash);
      if (Grow(hash, place)) continue;
      table::PlaceAlways(place.segment, place.home, table::Fingerprint(hash), item);
      return void(++size_);
    }
  }

  // Puts `item`, with the same key, where the slot's item is.
  void Replace(const Slot& slot, Item* item) {
    if (slot.bucket_ == slot.segment_->buckets) {
      uint64_t& word = (*slot.segment_->overflow)[slot.slot_];
      word = (word & ~table::kPointerMask) | reinterpret_cast<uint64_t>(item);
      return;
    }
    table::Word& word = slot.segment_->bucket(slot.bucket_)->words[slot.slot_];
    word.store((word.load(std::memory_order_relaxed) & ~table::kPointerMask) |
                   reinterpret_cast<uint64_t>(item),
               std::memory_order_relaxed);
  }

  // Takes the item out; the segment may shrink or merge with its neighbour.
  void Erase(const Slot& slot, uint64_t hash) {
    if (slot.bucket_ == slot.segment_->buckets) {
      table::RemoveOverflow(slot.segment_, slot.slot_, slot.home_);
    } else {
      table::Remove(slot.segment_, slot.bucket_, slot.slot_);
    }
    if (--size_ == 0) {
      DropAll();
    } else if (slot.segment_->count < ShrinkBelow(*slot.segment_)) {
      Shrink(hash, slot.segment_);
    }
  }

  // Takes out the items for which goes(Item*) is true, among a few dozen that stand at or after
  // `position`, and returns where to go on (kScanEnd: the end). For taking out very many: no
  // look-up and no key read for any. `goes` may free what it gives up and must not change the
  // table. An item that moves while others work between two calls may be left out.
  template <class Goes>
  uint64_t EraseSome(uint64_t position, Goes&& goes) {
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    if (directory == nullptr) return kScanEnd;
    constexpr uint32_t kBuckets = 8;
    const uint64_t relative = position << 12;
    const Place place = LocateRelative(directory, relative);
    const uint32_t last = std::min(place.buckets, place.home + kBuckets);
    PrefetchItems(*place.segment, place.home, last);
    for (uint32_t b = place.home; b < last; ++b) {
      for (uint32_t slot = 0; slot < table::kSlots; ++slot) {
        const uint64_t word = place.segment->bucket(b)->words[slot].load(std::memory_order_relaxed);
        if ((word >> table::kTagShift) == 0) continue;
        if (!goes(reinterpret_cast<Item*>(word & table::kPointerMask))) continue;
        table::Remove(place.segment, b, slot);
        --size_;
      }
    }
    if (last == place.buckets) EraseOverflow(place, goes);
    position = PositionAfter(relative, place, last);
    // Not in the midst of a segment: what moves to buckets that were seen would be left out.
    if (last == place.buckets || size_ == 0) ShrinkAll(relative);
    return position;
  }

  // Frees segments and directory; items are the caller's.
  void Clear() {
    DropAll();
    size_ = 0;
  }

  // Calls fn(Item*) for each item with its home at or after `position`, in steps of whole home
  // buckets, until about `want` items were given, and returns where to go on (kScanEnd: the end).
  // An item that is there from the first to the last call of a scan is given at least once. `fn`
  // must not change the table.
  template <class Fn>
  uint64_t Scan(uint64_t position, size_t want, Fn&& fn) const {
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    if (directory == nullptr) return kScanEnd;
    size_t given = 0;
    while (position < kScanEnd) {
      const uint64_t relative = position
                                << 12;  // hash order, shard bits removed by the caller's shift
      const Place place = LocateRelative(directory, relative);
      const auto steps =
          static_cast<uint32_t>(std::min<size_t>((want - given) / 4 + 1, table::kLargest));
      const uint32_t last = std::min(place.buckets, place.home + steps);
      given += table::ForEachItemOf<Item>(*place.segment, place.home, last, fn);
      position = PositionAfter(relative, place, last);
      if (given >= want) break;
    }
    return position;
  }

  template <class Fn>
  void ForEach(Fn&& fn) const {
    ForEachSegment([&](const table::Segment& segment) { table::ForEachItem<Item>(segment, fn); });
  }

  // Calls fn(Item*) for the items of a hash's segment, or only of its bucket there. For sampling.
  template <class Fn>
  void ForEachNear(uint64_t random_hash, Fn&& fn, bool in_bucket = false) const {
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    if (directory == nullptr) return;
    const Place place = LocateRelative(directory, random_hash);
    in_bucket ? table::ForEachItem<Item>(*place.segment->bucket(place.home), fn)
              : table::ForEachItem<Item>(*place.segment, fn);
  }

  // Position just after the segment that holds `position`; kScanEnd after the last one.
  uint64_t NextSegment(uint64_t position) const {
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    if (directory == nullptr) return kScanEnd;
    const Place place = LocateRelative(directory, position << 12);
    return PositionAfter(position << 12, place, place.buckets);
  }

  // Look-ahead for a pipeline, step by step for all its keys: home buckets, items, displaced items.
  void PrefetchBucket(uint64_t hash) const {
    table::Directory* directory = directory_.load(std::memory_order_seq_cst);
    if (directory == nullptr) return;
    const Place place = Locate(directory, hash);
    __builtin_prefetch(place.segment->bucket(place.home));
  }

  // False: the item may be displaced; the bucket where it would be is fetched.
  bool PrefetchItem(uint64_t hash) const {
    table::Directory* directory = directory_.load(std::memory_order_seq_cst);
    if (directory == nullptr) return true;
    const Place place = Locate(directory, hash);
    const uint32_t fingerprint = table::Fingerprint(hash);
    const table::Bucket& home = *place.segment->bucket(place.home);
    if (PrefetchFrom(home, table::kOccupied | fingerprint)) return true;
    if ((home.words[0].load(std::memory_order_relaxed) & table::kCountMask) == 0) return true;
    __builtin_prefetch(
        place.segment->bucket(table::OtherBucket(place.home, fingerprint, place.buckets)));
    return false;
  }

  void PrefetchDisplaced(uint64_t hash) const {
    table::Directory* directory = directory_.load(std::memory_order_seq_cst);
    if (directory == nullptr) return;
    const Place place = Locate(directory, hash);
    const uint32_t fingerprint = table::Fingerprint(hash);
    const uint32_t other = table::OtherBucket(place.home, fingerprint, place.buckets);
    PrefetchFrom(*place.segment->bucket(other), table::kOccupied | table::kDisplaced | fingerprint);
  }

 private:
  struct Place {
    table::Segment* segment;
    uint32_t buckets, home, depth;
  };

  static uint64_t Leading(uint64_t bits, unsigned count) {
    return count == 0 ? 0 : bits >> (64 - count);
  }

  Place Locate(const table::Directory* directory, uint64_t hash) const {
    return LocateRelative(directory, hash << skip_bits_);
  }

  // The words are read in the order that pairs with a writer's publishing stores: see Publish.
  static Place LocateRelative(const table::Directory* directory, uint64_t relative) {
    uint64_t word =
        directory->words[Leading(relative, directory->depth)].load(std::memory_order_acquire);
    Place place;
    place.segment = table::SegmentOf(word);
    place.buckets = table::BucketsOf(word);
    place.depth = table::DepthOf(word);
    place.home = table::HomeOf((relative << place.depth) >> 48, place.buckets);
    return place;
  }

  static bool FindIn(const table::Bucket& bucket, uint32_t tag, std::string_view key,
                     Slot* result) {
    for (uint32_t match = table::MatchTag(bucket, tag); match != 0; match &= match - 1) {
      auto slot = static_cast<uint32_t>(__builtin_ctz(match));
      auto* item = reinterpret_cast<Item*>(bucket.words[slot].load(std::memory_order_relaxed) &
                                           table::kPointerMask);
      if (EqualBytes(Traits::Key(item), key)) {
        result->item_ = item;
        result->slot_ = slot;
        return true;
      }
    }
    return false;
  }

  static bool FindOverflow(const Place& place, uint32_t fingerprint, std::string_view key,
                           Slot* result) {
    const auto* overflow = place.segment->overflow;
    if (overflow == nullptr) return false;
    for (size_t i = 0; i < overflow->size(); ++i) {
      uint64_t word = (*overflow)[i];
      if ((word >> table::kTagShift) != (table::kOccupied | fingerprint)) continue;
      auto* item = reinterpret_cast<Item*>(word & table::kPointerMask);
      if (!EqualBytes(Traits::Key(item), key)) continue;
      result->item_ = item;
      result->slot_ = static_cast<uint32_t>(i);
      result->bucket_ = place.buckets;
      return true;
    }
    return false;
  }

  // Beside a writer: no vector loads, one word at a time.
  static bool PrefetchFrom(const table::Bucket& bucket, uint32_t tag) {
    for (const table::Word& word : bucket.words) {
      const uint64_t value = word.load(std::memory_order_relaxed);
      if ((value >> table::kTagShift) != tag) continue;
      const auto* item = reinterpret_cast<const char*>(value & table::kPointerMask);
      for (size_t line = 0; line < Traits::kPrefetchedLines; ++line)
        __builtin_prefetch(item + line * table::kCacheLine);
      return true;
    }
    return false;
  }

  // Position of home bucket `bucket` (its count: of the segment after) in the segment `relative` is
  // in.
  static uint64_t PositionAfter(uint64_t relative, const Place& place, uint32_t bucket) {
    const uint64_t prefix = Leading(relative, place.depth);
    if (bucket == place.buckets) {
      uint64_t next = prefix + 1;
      return place.depth == 0 || (next >> place.depth) != 0 ? kScanEnd : next << (52 - place.depth);
    }
    uint64_t first = ((uint64_t{bucket} << 16) + place.buckets - 1) / place.buckets;
    uint64_t start = place.depth == 0 ? 0 : prefix << (64 - place.depth);
    return (start | first << (48 - place.depth)) >> 12;
  }

  static void PrefetchItems(const table::Segment& segment, uint32_t first, uint32_t last) {
    for (uint32_t b = first; b < last; ++b) {
      for (const table::Word& word : segment.bucket(b)->words) {
        __builtin_prefetch(reinterpret_cast<const void*>(word.load(std::memory_order_relaxed) &
                                                         table::kPointerMask));
      }
    }
  }

  template <class Goes>
  void EraseOverflow(const Place& place, Goes&& goes) {
    table::Segment* segment = place.segment;
    for (size_t i = segment->overflow == nullptr ? 0 : segment->overflow->size(); i-- > 0;) {
      auto* item = reinterpret_cast<Item*>((*segment->overflow)[i] & table::kPointerMask);
      const uint64_t relative = Traits::Hash(Traits::Key(item)) << skip_bits_;
      if (!goes(item)) continue;
      const uint32_t home = table::HomeOf((relative << place.depth) >> 48, place.buckets);
      table::RemoveOverflow(segment, i, home);
      --size_;
    }
  }

  // After many were taken out of the segment at `relative`: as small as it may be.
  void ShrinkAll(uint64_t relative) {
    if (size_ == 0) {
      DropAll();
      return;
    }
    for (bool shrunk = true; shrunk;) {
      const Place place = LocateRelative(directory_.load(std::memory_order_relaxed), relative);
      shrunk = place.segment->count < ShrinkBelow(*place.segment) &&
               Shrink(relative >> skip_bits_, place.segment);
    }
  }

  template <class Fn>
  void ForEachSegment(Fn&& fn) const {
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    if (directory == nullptr) return;
    for (size_t i = 0; i < directory->size();) {
      uint64_t word = directory->words[i].load(std::memory_order_relaxed);
      fn(*table::SegmentOf(word));
      i += size_t{1} << (directory->depth - table::DepthOf(word));
    }
  }

  void Start() {
    auto* segment = table::NewSegment(table::kSmallest, 0);
    auto* directory = table::NewDirectory(0);
    directory->words[0].store(table::DirectoryWord(segment), std::memory_order_relaxed);
    bytes_ = segment->bytes() + directory->bytes();
    directory_.store(directory);
  }

  // Seen by concurrent prefetches: the segment is complete before the word that names it is stored.
  void Publish(table::Directory* directory, uint64_t relative, table::Segment* segment) {
    const uint64_t prefix = Leading(relative, segment->depth);
    const unsigned extra = directory->depth - segment->depth;
    for (uint64_t i = prefix << extra; i < (prefix + 1) << extra; ++i) {
      directory->words[i].store(table::DirectoryWord(segment), std::memory_order_release);
    }
    bytes_ += segment->bytes();
  }

  void RetireSegment(table::Segment* segment) {
    bytes_ -= segment->bytes();
    if (reclaimer_ != nullptr) {
      reclaimer_->Retire(segment, segment->bytes(), &table::FreeSegment);
    } else {
      table::FreeSegment(segment, segment->bytes());
    }
  }

  void RetireDirectory(table::Directory* directory) {
    bytes_ -= directory->bytes();
    if (reclaimer_ != nullptr) {
      reclaimer_->Retire(directory, directory->bytes(), &table::FreeDirectory);
    } else {
      table::FreeDirectory(directory, directory->bytes());
    }
  }

  // Gives the segment of `hash` room: the next size, or two segments. False at the depth limit.
  bool Grow(uint64_t hash, const Place& place) {
    const uint64_t relative = hash << skip_bits_;
    table::Segment* old = place.segment;
    if (old->buckets < table::kLargest) {
      uint16_t next =
          *std::upper_bound(std::begin(table::kSizes), std::end(table::kSizes), old->buckets);
      table::Segment* bigger = table::NewSegment(next, old->depth);
      Refill(*old, bigger, bigger);
      Publish(directory_.load(std::memory_order_relaxed), relative, bigger);
      RetireSegment(old);
      return true;
    }
    // Hashes that agree in more bits than so many keys can explain would only double the directory.
    if (old->depth >= table::kMaxDepth || (size_t{2} << old->depth) > size_ / 8 + 16) return false;
    auto depth = static_cast<uint8_t>(old->depth + 1);
    if (depth > directory_.load(std::memory_order_relaxed)->depth) DoubleDirectory();
    table::Segment* low = table::NewSegment(table::kSplitSize, depth);
    table::Segment* high = table::NewSegment(table::kSplitSize, depth);
    Refill(*old, low, high);
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    const uint64_t bit = uint64_t{1} << (64 - depth);
    Publish(directory, relative & ~bit, low);
    Publish(directory, relative | bit, high);
    RetireSegment(old);
    return true;
  }

  void DoubleDirectory() {
    table::Directory* old = directory_.load(std::memory_order_relaxed);
    table::Directory* twice = table::NewDirectory(static_cast<uint8_t>(old->depth + 1));
    for (size_t i = 0; i < twice->size(); ++i) {
      twice->words[i].store(old->words[i >> 1].load(std::memory_order_relaxed),
                            std::memory_order_relaxed);
    }
    bytes_ += twice->bytes();
    directory_.store(twice);
    RetireDirectory(old);
  }

  // Places all items of `from` by their next bit into `low` or `high` (which may be the same
  // segment). Keys are fetched ahead: each is a cache miss otherwise.
  void Refill(const table::Segment& from, table::Segment* low, table::Segment* high) {
    std::array<Item*, table::kLargest * table::kSlots> items;
    size_t n = 0;
    std::vector<Item*> rest;  // only with an overflow list
    table::ForEachItem<Item>(from, [&](Item* item) {
      if (n < items.size()) {
        items[n++] = item;
      } else {
        rest.push_back(item);
      }
    });
    constexpr size_t kAhead = 12;
    for (size_t i = 0; i < std::min(n, kAhead); ++i) __builtin_prefetch(items[i]);
    for (size_t i = 0; i < n; ++i) {
      if (i + kAhead < n) __builtin_prefetch(items[i + kAhead]);
      PlaceByHash(items[i], low, high);
    }
    for (Item* item : rest) PlaceByHash(item, low, high);
  }

  void PlaceByHash(Item* item, table::Segment* low, table::Segment* high) {
    uint64_t hash = Traits::Hash(Traits::Key(item));
    uint64_t relative = hash << skip_bits_;
    bool upper = low != high && ((relative << (low->depth - 1)) >> 63) != 0;
    table::Segment* into = upper ? high : low;
    uint32_t home = table::HomeOf((relative << into->depth) >> 48, into->buckets);
    table::PlaceAlways(into, home, table::Fingerprint(hash), item);
  }

  // Below these a segment is given back in part: far enough from where it grew that it does not
  // swing.
  static uint32_t ShrinkBelow(const table::Segment& segment) {
    if (segment.buckets == table::kLargest) return segment.capacity() * 2 / 5;
    return segment.buckets == table::kSmallest ? 0 : segment.capacity() / 4;
  }

  // False: it stays as it is.
  bool Shrink(uint64_t hash, table::Segment* segment) {
    const uint64_t relative = hash << skip_bits_;
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    if (segment->depth == 0 || segment->buckets == table::kLargest) {
      uint16_t next =
          *(std::lower_bound(std::begin(table::kSizes), std::end(table::kSizes), segment->buckets) -
            1);
      table::Segment* smaller = table::NewSegment(next, segment->depth);
      Refill(*segment, smaller, smaller);
      Publish(directory, relative, smaller);
      RetireSegment(segment);
      return true;
    }
    const uint64_t buddy_hash = relative ^ (uint64_t{1} << (64 - segment->depth));
    table::Segment* buddy = LocateRelative(directory, buddy_hash).segment;
    if (buddy->depth != segment->depth || buddy->count + segment->count > kMergeAt) return false;
    auto* merged = table::NewSegment(table::kSplitSize, static_cast<uint8_t>(segment->depth - 1));
    Refill(*segment, merged, merged);
    Refill(*buddy, merged, merged);
    Publish(directory, relative, merged);
    RetireSegment(segment);
    RetireSegment(buddy);
    return true;
  }

  void DropAll() {
    table::Directory* directory = directory_.load(std::memory_order_relaxed);
    if (directory == nullptr) return;
    directory_.store(nullptr);
    for (size_t i = 0; i < directory->size();) {
      uint64_t word = directory->words[i].load(std::memory_order_relaxed);
      RetireSegment(table::SegmentOf(word));
      i += size_t{1} << (directory->depth - table::DepthOf(word));
    }
    RetireDirectory(directory);
  }

  static constexpr uint32_t kMergeAt = table::kSplitSize * table::kSlots * 6 / 10;

  std::atomic<table::Directory*> directory_{nullptr};
  size_t size_ = 0;
  size_t bytes_ = 0;
  unsigned skip_bits_;
  Reclaimer* reclaimer_;
};

}  // namespace replete
