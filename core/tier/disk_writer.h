#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/tier/disk_store.h"
#include "core/tier/tier.h"

namespace replete {

class DiskCatalog;

// One thread that stores batches in sequence, all that have gathered as one group, and what it does
// while the disk takes nothing: batches that put something are undone, deletes are kept and stored
// first of all once the disk takes writes again. Where a namespace wants its writes kept in memory
// (OnDiskError), their keys are noted instead, and written again then. Thread-safe.
class DiskWriter {
 public:
  struct Surroundings {
    TierHost& host;
    DiskStore& store;
    DiskCatalog& catalog;
    CommitLog& commits;
    // All records of this generation and those before it in its namespace are void now.
    std::function<void(uint64_t generation)> on_void;
    // Told when the disk begins and ceases to take writes.
    std::function<void(std::string_view)> warn;
  };

  explicit DiskWriter(Surroundings surroundings);
  // Everything that was written is stored first, if the disk takes it.
  ~DiskWriter();
  DiskWriter(const DiskWriter&) = delete;
  DiskWriter& operator=(const DiskWriter&) = delete;

  // As those of Tier.
  uint64_t Write(TierBatch batch);
  void Hasten();
  bool IsBehind() const { return behind_.load(std::memory_order_relaxed); }
  std::string Refusal(bool grows) const;
  // Writes that are not stored yet.
  uint64_t queued() const;
  bool failing() const { return failing_.load(std::memory_order_relaxed); }
  bool full() const { return full_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }
  // Keys whose last write is in memory alone, because the disk took nothing.
  uint64_t kept() const { return n_kept_.load(std::memory_order_relaxed); }

 private:
  // A record of a group, in the order of keys and then of time.
  struct Sorted {
    uint64_t generation;
    uint64_t start;  // of the key
    size_t at;       // in the group
    const TierRecord* record;

    bool IsOfKey(const Sorted& other) const;
    bool operator<(const Sorted& other) const;
  };

  struct Clear {
    bool retired;
    StoredNamespace cleared;
  };

  void Serve();
  // Waits for something to do. False: there is nothing any more.
  bool Await(std::unique_lock<std::mutex>& lock);
  void Store(std::vector<TierBatch> batches);
  void StoreRun(std::span<TierBatch> run, DiskStore::Safety safety);
  DiskStatus StoreGroup(std::span<TierBatch> run, DiskStore::Safety safety);
  void Gather(std::span<TierBatch> run);
  void SortRecords(std::span<TierBatch> run);
  // `replaced`: the largest that a record of the key was that is not deleted yet.
  void Add(const TierRecord& record, uint32_t replaced);
  void NoteClears();
  void Fail(std::span<TierBatch> batches, const DiskStatus& status);
  void Owe(const TierRecord& record);
  void Keep(const TierBatch& batch);
  void Settle(uint64_t sequence, std::string failure);
  // Whether the disk may take what is kept.
  bool MayRenew() const { return !kept_.empty() && !failing_.load() && !full(); }
  void RenewSome();
  void TryAgain();
  bool UseReserve(const DiskStatus& status);
  void RefillReserve();

  const Surroundings around_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TierBatch> queue_;
  uint64_t taken_ = 0;  // sequence of the last batch
  size_t queued_bytes_ = 0;
  std::atomic<bool> behind_{false};
  bool hastened_ = false;
  bool asleep_ = false;
  bool stopping_ = false;
  std::string failure_;  // why the disk takes nothing; empty: it does
  std::atomic<bool> failing_{false};
  std::atomic<bool> full_{false};  // the store lives on its reserve
  std::atomic<uint64_t> failed_{0};
  std::atomic<uint64_t> n_kept_{0};

  // Of the thread.
  DiskStore::Group group_;
  std::vector<Sorted> sorted_;
  std::vector<Clear> clears_;                                // in the group
  std::set<std::pair<uint64_t, std::string>> owed_deletes_;  // generation and key
  std::vector<TierRecord> owed_changes_;                     // of whole namespaces
  std::set<std::pair<uint64_t, std::string>> kept_;          // as TierKeys
  int64_t next_look_ms_ = 0;                                 // for room

  std::thread thread_;
};

}  // namespace replete
