#pragma once

#include <rocksdb/options.h>

#include <memory>

#include "core/tier/disk_store.h"

namespace replete {

// How the database of a store is set up, but for the compaction filter and the environment.
rocksdb::Options DatabaseOptions(const DiskOptions& wanted, std::shared_ptr<rocksdb::Cache> cache,
                                 std::shared_ptr<rocksdb::WriteBufferManager> write_buffers);

}  // namespace replete
