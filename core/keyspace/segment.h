#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/keyspace/allocator.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// The parts of SegmentTable that do not depend on what it holds: words, buckets, segments,
// directory.
namespace replete::table {

// A word names one item: 16 bits of tag, 44 bits of pointer (16-byte aligned, below 2^48), and 4
// low bits which in a bucket's first word count the items that have their home there and live
// elsewhere.
using Word = std::atomic<uint64_t>;

inline constexpr uint64_t kPointerMask = 0x0000fffffffffff0;
inline constexpr uint64_t kCountMask = 0xf;
inline constexpr uint64_t kCountSaturated = 0xf;
inline constexpr unsigned kTagShift = 48;
inline constexpr uint32_t kOccupied = 0x8000;
inline constexpr uint32_t kDisplaced = 0x4000;
inline constexpr uint32_t kFingerprintMask = 0x3fff;
inline constexpr unsigned kSlots = 8;

inline uint32_t Fingerprint(uint64_t hash) {
  return static_cast<uint32_t>(hash) & kFingerprintMask;
}

inline constexpr size_t kCacheLine = 64;

struct alignas(kCacheLine) Bucket {
  Word words[kSlots];
};

// Bit i is set when word i carries `tag`. Not atomic: for the holder of the table's lock.
inline uint32_t MatchTag(const Bucket& bucket, uint32_t tag) {
#if defined(__SSE2__)
  const auto* p = reinterpret_cast<const __m128i*>(&bucket);
  const __m128i needle = _mm_set1_epi16(static_cast<int16_t>(tag));
  // Lanes 3 and 7 of each vector are the tags of its two words.
  __m128i a = _mm_cmpeq_epi16(_mm_load_si128(p), needle);
  __m128i b = _mm_cmpeq_epi16(_mm_load_si128(p + 1), needle);
  __m128i c = _mm_cmpeq_epi16(_mm_load_si128(p + 2), needle);
  __m128i d = _mm_cmpeq_epi16(_mm_load_si128(p + 3), needle);
  auto high = [](__m128i x, __m128i y) {
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(_mm_srai_epi32(x, 16)),
                                           _mm_castsi128_ps(_mm_srai_epi32(y, 16)),
                                           _MM_SHUFFLE(3, 1, 3, 1)));
  };
  __m128i low = _mm_packs_epi32(high(a, b), high(c, d));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, _mm_setzero_si128())));
#else
  uint32_t mask = 0;
  for (unsigned i = 0; i < kSlots; ++i) {
    uint64_t word = bucket.words[i].load(std::memory_order_relaxed);
    mask |= static_cast<uint32_t>((word >> kTagShift) == tag) << i;
  }
  return mask;
#endif
}

// A segment: a header of one cache line, then its buckets. Sizes are chosen so that header and
// buckets fill an allocator size class (256, 512, 1024, 2048 or 3072 bytes).
struct Segment {
  uint16_t buckets;
  uint16_t count;                   // items, those in `overflow` included
  uint8_t depth;                    // leading hash bits (after the shard's) that its items share
  std::vector<uint64_t>* overflow;  // words that found no bucket; null nearly always

  Bucket* bucket(uint32_t index) { return reinterpret_cast<Bucket*>(this) + 1 + index; }
  const Bucket* bucket(uint32_t index) const {
    return reinterpret_cast<const Bucket*>(this) + 1 + index;
  }
  size_t bytes() const { return (size_t{buckets} + 1) * sizeof(Bucket); }
  uint32_t capacity() const { return uint32_t{buckets} * kSlots; }
};

inline constexpr uint16_t kSizes[] = {3, 7, 15, 31, 47};
inline constexpr uint16_t kSmallest = 3;
inline constexpr uint16_t kSplitSize = 31;  // what a segment that splits leaves behind, twice
inline constexpr uint16_t kLargest = 47;
inline constexpr uint8_t kMaxDepth = 28;

// Home bucket of 16 hash bits: monotone, so buckets are in hash order.
inline uint32_t HomeOf(uint32_t position16, uint32_t buckets) {
  return (position16 * buckets) >> 16;
}

// The other bucket of an item, from its fingerprint alone; its own inverse.
// (Partial-key cuckoo hashing: Fan et al., "MemC3", NSDI 2013, here modulo any bucket count.)
inline uint32_t OtherBucket(uint32_t bucket, uint32_t fingerprint, uint32_t buckets) {
  uint32_t mixed = (fingerprint * 0x9e37u + 0x79b9u) & 0xffff;
  uint32_t sum = (mixed * buckets) >> 16;
  return sum >= bucket ? sum - bucket : sum + buckets - bucket;
}

// The word's item, for those that hold one (words without a tag do not).
template <class Item>
Item* ItemOf(uint64_t word) {
  return reinterpret_cast<Item*>(word & kPointerMask);
}

// Calls fn(Item*) for what lives in the bucket, respectively in the segment.
template <class Item, class Fn>
void ForEachItem(const Bucket& bucket, Fn&& fn) {
  for (const Word& word : bucket.words) {
    const uint64_t value = word.load(std::memory_order_relaxed);
    if (value >> kTagShift) fn(ItemOf<Item>(value));
  }
}
template <class Item, class Fn>
void ForEachItem(const Segment& segment, Fn&& fn) {
  for (uint32_t b = 0; b < segment.buckets; ++b) ForEachItem<Item>(*segment.bucket(b), fn);
  if (segment.overflow == nullptr) return;
  for (uint64_t value : *segment.overflow) fn(ItemOf<Item>(value));
}

// The same for the items whose home is in [first, last), wherever in the segment they live, and for
// all of the overflow: they are few, and their homes are not kept. Returns how many there were.
template <class Item, class Fn>
size_t ForEachItemOf(const Segment& segment, uint32_t first, uint32_t last, Fn&& fn) {
  size_t given = 0;
  const auto give = [&](uint64_t word) {
    fn(ItemOf<Item>(word));
    ++given;
  };
  uint64_t elsewhere = 0;
  for (uint32_t b = first; b < last; ++b) {
    const Bucket& bucket = *segment.bucket(b);
    elsewhere += bucket.words[0].load(std::memory_order_relaxed) & kCountMask;
    for (const Word& word : bucket.words) {
      const uint64_t value = word.load(std::memory_order_relaxed);
      const auto tag = static_cast<uint32_t>(value >> kTagShift);
      if (tag != 0 && (tag & kDisplaced) == 0) give(value);
    }
  }
  for (uint32_t b = 0; b < segment.buckets && elsewhere > 0; ++b) {
    for (const Word& word : segment.bucket(b)->words) {
      const uint64_t value = word.load(std::memory_order_relaxed);
      const auto tag = static_cast<uint32_t>(value >> kTagShift);
      if ((tag & kDisplaced) == 0) continue;
      const uint32_t home = OtherBucket(b, tag & kFingerprintMask, segment.buckets);
      if (home >= first && home < last) give(value);
    }
  }
  if (segment.overflow != nullptr) {
    for (uint64_t value : *segment.overflow) give(value);
  }
  return given;
}

Segment* NewSegment(uint16_t buckets, uint8_t depth);
void FreeSegment(void* memory, size_t bytes);

// Places a word in its home or its other bucket, moving others by at most a few steps. False: no
// room.
bool Place(Segment* segment, uint32_t home, uint32_t fingerprint, const void* item);
// As Place, and keeps the word in the overflow list when there is no room.
void PlaceAlways(Segment* segment, uint32_t home, uint32_t fingerprint, const void* item);

// Takes a word out of `bucket`; the home bucket's count is kept right.
void Remove(Segment* segment, uint32_t bucket, uint32_t slot);
void RemoveOverflow(Segment* segment, size_t index, uint32_t home);

// Where all segments are: 2^depth words of [depth:8 | buckets:8 | pointer:48].
struct Directory {
  uint8_t depth;
  Word words[1];

  size_t size() const { return size_t{1} << depth; }
  size_t bytes() const { return AllocatedSize(sizeof(Directory) + (size() - 1) * sizeof(Word)); }
};

Directory* NewDirectory(uint8_t depth);
void FreeDirectory(void* memory, size_t bytes);

inline uint64_t DirectoryWord(const Segment* segment) {
  return uint64_t{segment->depth} << 56 | uint64_t{segment->buckets} << 48 |
         reinterpret_cast<uint64_t>(segment);
}
inline Segment* SegmentOf(uint64_t word) {
  return reinterpret_cast<Segment*>(word & ((uint64_t{1} << 48) - 1));
}
inline uint32_t BucketsOf(uint64_t word) { return (word >> 48) & 0xff; }
inline uint32_t DepthOf(uint64_t word) { return static_cast<uint32_t>(word >> 56); }

}  // namespace replete::table
