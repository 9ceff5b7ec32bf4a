// How a DiskStore reads.
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/perf_level.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/tier/disk_record.h"
#include "core/tier/disk_store_engine.h"
#include "core/tier/nowait_file_system.h"

namespace replete {
namespace {

// What one MultiGet found.
struct Found {
  explicit Found(size_t n) : values(n), statuses(n) {}
  std::vector<rocksdb::PinnableSlice> values;
  std::vector<rocksdb::Status> statuses;
};

// RocksDB counts for each thread what nobody here asks for: a twentieth of a read.
void CountNothing() { rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable); }

Found GetAll(rocksdb::DB* db, const rocksdb::ReadOptions& how, std::span<const std::string> keys) {
  Found found(keys.size());
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  db->MultiGet(how, db->DefaultColumnFamily(), keys.size(), slices.data(), found.values.data(),
               found.statuses.data());
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
  CountNothing();
  const rocksdb::ReadOptions how = engine_->HowToRead();
  const uint64_t reads = NowaitFileSystem::reads();
  const Found records = GetAll(db.get(), how, keys);
  engine_->NoteReads(keys.size(), NowaitFileSystem::reads() - reads);
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
  const Found values = GetAll(db.get(), how, detached_keys);
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

size_t DiskStore::ReadCached(std::span<const std::string> keys, const TakeCached& take) {
  const Use db(*engine_, std::try_to_lock);
  if (!db) return 0;
  CountNothing();
  const uint64_t reads = NowaitFileSystem::reads();
  Found records(keys.size());
  {
    const NowaitFileSystem::Scope at_once;
    const rocksdb::ReadOptions how = engine_->HowToRead();
    if (keys.size() == 1) {
      records.statuses[0] =
          db->Get(how, db->DefaultColumnFamily(), Slice(keys[0]), &records.values[0]);
    } else {
      records = GetAll(db.get(), how, keys);
    }
  }
  size_t found = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    DiskRecord record;
    if (!records.statuses[i].ok() || !record.Decode(View(records.values[i]))) continue;
    ++found;
    if (!record.is_void && !record.is_detached) take(i, record.value);
  }
  if (found == keys.size()) engine_->NoteReads(keys.size(), NowaitFileSystem::reads() - reads);
  return found;
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

}  // namespace replete
