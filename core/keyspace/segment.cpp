#include "core/keyspace/segment.h"

#include <cstring>
#include <new>

#include "core/keyspace/allocator.h"

namespace replete::table {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

int FreeSlot(const Bucket& bucket) {
  for (unsigned i = 0; i < kSlots; ++i) {
    if ((bucket.words[i].load(kRelaxed) >> kTagShift) == 0) return static_cast<int>(i);
  }
  return -1;
}

void Store(Bucket* bucket, unsigned slot, uint32_t tag, uint64_t pointer) {
  uint64_t count = bucket->words[slot].load(kRelaxed) & kCountMask;
  bucket->words[slot].store(uint64_t{tag} << kTagShift | pointer | count, kRelaxed);
}

void AddAway(Bucket* home) {
  uint64_t word = home->words[0].load(kRelaxed);
  if ((word & kCountMask) != kCountSaturated) home->words[0].store(word + 1, kRelaxed);
}

// A saturated count stays: it no longer knows how many there are, and the segment's next rebuild
// counts anew.
void DropAway(Bucket* home) {
  uint64_t word = home->words[0].load(kRelaxed);
  uint64_t count = word & kCountMask;
  if (count != kCountSaturated && count != 0) home->words[0].store(word - 1, kRelaxed);
}

bool PutInto(Segment* segment, uint32_t index, uint32_t tag, uint64_t pointer) {
  Bucket* bucket = segment->bucket(index);
  int slot = FreeSlot(*bucket);
  if (slot < 0) return false;
  Store(bucket, static_cast<unsigned>(slot), tag, pointer);
  return true;
}

// Makes a free slot in `index` by sending one of its items to that item's other bucket.
bool MakeRoom(Segment* segment, uint32_t index, int steps) {
  Bucket* bucket = segment->bucket(index);
  for (int pass = 0; pass < steps; ++pass) {
    for (unsigned i = 0; i < kSlots; ++i) {
      uint64_t word = bucket->words[i].load(kRelaxed);
      auto tag = static_cast<uint32_t>(word >> kTagShift);
      uint32_t other = OtherBucket(index, tag & kFingerprintMask, segment->buckets);
      if (other == index) continue;
      // The second pass looks one step further: it empties the other bucket first.
      if (FreeSlot(*segment->bucket(other)) < 0 && (pass == 0 || !MakeRoom(segment, other, 1))) {
        continue;
      }
      // Making room further on may have moved this very item.
      if (bucket->words[i].load(kRelaxed) != word) return FreeSlot(*bucket) >= 0;
      PutInto(segment, other, tag ^ kDisplaced, word & kPointerMask);
      Store(bucket, i, 0, 0);
      if (tag & kDisplaced) {
        DropAway(segment->bucket(other));
      } else {
        AddAway(bucket);
      }
      return true;
    }
  }
  return false;
}

}  // namespace

Segment* NewSegment(uint16_t buckets, uint8_t depth) {
  size_t bytes = (size_t{buckets} + 1) * sizeof(Bucket);
  void* memory = AllocateLines(bytes);
  std::memset(memory, 0, bytes);
  auto* segment = new (memory) Segment();
  segment->buckets = buckets;
  segment->depth = depth;
  for (uint32_t i = 0; i < buckets; ++i) new (segment->bucket(i)) Bucket();
  return segment;
}

void FreeSegment(void* memory, size_t bytes) {
  delete static_cast<Segment*>(memory)->overflow;
  FreeLines(memory, bytes);
}

bool Place(Segment* segment, uint32_t home, uint32_t fingerprint, const void* item) {
  const auto pointer = reinterpret_cast<uint64_t>(item);
  const uint32_t tag = kOccupied | fingerprint;
  const uint32_t other = OtherBucket(home, fingerprint, segment->buckets);
  bool placed = PutInto(segment, home, tag, pointer);
  if (!placed && other != home && PutInto(segment, other, tag | kDisplaced, pointer)) {
    AddAway(segment->bucket(home));
    placed = true;
  }
  if (!placed && MakeRoom(segment, home, 2)) placed = PutInto(segment, home, tag, pointer);
  if (!placed && other != home && MakeRoom(segment, other, 2)) {
    placed = PutInto(segment, other, tag | kDisplaced, pointer);
    if (placed) AddAway(segment->bucket(home));
  }
  if (placed) ++segment->count;
  return placed;
}

void PlaceAlways(Segment* segment, uint32_t home, uint32_t fingerprint, const void* item) {
  if (Place(segment, home, fingerprint, item)) return;
  if (segment->overflow == nullptr) segment->overflow = new std::vector<uint64_t>();
  segment->overflow->push_back(uint64_t{kOccupied | fingerprint} << kTagShift |
                               reinterpret_cast<uint64_t>(item));
  AddAway(segment->bucket(home));
  ++segment->count;
}

void Remove(Segment* segment, uint32_t index, uint32_t slot) {
  Bucket* bucket = segment->bucket(index);
  auto tag = static_cast<uint32_t>(bucket->words[slot].load(kRelaxed) >> kTagShift);
  Store(bucket, slot, 0, 0);
  if (tag & kDisplaced) {
    DropAway(segment->bucket(OtherBucket(index, tag & kFingerprintMask, segment->buckets)));
  }
  --segment->count;
}

void RemoveOverflow(Segment* segment, size_t index, uint32_t home) {
  (*segment->overflow)[index] = segment->overflow->back();
  segment->overflow->pop_back();
  DropAway(segment->bucket(home));
  --segment->count;
}

Directory* NewDirectory(uint8_t depth) {
  size_t size = size_t{1} << depth;
  void* memory = Allocate(sizeof(Directory) + (size - 1) * sizeof(Word));
  auto* directory = new (memory) Directory();
  directory->depth = depth;
  for (size_t i = 0; i < size; ++i) new (&directory->words[i]) Word(0);
  return directory;
}

void FreeDirectory(void* memory, size_t bytes) { Free(memory, bytes); }

}  // namespace replete::table
