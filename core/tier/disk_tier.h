#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config/problem.h"
#include "core/keyspace/clock.h"
#include "core/tier/disk_catalog.h"
#include "core/tier/disk_reader.h"
#include "core/tier/disk_store.h"
#include "core/tier/disk_writer.h"
#include "core/tier/tier.h"

namespace replete {

// The tier of all namespaces on disk: a store, who writes to it, who reads from it, and the catalog
// of what is in it. Thread-safe.
class DiskTier final : public Tier {
 public:
  // Opens the store. `host` and `clock` live longer. `readers`: threads that fetch values.
  [[nodiscard]] static Problem Open(TierHost& host, const Clock& clock, const DiskOptions& options,
                                    size_t readers, std::unique_ptr<DiskTier>* tier);
  // Everything that was written is stored, everything that was asked for answered.
  ~DiskTier() override;

  // --- namespaces: one call at a time but for Import and BackUp ---
  const DiskCatalog& catalog() const { return catalog_; }
  // A keyspace that nobody uses yet works on this tier from now on, on its records of before if
  // there are any: their keys are read back at the start, or at once when that is over. `options`:
  // how to make it again; empty: the configuration says that.
  [[nodiscard]] Problem Attach(const std::shared_ptr<Keyspace>& keyspace,
                               const StoredOptions& options);
  // One that came to nothing. If it is empty it is forgotten.
  void Detach(const Keyspace& keyspace);
  // A namespace of this name that nobody uses yet gets the records of a backup: Attach finds them.
  // `id`: its own.
  [[nodiscard]] Problem Import(const std::string& name, const std::string& folder, uint32_t* id);
  // It is not wanted after all, unless somebody has it already.
  void ForgetImported(uint32_t id);
  // A copy as of now, in a folder that is not there yet.
  [[nodiscard]] Problem BackUp(const Keyspace& keyspace, const std::string& folder);
  // One was altered, which matters if it is remembered.
  [[nodiscard]] Problem Alter(const Keyspace& keyspace, const StoredOptions& options);

  // --- start ---
  // Once: puts the keys of all attached keyspaces into them, their values away, by so many threads.
  // Meanwhile no command runs on them. The problem tells what could not be read; the rest is there.
  [[nodiscard]] Problem ReadBack(size_t threads);
  // ReadBack, under way or to come, ends with a problem.
  void CancelReadBack() { reading_cancelled_.store(true); }
  // Keys that have been read back so far.
  uint64_t read_back() const { return read_back_.load(std::memory_order_relaxed); }

  // --- stop ---
  // Once nobody uses the keyspaces any more: how recently their entries were used is there again
  // after the next start.
  void SaveRecency();

  // --- Tier ---
  void Exchange(Keyspace& a, Keyspace& b) override { catalog_.Exchange(a, b); }
  void Load(std::span<std::shared_ptr<TierLoad>> loads) override { reader_->Load(loads); }
  void ReadNow(std::span<TierRead> reads, const ValueLimits& limits) override {
    reader_->ReadNow(reads, limits);
  }
  uint64_t Write(TierBatch batch) override { return writer_->Write(std::move(batch)); }
  void Hasten() override { writer_->Hasten(); }
  bool IsBehind() const override { return writer_->IsBehind(); }
  // A value with a record of its own has to be told that it goes.
  bool DropsExpired(uint32_t size) const override { return size < kDetachedFrom; }
  std::string Refusal(bool grows) const override;

  // --- upkeep ---
  // Rewrites the keyspace's records without what is dead. May take long.
  [[nodiscard]] Problem Compact(const Keyspace& keyspace);
  const DiskStore& store() const { return *store_; }
  const DiskWriter& writer() const { return *writer_; }
  const DiskReader& reader() const { return *reader_; }

 private:
  DiskTier(const Clock& clock, const DiskOptions& options);

  Problem ReadBack(const std::vector<DiskCatalog::Attached>& namespaces, size_t threads);
  DiskStatus Persist(const std::function<DiskStatus()>& write);
  DiskStatus Save(const StoredNamespace& one);
  void Forget(uint32_t id);
  void ServeReclaiming();
  void CompactWhereItPays();

  const Clock& clock_;
  const std::function<void(std::string_view)> warn_;
  DiskCatalog catalog_;
  std::unique_ptr<DiskStore> store_;
  std::unique_ptr<DiskReader> reader_;
  std::unique_ptr<DiskWriter> writer_;
  std::atomic<uint64_t> read_back_{0};
  std::atomic<bool> reading_cancelled_{false};
  std::atomic<bool> started_{false};

  // Void generations, whose room is given back.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<uint64_t> void_;
  bool stopping_ = false;
  // Of that thread: bytes in files for a byte of live records, as a compaction left them.
  std::map<uint64_t, double> packed_;  // by generation
  std::thread reclaimer_;
};

}  // namespace replete
