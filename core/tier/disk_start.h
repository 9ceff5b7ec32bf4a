#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "config/problem.h"
#include "core/keyspace/clock.h"
#include "core/tier/disk_catalog.h"
#include "core/tier/disk_store.h"

namespace replete {

// How far the reading has come, and whether it is to go on.
struct ReadingProgress {
  std::atomic<uint64_t>* keys;
  const std::atomic<bool>* cancelled;
};

// Puts the keys of all records of these namespaces into their keyspaces, values away, `threads` at
// once, as recently used as the last stop has noted (Recency). Records whose deadline has passed
// are passed over. The problem tells what could not be read; the rest is there.
[[nodiscard]] Problem ReadKeysBack(DiskStore& store, const Clock& clock,
                                   const std::vector<DiskCatalog::Attached>& namespaces,
                                   size_t threads, const ReadingProgress& progress);

}  // namespace replete
