#include "core/tier/disk_tier.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "core/keyspace/keyspace.h"
#include "core/tier/disk_backup.h"
#include "core/tier/disk_recency.h"
#include "core/tier/disk_start.h"

namespace replete {

namespace {

// Between two looks at how much of the store is dead.
constexpr auto kBetweenLooks = std::chrono::seconds(10);
constexpr double kDeadShare = 0.3;          // of live records: more is compacted away
constexpr uint64_t kNotWorthIt = 64 << 20;  // bytes
constexpr double kLeastRatio = 0.1;

}  // namespace

DiskTier::DiskTier(const Clock& clock, const DiskOptions& options)
    : clock_(clock), warn_(options.warn), catalog_(clock) {}

Problem DiskTier::Open(TierHost& host, const Clock& clock, const DiskOptions& options,
                       size_t readers, std::unique_ptr<DiskTier>* tier) {
  std::unique_ptr<DiskTier> opened(new DiskTier(clock, options));
  DiskTier& self = *opened;
  if (Problem problem = DiskStore::Open(options, self.catalog_, &self.store_)) return problem;
  self.catalog_.Adopt(self.store_->found(), self.store_->last_id());
  self.reader_ = std::make_unique<DiskReader>(*self.store_, readers);
  self.reclaimer_ = std::thread([&self] { self.ServeReclaiming(); });
  self.writer_ =
      std::make_unique<DiskWriter>(DiskWriter::Surroundings{.host = host,
                                                            .store = *self.store_,
                                                            .catalog = self.catalog_,
                                                            .commits = self.commits_,
                                                            .on_void =
                                                                [&self](uint64_t generation) {
                                                                  std::lock_guard lock(self.mutex_);
                                                                  self.void_.push_back(generation);
                                                                  self.changed_.notify_one();
                                                                },
                                                            .warn = self.warn_});
  *tier = std::move(opened);
  return {};
}

DiskTier::~DiskTier() {
  reader_.reset();
  writer_.reset();
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (store_) store_->CancelCompactions();
  if (reclaimer_.joinable()) reclaimer_.join();
}

Problem DiskTier::Attach(const std::shared_ptr<Keyspace>& keyspace, const StoredOptions& options) {
  bool changed = false;
  const StoredNamespace stored = catalog_.Attach(keyspace, options, &changed);
  keyspace->SetTier(this, stored.generation, stored.version);
  // What is as it was needs no disk that takes writes.
  const DiskStatus status = changed ? Save(stored) : DiskStatus();
  if (!status.ok()) {
    // One of before keeps its records.
    if (catalog_.IsComplete(stored.id)) catalog_.Drop(stored.id);
    return fmt::format("disk: the namespace cannot be stored: {}", status.text);
  }
  if (!started_.load() || catalog_.IsComplete(stored.id)) return {};
  return ReadBack({{stored, keyspace}}, 1);
}

Problem DiskTier::Import(const std::string& name, const std::string& folder, uint32_t* id) {
  const StoredNamespace stored = catalog_.Add(name);
  *id = stored.id;
  Problem problem;
  const DiskStatus status = Persist([&] { return store_->KeepId(stored.id); });
  if (!status.ok()) problem = "disk: " + status.text;
  // Its name is stored once a keyspace works on it: half a copy belongs to nobody.
  try {
    if (!problem) problem = CopyBackup(folder, *store_, stored.generation);
  } catch (const std::bad_alloc&) {
    problem = "disk: " + DiskStatus::NoMemory().text;
  }
  problem ? Forget(stored.id) : catalog_.NoteFilled(stored.id);
  return problem;
}

void DiskTier::ForgetImported(uint32_t id) {
  for (const StoredNamespace& one : catalog_.Unattached()) {
    if (one.id == id) Forget(id);
  }
}

void DiskTier::Forget(uint32_t id) {
  catalog_.Drop(id);
  const DiskStatus status = store_->Forget(id);
  if (!status.ok()) warn_("disk: a namespace cannot be forgotten: " + status.text);
}

Problem DiskTier::BackUp(const Keyspace& keyspace, const std::string& folder) {
  return replete::BackUp(*store_, catalog_.Of(keyspace), folder);
}

// A failure of before may have left the store in a state that it has to be helped out of.
DiskStatus DiskTier::Persist(const std::function<DiskStatus()>& write) {
  const DiskStatus status = write();
  if (status.ok() || !store_->Resume().ok()) return status;
  return write();
}

DiskStatus DiskTier::Save(const StoredNamespace& one) {
  return Persist([&] { return store_->Save(one); });
}

void DiskTier::Detach(const Keyspace& keyspace) {
  if (keyspace.size() > 0) return;
  Forget(static_cast<uint32_t>(keyspace.generation() >> 32));
}

Problem DiskTier::Alter(const Keyspace& keyspace, const StoredOptions& options) {
  StoredNamespace altered;
  if (!catalog_.Alter(keyspace, options, &altered)) return {};
  const DiskStatus status = Save(altered);
  if (status.ok()) return {};
  return fmt::format("disk: the namespace cannot be stored: {}", status.text);
}

Problem DiskTier::ReadBack(size_t threads) {
  Problem problem = ReadBack(catalog_.Incomplete(), threads);
  started_.store(true);
  return problem;
}

Problem DiskTier::ReadBack(const std::vector<DiskCatalog::Attached>& namespaces, size_t threads) {
  Problem problem =
      ReadKeysBack(*store_, clock_, namespaces, threads, {&read_back_, &reading_cancelled_});
  if (problem) return problem;
  for (const auto& one : namespaces) {
    one.keyspace->ResetStats();  // nobody wrote what was there before
    catalog_.NoteComplete(*one.keyspace);
  }
  return {};
}

void DiskTier::SaveRecency() {
  for (const DiskCatalog::Attached& one : catalog_.Complete()) {
    const DiskStatus status = Recency::Save(*store_, clock_, one.stored.id, *one.keyspace);
    if (status.ok()) continue;
    return warn_("disk: how recently entries were used cannot be stored: " + status.text);
  }
}

std::string DiskTier::Refusal(bool grows) const { return writer_->Refusal(grows); }

Problem DiskTier::Compact(const Keyspace& keyspace) {
  const DiskStatus status = store_->Compact(keyspace.generation());
  if (status.ok()) return {};
  return "disk: " + status.text;
}

void DiskTier::ServeReclaiming() {
  ::pthread_setname_np(::pthread_self(), "disk reclaim");
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto wanted = [this] { return stopping_ || !void_.empty(); };
    if (!changed_.wait_for(lock, kBetweenLooks, wanted)) {
      lock.unlock();
      CompactWhereItPays();
      lock.lock();
      continue;
    }
    if (stopping_) return;
    const uint64_t generation = void_.front();
    void_.pop_front();
    lock.unlock();
    store_->Reclaim(generation);
    lock.lock();
  }
}

// Compactions of RocksDB's own leave out what was overwritten and deleted; what has expired at the
// bottom of the store nobody would come to.
void DiskTier::CompactWhereItPays() {
  std::map<uint64_t, double> packed;
  for (const DiskCatalog::Attached& one : catalog_.Complete()) {
    const uint64_t generation = one.stored.generation;
    const auto live = static_cast<double>(std::max<int64_t>(1, one.keyspace->tier_bytes()));
    const auto known = packed_.find(generation);
    double ratio = known == packed_.end() ? 1 : known->second;
    const uint64_t held = store_->BytesOf(generation);
    if (held > kNotWorthIt && static_cast<double>(held) > live * ratio * (1 + kDeadShare)) {
      if (!store_->Compact(generation).ok()) continue;
      ratio = std::max(kLeastRatio, static_cast<double>(store_->BytesOf(generation)) / live);
    }
    packed[generation] = ratio;
  }
  packed_ = std::move(packed);
}

}  // namespace replete
