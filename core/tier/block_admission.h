#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace replete {

// Which blocks that were read from files RocksDB's cache takes. Putting one in costs about half of
// what finding one there saves, and displaces another. So a cache that is full and seldom has what
// is sought takes only few of them, which is enough for it to follow what is sought now, and it
// keeps a part of a set that is too large for it.
//
// After the bimodal insertion of M. K. Qureshi et al., "Adaptive Insertion Policies for High
// Performance Caching", ISCA 2007, with the choice of the policy by the share of hits.
//
// Thread-safe; counts are approximate where threads meet.
class BlockAdmission {
 public:
  // One of so many blocks is taken by a full cache that seldom hits.
  static constexpr uint32_t kOneOf = 16;

  // Whether the cache takes the blocks of this read, the `number`th of its thread.
  bool Takes(uint32_t number) const {
    return !full_.load(std::memory_order_relaxed) ||
           hits_.load(std::memory_order_relaxed) >= kOften || number % kOneOf == 0;
  }
  // So many values were sought, and so many of them found without reading a file.
  void Note(size_t sought, size_t found);
  // The cache has no room, or has again.
  void SetFull(bool full) { full_.store(full, std::memory_order_relaxed); }

 private:
  static constexpr int32_t kAll = 1 << 16;
  static constexpr int32_t kOften = kAll / 4;

  std::atomic<int32_t> hits_{kAll};  // their share lately, of kAll
  std::atomic<bool> full_{false};
};

}  // namespace replete
