#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace replete {

// How fast counters grow: the mean over the last samples, which are taken every 100 ms or so.
// Thread-safe.
class Rates {
 public:
  enum Which : size_t { kCommands, kInputBytes, kOutputBytes, kCount };
  using Counts = std::array<uint64_t, kCount>;

  void Sample(int64_t now_ms, const Counts& counts);
  // A second.
  uint64_t Of(Which which) const;

 private:
  static constexpr size_t kSamples = 16;

  struct Taken {
    int64_t ms = 0;
    Counts counts{};
  };

  mutable std::mutex mutex_;
  std::array<Taken, kSamples> taken_;
  size_t next_ = 0;  // which is the oldest once all are taken
  size_t size_ = 0;
};

}  // namespace replete
