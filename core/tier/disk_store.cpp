#include "core/tier/disk_store.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <utility>

#include "core/tier/disk_compaction.h"
#include "core/tier/disk_database_options.h"
#include "core/tier/disk_record.h"
#include "core/tier/faulty_file_system.h"

namespace replete {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kLastIdKey = "last-id";
constexpr std::string_view kNamespacePrefix = "namespace/";

rocksdb::Slice Slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

std::string CatalogKey(std::string_view name) { return DiskKey(0, name); }
std::string NamespaceKey(uint32_t id) {
  return CatalogKey(fmt::format("{}{:010}", kNamespacePrefix, id));
}
std::string GenerationKey(uint32_t id) { return CatalogKey(fmt::format("generation/{:010}", id)); }

DiskStatus StatusOf(const rocksdb::Status& status) {
  if (status.ok()) return {};
  const std::string text = status.ToString();
  if (status.IsNotFound()) return {DiskStatus::Kind::kNotFound, "there is no record"};
  if (status.IsNoSpace()) return {DiskStatus::Kind::kFull, text};
  if (status.IsCorruption()) return {DiskStatus::Kind::kCorrupt, text};
  return {DiskStatus::Kind::kFailed, text};
}

// A smaller group fits into what RocksDB holds for the next ones.
constexpr size_t kWorthAsking = 1 << 20;
// The memory of a larger group is given back.
constexpr size_t kKeptGroupBytes = 16 << 20;

// RocksDB copies what it writes, and the process would not outlive it if there was no memory for
// that or for its buffers. `bytes`: of a group.
bool MemoryIsThere(size_t bytes) {
  constexpr size_t kBuffers = 16 << 20;
  // Of the system: what an allocator is asked for it may keep.
  const size_t wanted = 2 * bytes + kBuffers;
  void* const asked =
      ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return asked != MAP_FAILED && ::munmap(asked, wanted) == 0;
}

}  // namespace

struct DiskStore::Group::Batch {
  rocksdb::WriteBatch batch;
};

struct DiskStore::Engine {
  Engine(const DiskOptions& wanted, const RecordJudge& judge)
      : read_only(wanted.read_only),
        filter(judge),
        cache(rocksdb::NewLRUCache(wanted.block_cache, -1, false, 0.5)),
        write_buffers(std::make_shared<rocksdb::WriteBufferManager>(wanted.write_buffers)) {
    if (wanted.faults) {
      env = rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(wanted.faults));
    }
    options = DatabaseOptions(wanted, cache, write_buffers);
    options.env = env ? env.get() : rocksdb::Env::Default();
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

  rocksdb::Options options;
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

DiskStore::DiskStore() = default;

DiskStore::~DiskStore() {
  if (!engine_ || !engine_->db) return;
  // What was written without the log is in memory only.
  engine_->db->Flush(rocksdb::FlushOptions());
  engine_->db->Close();
}

Problem DiskStore::Open(const DiskOptions& options, const RecordJudge& judge,
                        std::unique_ptr<DiskStore>* store) {
  const auto problem = [&](std::string_view why) {
    return fmt::format("the store in '{}' cannot be opened: {}", options.directory, why);
  };
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error) return problem(error.message());
  std::unique_ptr<DiskStore> opened(new DiskStore());
  opened->engine_ = std::make_unique<Engine>(options, judge);
  Engine& engine = *opened->engine_;
  opened->directory_ = options.directory;
  const rocksdb::Status status = engine.Open(options.directory);
  if (!status.ok()) return problem(status.ToString());
  if (const DiskStatus read = opened->ReadCatalog(); !read.ok()) return problem(read.text);
  opened->reserve_ = std::make_unique<DiskReserve>(*engine.options.env,
                                                   options.directory + "/RESERVE", options.reserve);
  opened->reserve_->Hold();
  *store = std::move(opened);
  return {};
}

DiskStatus DiskStore::ReadCatalog() {
  std::string text;
  const std::string format_key = CatalogKey(kFormatKey);
  const rocksdb::Status status = engine_->db->Get(rocksdb::ReadOptions(), format_key, &text);
  if (status.IsNotFound()) {
    return StatusOf(
        engine_->db->Put(rocksdb::WriteOptions(), format_key, std::to_string(kFormatVersion)));
  }
  if (!status.ok()) return StatusOf(status);
  if (std::strtoull(text.c_str(), nullptr, 10) > kFormatVersion) {
    return {
        DiskStatus::Kind::kFailed,
        fmt::format("its format is {}, this version knows formats up to {}", text, kFormatVersion)};
  }
  if (std::strtoull(text.c_str(), nullptr, 10) < kFormatVersion && !engine_->read_only) {
    const rocksdb::Status raised =
        engine_->db->Put(rocksdb::WriteOptions(), format_key, std::to_string(kFormatVersion));
    if (!raised.ok()) return StatusOf(raised);
  }
  if (engine_->db->Get(rocksdb::ReadOptions(), CatalogKey(kLastIdKey), &text).ok()) {
    last_id_ = static_cast<uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
  }
  DiskStatus bad;
  const std::string from = CatalogKey(kNamespacePrefix);
  const DiskStatus scanned =
      Scan(from, DiskKey(1, {}), [&](std::string_view key, std::string_view value) {
        if (!key.starts_with(from)) return false;
        StoredNamespace one;
        one.id = static_cast<uint32_t>(
            std::strtoul(std::string(key.substr(from.size())).c_str(), nullptr, 10));
        one.generation = uint64_t{one.id} << 32;
        if (!one.Decode(value)) {
          bad = {DiskStatus::Kind::kCorrupt, "what it says of a namespace is damaged"};
          return false;
        }
        if (engine_->db->Get(rocksdb::ReadOptions(), GenerationKey(one.id), &text).ok() &&
            std::sscanf(text.c_str(), "%" SCNu64 " %" SCNu64, &one.generation, &one.version) != 2) {
          bad = {DiskStatus::Kind::kCorrupt, "the generation of a namespace is damaged"};
          return false;
        }
        last_id_ = std::max(last_id_, one.id);
        found_.push_back(std::move(one));
        return true;
      });
  return scanned.ok() ? bad : scanned;
}

// An id is not given again even when its namespace is forgotten: records of it may be there.
DiskStatus DiskStore::Save(const StoredNamespace& one) {
  std::lock_guard lock(save_mutex_);
  Group group;
  NoteId(one.id, &group);
  group.Identity(one);
  return Write(&group, Safety::kSynced);
}

DiskStatus DiskStore::KeepId(uint32_t id) {
  std::lock_guard lock(save_mutex_);
  Group group;
  NoteId(id, &group);
  return Write(&group, Safety::kSynced);
}

void DiskStore::NoteId(uint32_t id, Group* group) {
  last_id_ = std::max(last_id_, id);
  group->batch_->batch.Put(CatalogKey(kLastIdKey), std::to_string(last_id_));
}

DiskStatus DiskStore::Forget(uint32_t id) {
  Group group;
  group.Forget(id);
  return Write(&group, Safety::kSynced);
}

// --- writing ---

DiskStore::Group::Group() : batch_(std::make_unique<Batch>()) {}
DiskStore::Group::~Group() = default;

void DiskStore::Group::Put(uint64_t generation, std::string_view key, int64_t deadline,
                           std::string_view value) {
  key_.clear();
  AppendGeneration(generation, &key_);
  std::string head;  // short: no allocation
  if (value.size() >= kDetachedFrom) {
    PutRaw(generation | kDetachedBit, key, value);
    AppendDetached(deadline, value[0], value.size(), &head);
    return PutRaw(generation, key, head);
  }
  AppendDiskValue(deadline, {}, &head);
  WillGrow(key.size() + value.size());
  const rocksdb::Slice keys[] = {key_, Slice(key)};
  const rocksdb::Slice values[] = {head, Slice(value)};
  batch_->batch.Put(rocksdb::SliceParts(keys, 2), rocksdb::SliceParts(values, 2));
}

void DiskStore::Group::PutRaw(uint64_t generation, std::string_view key, std::string_view record) {
  WillGrow(key.size() + record.size());
  batch_->batch.Put(DiskKey(generation, key), Slice(record));
}

// Asked each time that RocksDB will allocate, which makes room for twice as much.
void DiskStore::Group::WillGrow(size_t bytes) const {
  constexpr size_t kAround = 64;  // what RocksDB writes beside key and value, at most
  const std::string& written = batch_->batch.Data();
  const size_t wanted = written.size() + bytes + kAround;
  if (wanted <= kWorthAsking || wanted <= written.capacity()) return;
  if (!MemoryIsThere(wanted)) throw std::bad_alloc();
}

void DiskStore::Group::Deadline(uint64_t generation, std::string_view key, int64_t deadline) {
  value_.clear();
  AppendDeadlineOperand(deadline, &value_);
  batch_->batch.Merge(DiskKey(generation, key), value_);
}

void DiskStore::Group::Delete(uint64_t generation, std::string_view key) {
  batch_->batch.Delete(DiskKey(generation, key));
}

void DiskStore::Group::DeleteDetached(uint64_t generation, std::string_view key) {
  Delete(generation | kDetachedBit, key);
}

void DiskStore::Group::Generation(const StoredNamespace& one) {
  batch_->batch.Put(GenerationKey(one.id), fmt::format("{} {}", one.generation, one.version));
}

void DiskStore::Group::Identity(const StoredNamespace& one) {
  batch_->batch.Put(NamespaceKey(one.id), one.Encode());
}

void DiskStore::Group::Forget(uint32_t id) {
  batch_->batch.Delete(NamespaceKey(id));
  batch_->batch.Delete(GenerationKey(id));
  // One by one: memtables with insert hints take no deletions of ranges (RocksDB 7.8).
  for (size_t i = 0; i < kRecencyPieces; ++i) batch_->batch.Delete(CatalogKey(RecencyNote(id, i)));
}

void DiskStore::Group::Note(std::string_view name, std::string_view value) {
  batch_->batch.Put(CatalogKey(name), Slice(value));
}

void DiskStore::Group::Clear() {
  if (batch_->batch.GetDataSize() > kKeptGroupBytes) {
    batch_ = std::make_unique<Batch>();  // it would keep its memory
    value_ = std::string();
  } else {
    batch_->batch.Clear();
  }
}

DiskStatus DiskStore::Write(Group* group, Safety safety) {
  rocksdb::WriteOptions options;
  options.disableWAL = safety == Safety::kNone;
  options.sync = safety == Safety::kSynced;
  const Use db(*engine_);
  if (!db) return Use::None();
  const size_t bytes = group->batch_->batch.GetDataSize();
  if (bytes > kWorthAsking && !MemoryIsThere(bytes)) return DiskStatus::NoMemory();
  return StatusOf(db->Write(options, &group->batch_->batch));
}

// RocksDB goes on by itself after some failures, not after those of its log: then it reads the log
// again.
// Values are read until the disk takes writes: the database is not opened again before.
DiskStatus DiskStore::Resume() {
  if (const rocksdb::Status probed = engine_->Probe(directory_); !probed.ok()) {
    return StatusOf(probed);
  }
  {
    const Use db(*engine_);
    if (db && engine_->takes_writes && db->Resume().ok()) return {};
  }
  std::unique_lock lock(engine_->mutex);
  return StatusOf(engine_->OpenAgain(directory_));
}

// --- reading ---

namespace {

// What one MultiGet found.
struct Found {
  explicit Found(size_t n) : values(n), statuses(n) {}
  std::vector<rocksdb::PinnableSlice> values;
  std::vector<rocksdb::Status> statuses;
};

Found GetAll(rocksdb::DB* db, std::span<const std::string> keys) {
  Found found(keys.size());
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  db->MultiGet(rocksdb::ReadOptions(), db->DefaultColumnFamily(), keys.size(), slices.data(),
               found.values.data(), found.statuses.data());
  return found;
}

DiskStatus StatusOfRecord(const rocksdb::Status& status, std::string_view bytes,
                          DiskRecord* record) {
  if (!status.ok()) return StatusOf(status);
  if (!record->Decode(bytes)) return {DiskStatus::Kind::kCorrupt, "the record is damaged"};
  return record->is_void ? StatusOf(rocksdb::Status::NotFound()) : DiskStatus();
}

}  // namespace

void DiskStore::Read(std::span<const std::string> keys, const TakeRecord& take) {
  const Use db(*engine_);
  if (!db) {
    for (size_t i = 0; i < keys.size(); ++i) take(i, Use::None(), {});
    return;
  }
  const Found records = GetAll(db.get(), keys);
  std::vector<std::string> detached_keys;
  std::vector<std::pair<size_t, uint64_t>> detached;  // which, and how large
  for (size_t i = 0; i < keys.size(); ++i) {
    DiskRecord record;
    const DiskStatus status = StatusOfRecord(records.statuses[i], View(records.values[i]), &record);
    if (status.ok() && record.is_detached) {
      detached_keys.push_back(DetachedKeyOf(keys[i]));
      detached.emplace_back(i, record.size);
    } else {
      take(i, status, record.value);
    }
  }
  if (detached.empty()) return;
  const Found values = GetAll(db.get(), detached_keys);
  for (size_t i = 0; i < detached.size(); ++i) {
    const auto [at, size] = detached[i];
    DiskStatus status = StatusOf(values.statuses[i]);
    if (status.kind == DiskStatus::Kind::kNotFound) {
      status = {DiskStatus::Kind::kCorrupt, "the value of the record is missing"};
    } else if (status.ok() && values.values[i].size() != size) {
      status = {DiskStatus::Kind::kCorrupt, "the value is not the one of the record"};
    }
    take(at, status, View(values.values[i]));
  }
}

bool DiskStore::ReadCached(std::string_view key,
                           const std::function<void(std::string_view value)>& take) {
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kBlockCacheTier;
  rocksdb::PinnableSlice value;
  DiskRecord record;
  const Use db(*engine_, std::try_to_lock);
  if (!db) return false;
  const rocksdb::Status status = db->Get(options, db->DefaultColumnFamily(), Slice(key), &value);
  if (!status.ok() || !record.Decode(View(value))) return false;
  if (record.is_void || record.is_detached) return false;
  take(record.value);
  return true;
}

DiskStatus DiskStore::Scan(std::string_view from, std::string_view to, const TakeScanned& take) {
  rocksdb::ReadOptions options;
  const rocksdb::Slice end = Slice(to);
  options.iterate_upper_bound = &end;
  options.fill_cache = false;
  options.readahead_size = 2 << 20;
  const Use db(*engine_);
  if (!db) return Use::None();
  const std::unique_ptr<rocksdb::Iterator> each(db->NewIterator(options));
  for (each->Seek(Slice(from)); each->Valid(); each->Next()) {
    if (!take(View(each->key()), View(each->value()))) return {};
  }
  return StatusOf(each->status());
}

std::vector<std::string> DiskStore::CutPoints(uint64_t generation, size_t parts) {
  const std::string from = DiskKey(generation, {});
  const std::string to = DiskKey(generation + 1, {});
  std::vector<rocksdb::LiveFileMetaData> files;
  const Use db(*engine_);
  if (db) db->GetLiveFilesMetaData(&files);
  std::vector<std::string> starts;
  for (const rocksdb::LiveFileMetaData& file : files) {
    if (file.smallestkey > from && file.smallestkey < to) starts.push_back(file.smallestkey);
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  std::vector<std::string> cuts;
  for (size_t i = 1; i < parts && !starts.empty(); ++i) {
    const std::string& cut = starts[std::min(starts.size() - 1, starts.size() * i / parts)];
    if (cuts.empty() || cut > cuts.back()) cuts.push_back(cut);
  }
  return cuts;
}

DiskStatus DiskStore::ReadNote(std::string_view name, std::string* value) {
  const Use db(*engine_);
  if (!db) return Use::None();
  return StatusOf(db->Get(rocksdb::ReadOptions(), CatalogKey(name), value));
}

std::string DiskStore::RecencyNote(uint32_t id, size_t piece) {
  return fmt::format("recency/{:010}/{:04}", id, piece);
}

// --- room ---

namespace {

struct Bounds {
  std::string from;
  std::string to;
};

// Where the records of a generation lie: those of keys, and those of values alone.
std::array<Bounds, 2> BoundsOf(uint64_t generation) {
  const uint64_t detached = generation | kDetachedBit;
  return {{{DiskKey(generation, {}), DiskKey(generation + 1, {})},
           {DiskKey(detached, {}), DiskKey(detached + 1, {})}}};
}

}  // namespace

void DiskStore::Reclaim(uint64_t generation) {
  for (const Bounds& bounds : BoundsOf(generation)) {
    const rocksdb::Slice begin = bounds.from;
    const rocksdb::Slice end = bounds.to;
    const Use db(*engine_);
    if (!db) return;
    rocksdb::DeleteFilesInRange(db.get(), db->DefaultColumnFamily(), &begin, &end,
                                /*include_end=*/false);
  }
  (void)Compact(generation);
}

DiskStatus DiskStore::Checkpoint(const std::string& folder) {
  const Use db(*engine_);
  if (!db) return Use::None();
  rocksdb::Checkpoint* made = nullptr;
  const rocksdb::Status status = rocksdb::Checkpoint::Create(db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  return StatusOf(status.ok() ? checkpoint->CreateCheckpoint(folder) : status);
}

void DiskStore::CancelCompactions() {
  const Use db(*engine_);
  if (db) db->DisableManualCompaction();
}

uint64_t DiskStore::BytesOf(uint64_t generation) {
  uint64_t bytes = 0;
  const Use db(*engine_);
  for (const Bounds& bounds : BoundsOf(generation)) {
    const rocksdb::Range range(bounds.from, bounds.to);
    uint64_t part = 0;
    if (db) db->GetApproximateSizes(&range, 1, &part);
    bytes += part;
  }
  return bytes;
}

DiskStatus DiskStore::Compact(uint64_t generation) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  // Of the youngest files too, which may be the only ones.
  options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
  options.blob_garbage_collection_age_cutoff = 1;
  const Use db(*engine_);
  if (!db) return Use::None();
  for (const Bounds& bounds : BoundsOf(generation)) {
    const rocksdb::Slice begin = bounds.from;
    const rocksdb::Slice end = bounds.to;
    const DiskStatus status = StatusOf(db->CompactRange(options, &begin, &end));
    if (!status.ok()) return status;
  }
  return {};
}

bool DiskStore::ReleaseReserve() { return reserve_->Release(); }

bool DiskStore::HoldReserve() { return reserve_->Hold(); }

uint64_t DiskStore::memory_bytes() const {
  return engine_->cache->GetUsage() + engine_->write_buffers->memory_usage();
}

DiskStore::Figures DiskStore::figures() const {
  using Properties = rocksdb::DB::Properties;
  Figures figures;
  figures.memory_bytes = memory_bytes();
  const Use db(*engine_);
  if (!db) return figures;
  uint64_t stopped = 0;
  uint64_t blobs = 0;
  db->GetIntProperty(Properties::kTotalSstFilesSize, &figures.disk_bytes);
  db->GetIntProperty(Properties::kTotalBlobFileSize, &blobs);
  figures.disk_bytes += blobs;
  db->GetIntProperty(Properties::kNumRunningCompactions, &figures.compactions);
  db->GetIntProperty(Properties::kEstimatePendingCompactionBytes, &figures.pending_bytes);
  db->GetIntProperty(Properties::kIsWriteStopped, &stopped);
  db->GetIntProperty(Properties::kActualDelayedWriteRate, &figures.delayed_rate);
  db->GetIntProperty(Properties::kBackgroundErrors, &figures.background_errors);
  figures.writes_stopped = stopped != 0;
  for (int level = 0; level < db->NumberLevels(); ++level) {
    std::string text;
    db->GetProperty(Properties::kNumFilesAtLevelPrefix + std::to_string(level), &text);
    figures.files.push_back(std::strtoull(text.c_str(), nullptr, 10));
  }
  return figures;
}

}  // namespace replete
