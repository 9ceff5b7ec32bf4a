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

// Puts the keys of all records of these namespaces into their keyspaces, values away, `threads` at
// once; *count says how far it has come. Records whose deadline has passed are passed over. The
// problem tells what could not be read; the rest is there.
[[nodiscard]] Problem ReadKeysBack(DiskStore& store, const Clock& clock,
                                   const std::vector<DiskCatalog::Attached>& namespaces,
                                   size_t threads, std::atomic<uint64_t>* count);

}  // namespace replete
