#include "server/rates.h"

#include <algorithm>

namespace replete {

void Rates::Sample(int64_t now_ms, const Counts& counts) {
  std::lock_guard lock(mutex_);
  taken_[next_] = {now_ms, counts};
  next_ = (next_ + 1) % kSamples;
  size_ = std::min(size_ + 1, kSamples);
}

uint64_t Rates::Of(Which which) const {
  std::lock_guard lock(mutex_);
  if (size_ < 2) return 0;
  const Taken& newest = taken_[(next_ + kSamples - 1) % kSamples];
  const Taken& oldest = taken_[(next_ + kSamples - size_) % kSamples];
  const int64_t ms = newest.ms - oldest.ms;
  // A reset of the counters makes them smaller.
  if (ms <= 0 || newest.counts[which] < oldest.counts[which]) return 0;
  return (newest.counts[which] - oldest.counts[which]) * 1000 / static_cast<uint64_t>(ms);
}

}  // namespace replete
