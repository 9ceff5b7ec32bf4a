// The database under a DiskStore: for its own files only.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "core/tier/block_admission.h"
#include "core/tier/disk_compaction.h"
#include "core/tier/disk_database_options.h"
#include "core/tier/disk_record.h"
#include "core/tier/disk_store.h"
#include "core/tier/faulty_file_system.h"
#include "core/tier/nowait_file_system.h"

namespace replete {

inline rocksdb::Slice Slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Of what the store says of itself.
inline std::string CatalogKey(std::string_view name) { return DiskKey(0, name); }

DiskStatus StatusOf(const rocksdb::Status& status);

struct DiskStore::Engine {
  Engine(const DiskOptions& wanted, const RecordJudge& judge)
      : read_only(wanted.read_only),
        filter(judge),
        cache(rocksdb::NewLRUCache(wanted.block_cache, -1, false, 0.5)),
        write_buffers(std::make_shared<rocksdb::WriteBufferManager>(wanted.write_buffers)) {
    std::shared_ptr<rocksdb::FileSystem> files = std::make_shared<NowaitFileSystem>();
    if (wanted.faults) files = std::make_shared<FaultyFileSystem>(std::move(files), wanted.faults);
    env = rocksdb::NewCompositeEnv(files);
    options = DatabaseOptions(wanted, cache, write_buffers);
    options.env = env.get();
    options.compaction_filter = &filter;
  }

  const bool read_only;
  DeadRecordFilter filter;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  std::unique_ptr<rocksdb::Env> env;
  // The caller holds the lock.
  rocksdb::Status Open(const std::string& directory) {
    return read_only ? OpenForReads(directory) : OpenForWrites(directory);
  }
  // Where it cannot be written it is read at least.
  rocksdb::Status OpenAgain(const std::string& directory) {
    const rocksdb::Status status = OpenForWrites(directory);
    if (!status.ok()) OpenForReads(directory);
    return status;
  }
  rocksdb::Status OpenForWrites(const std::string& directory) {
    db.reset();
    rocksdb::DB* opened = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options, directory, &opened);
    db.reset(opened);
    takes_writes = status.ok();
    return status;
  }
  rocksdb::Status OpenForReads(const std::string& directory) {
    db.reset();
    rocksdb::DB* opened = nullptr;
    const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, directory, &opened);
    db.reset(opened);
    takes_writes = false;
    return status;
  }
  // Whether the disk takes anything.
  rocksdb::Status Probe(const std::string& directory) const {
    const std::string path = directory + "/PROBE";
    const rocksdb::Status status =
        rocksdb::WriteStringToFile(options.env, std::string(4096, 'p'), path, true);
    const rocksdb::Status deleted = options.env->DeleteFile(path);
    return status.ok() ? deleted : status;
  }

  // How the next values are to be read: whether the cache takes their blocks.
  rocksdb::ReadOptions HowToRead();
  // So many were, with so many reads of files.
  void NoteReads(size_t values, size_t from_files) {
    admission.Note(values, values - std::min(values, from_files));
  }

  rocksdb::Options options;
  BlockAdmission admission;
  std::shared_mutex mutex;          // whoever uses `db` shares it
  std::unique_ptr<rocksdb::DB> db;  // null: it could not be opened again
  bool takes_writes = false;        // `db` does, unless an error holds it up
};

// The database while it is used.
class DiskStore::Use {
 public:
  explicit Use(Engine& engine) : lock_(engine.mutex), db_(engine.db.get()) {}
  // For who may not wait until it has been opened again.
  Use(Engine& engine, std::try_to_lock_t) : lock_(engine.mutex, std::try_to_lock) {
    if (lock_.owns_lock()) db_ = engine.db.get();
  }
  explicit operator bool() const { return db_ != nullptr; }
  rocksdb::DB* operator->() const { return db_; }
  rocksdb::DB* get() const { return db_; }
  static DiskStatus None() { return {DiskStatus::Kind::kFailed, "the store is not open"}; }

 private:
  std::shared_lock<std::shared_mutex> lock_;
  rocksdb::DB* db_ = nullptr;
};

}  // namespace replete
