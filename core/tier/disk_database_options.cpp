#include "core/tier/disk_database_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string_view>
#include <utility>

#include "core/tier/disk_compaction.h"
#include "core/tier/disk_record.h"

namespace replete {
namespace {

constexpr int kWrittenTogether = 8;  // write buffers
constexpr size_t kLeastBuffer = 1 << 20;

rocksdb::CompressionType TypeOf(DiskCompression compression) {
  switch (compression) {
    case DiskCompression::kNone:
      return rocksdb::kNoCompression;
    case DiskCompression::kSnappy:
      return rocksdb::kSnappyCompression;
    case DiskCompression::kLz4:
      return rocksdb::kLZ4Compression;
    case DiskCompression::kZstd:
      break;
  }
  return rocksdb::kZSTD;
}

// What RocksDB logs as a warning or worse.
class WarningLogger final : public rocksdb::Logger {
 public:
  explicit WarningLogger(std::function<void(std::string_view)> warn)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), warn_(std::move(warn)) {}
  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    char text[1024];
    if (warn_ && std::vsnprintf(text, sizeof text, format, arguments) > 0) warn_(text);
  }

 private:
  const std::function<void(std::string_view)> warn_;
};

// Threads that flush and compact yield to those that serve clients.
class NiceListener final : public rocksdb::EventListener {
 public:
  explicit NiceListener(int nice) : nice_(nice) {}
  void OnFlushBegin(rocksdb::DB*, const rocksdb::FlushJobInfo&) override { Yield(); }
  void OnCompactionBegin(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override { Yield(); }

 private:
  void Yield() const {
    thread_local bool done = false;
    if (!std::exchange(done, true))
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice_);
  }

  const int nice_;
};

rocksdb::BlockBasedTableOptions TableOptions(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = std::move(cache);
  // Indexes count within the cache and stay there: without them every read is several.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.metadata_cache_options.unpartitioned_pinning = rocksdb::PinningTier::kAll;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  // A short walk to the record within its block, and an index that the processor's cache holds
  // more of: together up to a tenth less to read a small value, for 4 bytes of disk a record.
  table.block_restart_interval = 4;
  table.index_block_restart_interval = 8;
  table.format_version = 5;
  // Not for keys that are nowhere, which memory knows, but for the levels that a key is not in.
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  return table;
}

}  // namespace

rocksdb::Options DatabaseOptions(const DiskOptions& wanted, std::shared_ptr<rocksdb::Cache> cache,
                                 std::shared_ptr<rocksdb::WriteBufferManager> write_buffers) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.info_log = std::make_shared<WarningLogger>(wanted.warn);
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptions(std::move(cache))));
  options.write_buffer_manager = std::move(write_buffers);
  // The records of a group come sorted, each near the one before.
  options.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(kGenerationSize));
  // A place in a table that the processor's cache holds is found in half the time, so there are
  // many small ones; files are written from some together, and who seeks a key passes over those
  // that do not have it.
  options.write_buffer_size = std::max(wanted.write_buffers / (2 * kWrittenTogether), kLeastBuffer);
  options.min_write_buffer_number_to_merge = kWrittenTogether;
  options.max_write_buffer_number = 3 * kWrittenTogether;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.memtable_whole_key_filtering = true;
  options.max_background_jobs = wanted.background_jobs;
  options.merge_operator = std::make_shared<DeadlineOperator>();
  options.level_compaction_dynamic_level_bytes = true;
  options.optimize_filters_for_hits = true;  // none for the last level
  options.compression = TypeOf(wanted.compression);
  options.bottommost_compression = TypeOf(wanted.bottom_compression);
  // One thread writes.
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  // What was written before a torn record is kept, and nothing after it: the store is as it was
  // at some instant. Of what was synced nothing comes after a record that a loss of power tore.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // A full disk has to be opened without writing much.
  options.avoid_flush_during_recovery = true;
  options.max_open_files = -1;
  if (wanted.background_nice > 0) {
    options.listeners.push_back(std::make_shared<NiceListener>(wanted.background_nice));
  }
  // Large values are not written again with every compaction of what lies around them.
  options.enable_blob_files = wanted.blobs_from > 0;
  options.min_blob_size = wanted.blobs_from;
  options.blob_compression_type = TypeOf(wanted.bottom_compression);
  options.enable_blob_garbage_collection = true;
  options.blob_garbage_collection_age_cutoff = 0.5;
  options.blob_garbage_collection_force_threshold = 0.5;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  if (wanted.rate_limit > 0) {
    options.rate_limiter.reset(
        rocksdb::NewGenericRateLimiter(static_cast<int64_t>(wanted.rate_limit)));
  }
  return options;
}

}  // namespace replete
