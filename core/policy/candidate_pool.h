#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace replete {

class Entry;

// The next victims of a shard that keeps no exact order: the best of whole segments, which are
// random samples of a few hundred keys. Nothing here keeps an entry alive: who takes a candidate
// looks whether it is still there and unchanged. Under the shard's lock.
class CandidatePool {
 public:
  static constexpr size_t kCapacity = 14;

  struct Candidate {
    Entry* entry;
    uint64_t hash;
    uint64_t score;  // the higher, the sooner it goes
  };

  bool empty() const { return size_ == 0; }
  // The candidate with the highest score.
  Candidate Take() { return candidates_[--size_]; }
  // Keeps the best kCapacity of what is added; in ascending order.
  void Add(const Candidate& candidate) {
    if (size_ == kCapacity) {
      if (candidate.score <= candidates_[0].score) return;
      size_t at = 0;
      for (; at + 1 < size_ && candidates_[at + 1].score < candidate.score; ++at) {
        candidates_[at] = candidates_[at + 1];
      }
      candidates_[at] = candidate;
      return;
    }
    size_t at = size_++;
    for (; at > 0 && candidates_[at - 1].score > candidate.score; --at) {
      candidates_[at] = candidates_[at - 1];
    }
    candidates_[at] = candidate;
  }
  // Only the best `size` stay.
  void KeepBest(size_t size) {
    if (size_ <= size) return;
    std::copy(candidates_.begin() + (size_ - size), candidates_.begin() + size_,
              candidates_.begin());
    size_ = size;
  }
  template <class Fn>
  void ForEach(Fn&& fn) {
    for (size_t i = 0; i < size_; ++i) fn(candidates_[i]);
  }
  void Clear() { size_ = 0; }

  uint64_t hand = 0;  // scan position of the next segment to look at

 private:
  std::array<Candidate, kCapacity> candidates_;
  size_t size_ = 0;
};

}  // namespace replete
