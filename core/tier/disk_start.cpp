#include "core/tier/disk_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/keyspace/access.h"
#include "core/keyspace/keyspace.h"
#include "core/tier/disk_recency.h"
#include "core/tier/disk_record.h"

namespace replete {
namespace {

constexpr uint64_t kLeastInFiles = 8;  // bytes of a record, packed

// Nobody is told of entries that were there before.
class Silent final : public KeyspaceListener {
  void OnEffect(const Effect&) override {}
  void OnDeparture(const Keyspace&, std::string_view, Departure) override {}
  void OnEvent(const Keyspace&, uint32_t, std::string_view, std::string_view) override {}
  void Dispose(Entry* entry) override { Entry::Delete(entry); }
  void Dispose(std::unique_ptr<ShardData>) override {}
};

// Keys that were read, on their way into the shards: many at a time, so that threads seldom wait
// for each other's locks and the memory of tables and uses is waited for together.
class Arrivals {
 public:
  // `recency` may be null.
  Arrivals(Access& access, Keyspace& keyspace, const Recency* recency)
      : access_(access), keyspace_(keyspace), recency_(recency) {
    names_.reserve(kMost * 32);
    waiting_.reserve(kMost);
    lasting_hashes_.resize(kMost);
  }

  void Add(std::string_view name, ValueType type, int64_t deadline, size_t size) {
    const uint64_t hash = HashKey(name);
    waiting_.push_back({&keyspace_.ShardOf(hash), hash, names_.size(), name.size(), deadline,
                        static_cast<uint32_t>(size), type});
    names_ += name;
    if (waiting_.size() == kMost) Enter();
  }

  void Enter() {
    if (waiting_.empty()) return;
    // Not all threads begin with the same shard.
    const unsigned first = waiting_.front().shard->index();
    std::sort(waiting_.begin(), waiting_.end(), [first](const One& a, const One& b) {
      return a.shard->index() - first < b.shard->index() - first;
    });
    put_off_.clear();
    for (size_t i = 0; i < waiting_.size();) {
      const size_t end = Prefetch(i);
      std::unique_lock lock(waiting_[i].shard->mutex, std::try_to_lock);
      lock ? EnterShard(i, end) : put_off_.push_back({i, end});
      i = end;
    }
    for (const auto& [begin, end] : put_off_) {
      std::lock_guard lock(waiting_[begin].shard->mutex);
      EnterShard(begin, end);
    }
    waiting_.clear();
    names_.clear();
  }

 private:
  static constexpr size_t kMost = 2048;

  struct One {
    Shard* shard;
    uint64_t hash;
    size_t name_at;
    size_t name_size;
    int64_t deadline;
    uint32_t size;  // of the record
    ValueType type;
  };

  std::string_view NameOf(const One& one) const {
    return {names_.data() + one.name_at, one.name_size};
  }

  // The uses of those of one shard, from the first on; the first of the next.
  size_t Prefetch(size_t first) {
    size_t end = first;
    for (; end < waiting_.size() && waiting_[end].shard == waiting_[first].shard; ++end) {
      if (recency_ == nullptr) continue;
      lasting_hashes_[end] = Recency::HashOf(NameOf(waiting_[end]));
      recency_->Prefetch(lasting_hashes_[end]);
    }
    return end;
  }

  // Under their shard's lock.
  void EnterShard(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      waiting_[i].shard->data.table.PrefetchBucket(waiting_[i].hash);
    }
    for (size_t i = begin; i < end; ++i) {
      const One& one = waiting_[i];
      Entry* const entry =
          access_.Recall({.shard = one.shard, .name = NameOf(one), .hash = one.hash}, one.type,
                         one.deadline, one.size);
      if (recency_ == nullptr) continue;
      if (const auto clock = recency_->ClockOf(lasting_hashes_[i])) entry->set_clock(*clock);
    }
  }

  Access& access_;
  Keyspace& keyspace_;
  const Recency* const recency_;
  std::vector<One> waiting_;
  std::vector<uint64_t> lasting_hashes_;            // of those that wait
  std::vector<std::pair<size_t, size_t>> put_off_;  // whose shards another thread has locked
  std::string names_;
};

struct Part {
  Keyspace* keyspace;
  const Recency* recency;
  std::string from;  // as DiskKey
  std::string to;
};

class Work {
 public:
  Work(DiskStore& store, const Clock& clock, std::vector<Part> parts,
       const ReadingProgress& progress)
      : store_(store), clock_(clock), parts_(std::move(parts)), progress_(progress) {}

  void Run() {
    for (size_t i = next_.fetch_add(1); i < parts_.size(); i = next_.fetch_add(1)) {
      ReadPart(parts_[i]);
    }
  }

  Problem TakeProblem() { return std::move(problem_); }

 private:
  void ReadPart(const Part& part) {
    Silent listener;
    Access access(clock_, listener);
    Arrivals arrivals(access, *part.keyspace, part.recency);
    const int64_t now = clock_.NowMs();
    DiskStore::Group dead;
    std::string bad;
    const DiskStatus status =
        store_.Scan(part.from, part.to, [&](std::string_view bytes, std::string_view value) {
          uint64_t generation = 0;
          std::string_view name;
          DiskRecord record;
          ValueType type;
          if (!SplitDiskKey(bytes, &generation, &name) || !record.Decode(value)) {
            bad = "a record is damaged";
            return true;
          }
          if (record.is_void) return true;
          if (record.deadline <= now) {
            // A compaction leaves out the record of the key alone.
            if (record.is_detached) dead.DeleteDetached(generation, name);
            return true;
          }
          if (!record.Type(&type)) {
            bad = "the type of a record is not known";
            return true;
          }
          arrivals.Add(name, type, record.deadline, name.size() + record.size);
          progress_.keys->fetch_add(1, std::memory_order_relaxed);
          return !*progress_.cancelled;
        });
    arrivals.Enter();
    if (!status.ok()) bad = status.text;
    // On a disk that takes nothing they stay until a later start.
    (void)store_.Write(&dead, DiskStore::Safety::kLogged);
    if (*progress_.cancelled) bad = "the daemon stops";
    for (size_t i = 0; i < part.keyspace->shards(); ++i) {
      std::lock_guard lock(part.keyspace->shard(i).mutex);
      part.keyspace->shard(i).Publish();
    }
    if (bad.empty()) return;
    std::lock_guard lock(mutex_);
    problem_ =
        fmt::format("records of namespace '{}' cannot be read: {}", part.keyspace->name(), bad);
  }

  DiskStore& store_;
  const Clock& clock_;
  const std::vector<Part> parts_;
  const ReadingProgress progress_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;
  Problem problem_;
};

}  // namespace

Problem ReadKeysBack(DiskStore& store, const Clock& clock,
                     const std::vector<DiskCatalog::Attached>& namespaces, size_t threads,
                     const ReadingProgress& progress) {
  std::vector<Part> parts;
  std::vector<std::unique_ptr<const Recency>> recencies;
  for (const auto& [stored, keyspace] : namespaces) {
    const uint64_t generation = stored.generation;
    const Recency* const recency =
        recencies.emplace_back(Recency::Read(store, stored.id, *keyspace)).get();
    if (recency != nullptr) {
      // Most may have been cleared since the last stop.
      const uint64_t at_most = store.BytesOf(generation) / kLeastInFiles;
      keyspace->Reserve(std::min<uint64_t>(recency->size(), at_most));
    }
    std::string from = DiskKey(generation, {});
    // More parts than threads: they are of unequal size.
    for (std::string& cut : store.CutPoints(generation, threads * 4)) {
      parts.push_back({keyspace.get(), recency, std::move(from), cut});
      from = std::move(cut);
    }
    parts.push_back({keyspace.get(), recency, std::move(from), DiskKey(generation + 1, {})});
  }
  Work work(store, clock, std::move(parts), progress);
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back([&work] { work.Run(); });
  work.Run();
  for (std::thread& other : others) other.join();
  for (size_t i = 0; i < namespaces.size(); ++i) {
    if (recencies[i]) recencies[i]->Finish(*namespaces[i].keyspace, clock);
  }
  return work.TakeProblem();
}

}  // namespace replete
