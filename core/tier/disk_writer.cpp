#include "core/tier/disk_writer.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include "core/keyspace/clock.h"
#include "core/keyspace/keyspace.h"
#include "core/tier/disk_catalog.h"

namespace replete {
namespace {

// Writes that nobody waits for gather so long.
constexpr auto kGather = std::chrono::milliseconds(2);
// Above this whoever writes waits.
constexpr size_t kBehindBytes = 16 << 20;
constexpr auto kBetweenLooksForRoom = std::chrono::seconds(1);
// Keys in memory alone that are written again at a time.
constexpr size_t kRenewedTogether = 1000;
// Between two attempts while the disk takes nothing.
constexpr auto kBetweenAttempts = std::chrono::milliseconds(100);

size_t BytesOf(const TierBatch& batch) {
  size_t bytes = sizeof batch;
  for (const TierRecord& record : batch.records) {
    bytes += sizeof record + record.key.size() + record.value.size();
  }
  return bytes;
}

bool IsOfWholeNamespace(const TierRecord& record) {
  return record.kind == TierRecord::Kind::kClear || record.kind == TierRecord::Kind::kExchange;
}

// The strongest that a record of the batch asks for. What voids all records of a namespace may not
// be forgotten while compactions go by it, nor whose they are.
DiskStore::Safety SafetyOf(const TierBatch& batch) {
  auto safety = DiskStore::Safety::kNone;
  for (const TierRecord& record : batch.records) {
    if (IsOfWholeNamespace(record)) return DiskStore::Safety::kSynced;
    switch (record.keyspace->durability()) {
      case Durability::kNone:
        break;
      case Durability::kWal:
        safety = std::max(safety, DiskStore::Safety::kLogged);
        break;
      case Durability::kSync:
        return DiskStore::Safety::kSynced;
    }
  }
  return safety;
}

// Orders keys as far as it goes.
uint64_t StartOf(std::string_view key) {
  uint64_t start = 0;
  std::memcpy(&start, key.data(), std::min(key.size(), sizeof start));
  return __builtin_bswap64(start);
}

bool PutsNothing(const TierBatch& batch) {
  return std::all_of(batch.records.begin(), batch.records.end(), [](const TierRecord& record) {
    return record.kind == TierRecord::Kind::kDelete || IsOfWholeNamespace(record);
  });
}

// Whether all of the batch is to be kept in memory while the disk does not take it.
bool IsToKeep(const TierBatch& batch) {
  return std::all_of(batch.records.begin(), batch.records.end(), [](const TierRecord& record) {
    return record.keyspace->on_disk_error() == OnDiskError::kMemory;
  });
}

}  // namespace

bool DiskWriter::Sorted::IsOfKey(const Sorted& other) const {
  return generation == other.generation && start == other.start && record->key == other.record->key;
}

bool DiskWriter::Sorted::operator<(const Sorted& other) const {
  if (generation != other.generation) return generation < other.generation;
  if (start != other.start) return start < other.start;
  const int order = record->key.compare(other.record->key);
  return order != 0 ? order < 0 : at < other.at;
}

DiskWriter::DiskWriter(Surroundings surroundings)
    : around_(std::move(surroundings)), thread_([this] { Serve(); }) {}

DiskWriter::~DiskWriter() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
  if (!kept_.empty()) {
    around_.warn(fmt::format("disk: {} keys are lost that were written while it took nothing",
                             kept_.size()));
  }
}

uint64_t DiskWriter::Write(TierBatch batch) {
  std::lock_guard lock(mutex_);
  batch.sequence = ++taken_;
  queued_bytes_ += BytesOf(batch);
  queue_.push_back(std::move(batch));
  if (queued_bytes_ > kBehindBytes) behind_.store(true, std::memory_order_relaxed);
  if (asleep_) {
    asleep_ = false;
    changed_.notify_one();
  }
  return taken_;
}

void DiskWriter::Hasten() {
  std::lock_guard lock(mutex_);
  if (hastened_ || queue_.empty()) return;
  hastened_ = true;
  changed_.notify_one();
}

std::string DiskWriter::Refusal(bool grows) const {
  if (!failing_.load(std::memory_order_acquire)) {
    return grows && full() ? "ERR disk: writes that need room are refused: the disk is full" : "";
  }
  std::lock_guard lock(mutex_);
  return failure_.empty() ? "" : "ERR disk: writes are refused: " + failure_;
}

uint64_t DiskWriter::queued() const {
  std::lock_guard lock(mutex_);
  return taken_ - around_.commits.settled();
}

void DiskWriter::Serve() {
  ::pthread_setname_np(::pthread_self(), "disk write");
  std::unique_lock lock(mutex_);
  while (Await(lock)) {
    std::vector<TierBatch> batches = std::exchange(queue_, {});
    queued_bytes_ = 0;
    hastened_ = false;
    lock.unlock();
    behind_.store(false, std::memory_order_relaxed);
    if (failing_.load()) TryAgain();
    if (!batches.empty()) Store(std::move(batches));
    if (full()) RefillReserve();
    if (MayRenew()) RenewSome();
    lock.lock();
  }
}

bool DiskWriter::Await(std::unique_lock<std::mutex>& lock) {
  if (failing_.load()) {
    changed_.wait_for(lock, kBetweenAttempts, [this] { return stopping_; });
    return !stopping_ || !queue_.empty();
  }
  if (MayRenew() && !stopping_) return true;
  const auto wanted = [this] { return stopping_ || hastened_; };
  // Right after some work there is mostly more to come.
  if (!changed_.wait_for(lock, kGather, wanted) && queue_.empty()) {
    asleep_ = true;
    const auto any = [&] { return wanted() || !queue_.empty(); };
    if (full()) {
      changed_.wait_for(lock, kBetweenLooksForRoom, any);
    } else {
      changed_.wait(lock, any);
    }
    asleep_ = false;
    changed_.wait_for(lock, kGather, wanted);
  }
  return !stopping_ || !queue_.empty();
}

// In runs of those that are to be equally safe.
void DiskWriter::Store(std::vector<TierBatch> batches) {
  // What is left of a full disk is for deletes; a clear is one, whatever is written beside it.
  const auto stays = [this](const TierBatch& batch) {
    return full() && IsToKeep(batch) && !PutsNothing(batch) &&
           std::none_of(batch.records.begin(), batch.records.end(), IsOfWholeNamespace);
  };
  for (size_t first = 0; first < batches.size();) {
    if (stays(batches[first])) {
      Keep(batches[first]);
      Settle(batches[first].sequence, {});
      ++first;
      continue;
    }
    DiskStore::Safety safety = SafetyOf(batches[first]);
    size_t end = first + 1;
    for (; end < batches.size() && !stays(batches[end]); ++end) {
      const DiskStore::Safety next = SafetyOf(batches[end]);
      if ((next == DiskStore::Safety::kNone) != (safety == DiskStore::Safety::kNone)) break;
      safety = std::max(safety, next);
    }
    StoreRun({&batches[first], end - first}, safety);
    first = end;
  }
}

void DiskWriter::StoreRun(std::span<TierBatch> run, DiskStore::Safety safety) {
  DiskStatus status =
      failing_.load() ? DiskStatus{DiskStatus::Kind::kFailed, failure_} : StoreGroup(run, safety);
  if (UseReserve(status)) status = StoreGroup(run, safety);
  if (status.ok()) {
    Settle(run.back().sequence, {});
  } else if (status.kind == DiskStatus::Kind::kNoMemory && run.size() > 1) {
    // One is too large; there is memory for the others.
    for (TierBatch& batch : run) StoreRun({&batch, 1}, safety);
  } else {
    Fail(run, status);
  }
}

DiskStatus DiskWriter::StoreGroup(std::span<TierBatch> run, DiskStore::Safety safety) {
  try {
    Gather(run);
  } catch (const std::bad_alloc&) {
    group_.Clear();
    return DiskStatus::NoMemory();
  }
  const DiskStatus status = around_.store.Write(&group_, safety);
  if (status.ok()) NoteClears();
  return status;
}

void DiskWriter::Gather(std::span<TierBatch> run) {
  group_.Clear();
  clears_.clear();
  SortRecords(run);
  uint32_t replaced = 0;
  for (size_t i = 0; i < sorted_.size(); ++i) {
    // All of the group is stored or nothing: of a key the last state is enough.
    const bool superseded = i + 1 < sorted_.size() && sorted_[i].IsOfKey(sorted_[i + 1]) &&
                            sorted_[i + 1].record->kind != TierRecord::Kind::kDeadline;
    replaced = std::max(replaced, sorted_[i].record->replaced);
    if (superseded) continue;
    Add(*sorted_[i].record, replaced);
    replaced = 0;
  }
}

// In the order of their keys they find their places in RocksDB's memory with fewer steps. What is
// of whole namespaces, whose records have keys of their own, comes first.
void DiskWriter::SortRecords(std::span<TierBatch> run) {
  sorted_.clear();
  for (const TierBatch& batch : run) {
    for (const TierRecord& record : batch.records) {
      if (IsOfWholeNamespace(record)) {
        Add(record, 0);
      } else {
        sorted_.push_back({record.generation, StartOf(record.key), sorted_.size(), &record});
      }
    }
  }
  std::sort(sorted_.begin(), sorted_.end());
}

void DiskWriter::NoteClears() {
  for (const auto& [retired, cleared] : clears_) {
    if (retired) {
      around_.catalog.Drop(cleared.id);
    } else {
      around_.catalog.NoteCleared(cleared);
    }
    around_.on_void(cleared.generation - 1);
  }
}

void DiskWriter::Add(const TierRecord& record, uint32_t replaced) {
  switch (record.kind) {
    case TierRecord::Kind::kPut:
      group_.Put(record.generation, record.key, record.deadline, record.value);
      if (replaced >= kDetachedFrom && record.value.size() < kDetachedFrom) {
        group_.DeleteDetached(record.generation, record.key);
      }
      break;
    case TierRecord::Kind::kDeadline:
      group_.Deadline(record.generation, record.key, record.deadline);
      break;
    case TierRecord::Kind::kDelete:
      group_.Delete(record.generation, record.key);
      if (replaced >= kDetachedFrom) group_.DeleteDetached(record.generation, record.key);
      break;
    case TierRecord::Kind::kClear: {
      const StoredNamespace cleared = around_.catalog.Cleared(record);
      if (cleared.id == 0) break;  // dropped already
      if (record.retired) {
        group_.Forget(cleared.id);
      } else {
        group_.Generation(cleared);
      }
      clears_.push_back({record.retired, cleared});
      break;
    }
    case TierRecord::Kind::kExchange: {
      const StoredNamespace now = around_.catalog.OfGeneration(record.generation);
      if (now.id != 0) group_.Identity(now);
      break;
    }
  }
}

// --- when the disk takes nothing ---

void DiskWriter::Fail(std::span<TierBatch> batches, const DiskStatus& status) {
  // Where memory is short for one the next may do, unless it would be this one again.
  const bool pauses = status.kind != DiskStatus::Kind::kNoMemory ||
                      std::any_of(batches.begin(), batches.end(), [](const TierBatch& batch) {
                        return PutsNothing(batch) || IsToKeep(batch);
                      });
  if (pauses && !failing_.load()) {
    around_.warn(
        "disk: writes fail and are refused, or kept in memory, until they succeed again: " +
        status.text);
    std::lock_guard lock(mutex_);
    failure_ = status.text;
    failing_.store(true, std::memory_order_release);
  }
  for (TierBatch& batch : batches) {
    const bool keeps = IsToKeep(batch);
    // What is absent already stays so; the rest becomes it, which comes here again as deletes.
    if (PutsNothing(batch)) {
      for (TierRecord& record : batch.records) Owe(record);
    } else if (keeps) {
      Keep(batch);
    } else {
      for (const TierRecord& record : batch.records) {
        if (record.kind == TierRecord::Kind::kExchange) Owe(record);
      }
      around_.host.Undo(batch);
    }
    if (!keeps) failed_.fetch_add(1, std::memory_order_relaxed);
    Settle(batch.sequence, keeps ? std::string() : status.text);
  }
}

void DiskWriter::Keep(const TierBatch& batch) {
  for (const TierRecord& record : batch.records) {
    if (IsOfWholeNamespace(record)) {
      Owe(record);
    } else {
      kept_.emplace(record.generation, record.key);
    }
  }
  n_kept_.store(kept_.size(), std::memory_order_relaxed);
}

// Values of what has settled may leave memory: as long as some are nowhere else none has. Not empty
// `failure`: the batch was undone.
void DiskWriter::Settle(uint64_t sequence, std::string failure) {
  if (kept_.empty()) {
    around_.commits.Settle(sequence, std::move(failure));
  } else {
    around_.commits.Answer(sequence, std::move(failure));
  }
}

void DiskWriter::RenewSome() {
  TierKeys keys;
  while (!kept_.empty() && keys.size() < kRenewedTogether) {
    keys.push_back(std::move(kept_.extract(kept_.begin()).value()));
  }
  // From here on they stand in the queue.
  const uint64_t answered = around_.commits.answered();
  around_.host.Renew(keys);
  n_kept_.store(kept_.size(), std::memory_order_relaxed);
  if (kept_.empty()) {
    around_.commits.Settle(answered);
    around_.warn("disk: what was kept in memory is stored");
  }
}

// True: there is room now.
bool DiskWriter::UseReserve(const DiskStatus& status) {
  if (status.kind != DiskStatus::Kind::kFull || !around_.store.ReleaseReserve()) return false;
  full_.store(true);
  around_.warn(
      "disk: full; writes that need room are refused, or kept in memory, until there is some "
      "again");
  return around_.store.Resume().ok();
}

void DiskWriter::RefillReserve() {
  if (MonotonicMillis() < next_look_ms_) return;
  next_look_ms_ = MonotonicMillis() + 1000;
  if (!around_.store.HoldReserve()) return;
  full_.store(false);
  around_.warn("disk: there is room again");
}

void DiskWriter::Owe(const TierRecord& record) {
  if (IsOfWholeNamespace(record)) {
    owed_changes_.push_back(record);
  } else {
    owed_deletes_.emplace(record.generation, record.key);
  }
}

void DiskWriter::TryAgain() {
  if (!around_.store.Resume().ok()) return;
  group_.Clear();
  group_.Put(0, "probe", kNoDeadline, {});  // there is something to write in any case
  for (const auto& [generation, key] : owed_deletes_) {
    group_.Delete(generation, key);
    group_.DeleteDetached(generation, key);
  }
  clears_.clear();
  for (const TierRecord& record : owed_changes_) Add(record, 0);
  if (!around_.store.Write(&group_, DiskStore::Safety::kSynced).ok()) return;
  NoteClears();
  owed_deletes_.clear();
  owed_changes_.clear();
  around_.warn("disk: writes succeed again");
  std::lock_guard lock(mutex_);
  failure_.clear();
  failing_.store(false, std::memory_order_release);
}

}  // namespace replete
