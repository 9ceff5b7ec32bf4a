#include "core/tier/disk_store.h"

#include <fmt/format.h>
#include <rocksdb/convenience.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
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

#include "core/tier/disk_record.h"
#include "core/tier/disk_store_engine.h"

namespace replete {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kLastIdKey = "last-id";
constexpr std::string_view kNamespacePrefix = "namespace/";

std::string NamespaceKey(uint32_t id) {
  return CatalogKey(fmt::format("{}{:010}", kNamespacePrefix, id));
}
std::string GenerationKey(uint32_t id) { return CatalogKey(fmt::format("generation/{:010}", id)); }

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
