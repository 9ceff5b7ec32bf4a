#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace replete {

// A key's hash, and the SegmentTable where it is looked for; null: nothing is.
template <class Table>
struct Sought {
  const Table* table;
  uint64_t hash;
};

// Brings what `n` look-ups need into the cache, all of them waiting for memory at once instead of
// one after another: home buckets, then items, then those that live elsewhere. `at(i)` is the i-th
// Sought. For any thread that may call the tables' Prefetch*.
template <class At>
void PrefetchTogether(size_t n, At&& at) {
  constexpr size_t kAtOnce = 32;  // more than a core has buffers for outstanding lines
  std::array<size_t, kAtOnce> displaced;
  for (size_t first = 0; first < n; first += kAtOnce) {
    const size_t last = std::min(n, first + kAtOnce);
    for (size_t i = first; i < last; ++i) {
      if (const auto one = at(i); one.table != nullptr) one.table->PrefetchBucket(one.hash);
    }
    size_t n_displaced = 0;
    for (size_t i = first; i < last; ++i) {
      const auto one = at(i);
      if (one.table != nullptr && !one.table->PrefetchItem(one.hash)) displaced[n_displaced++] = i;
    }
    for (size_t i = 0; i < n_displaced; ++i) {
      const auto one = at(displaced[i]);
      one.table->PrefetchDisplaced(one.hash);
    }
  }
}

}  // namespace replete
