#include "core/tier/disk_tier.h"

#include <fmt/format.h>

#include <utility>

#include "core/keyspace/keyspace.h"
#include "core/tier/disk_start.h"

namespace replete {

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
  if (reclaimer_.joinable()) reclaimer_.join();
}

Problem DiskTier::Attach(const std::shared_ptr<Keyspace>& keyspace, const StoredOptions& options) {
  const StoredNamespace stored = catalog_.Attach(keyspace, options);
  keyspace->SetTier(this, stored.generation, stored.version);
  const DiskStatus status = Save(stored);
  if (!status.ok()) {
    catalog_.Drop(stored.id);
    return fmt::format("disk: the namespace cannot be stored: {}", status.text);
  }
  if (!started_.load() || catalog_.IsComplete(stored.id)) return {};
  return ReadBack({{stored, keyspace}}, 1);
}

// A failure of before may have left the store in a state that it has to be helped out of.
DiskStatus DiskTier::Save(const StoredNamespace& one) {
  const DiskStatus status = store_->Save(one);
  if (status.ok() || !store_->Resume().ok()) return status;
  return store_->Save(one);
}

void DiskTier::Detach(const Keyspace& keyspace) {
  if (keyspace.size() > 0) return;
  const auto id = static_cast<uint32_t>(keyspace.generation() >> 32);
  catalog_.Drop(id);
  const DiskStatus status = store_->Forget(id);
  if (!status.ok()) warn_("disk: a namespace cannot be forgotten: " + status.text);
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
  Problem problem = ReadKeysBack(*store_, clock_, namespaces, threads, &read_back_);
  if (problem) return problem;
  for (const auto& one : namespaces) {
    one.keyspace->ResetStats();  // nobody wrote what was there before
    catalog_.NoteComplete(*one.keyspace);
  }
  return {};
}

std::string DiskTier::Refusal(bool /*grows*/) const { return writer_->Refusal(); }

Problem DiskTier::Compact(const Keyspace& keyspace) {
  const DiskStatus status = store_->Compact(keyspace.generation());
  if (status.ok()) return {};
  return "disk: " + status.text;
}

void DiskTier::ServeReclaiming() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !void_.empty(); });
    if (stopping_) return;
    const uint64_t generation = void_.front();
    void_.pop_front();
    lock.unlock();
    store_->Reclaim(generation);
    lock.lock();
  }
}

}  // namespace replete
