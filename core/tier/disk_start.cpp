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
#include "core/tier/disk_record.h"

namespace replete {
namespace {

// Nobody is told of entries that were there before.
class Silent final : public KeyspaceListener {
  void OnEffect(const Effect&) override {}
  void OnDeparture(const Keyspace&, std::string_view, Departure) override {}
  void OnEvent(const Keyspace&, uint32_t, std::string_view, std::string_view) override {}
  void Dispose(Entry* entry) override { Entry::Delete(entry); }
  void Dispose(std::unique_ptr<ShardData>) override {}
};

// Keys that were read, on their way into the shards: many at a time, so that threads seldom wait
// for each other's locks and the tables' memory is waited for together.
class Arrivals {
 public:
  Arrivals(Access& access, Keyspace& keyspace) : access_(access), keyspace_(keyspace) {
    names_.reserve(kMost * 32);
    waiting_.reserve(kMost);
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
    for (size_t i = 0; i < waiting_.size();) i = EnterShard(i);
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

  // Those of one shard, from the first on; the first of the next.
  size_t EnterShard(size_t first) {
    Shard& shard = *waiting_[first].shard;
    std::lock_guard lock(shard.mutex);
    size_t end = first;
    for (; end < waiting_.size() && waiting_[end].shard == &shard; ++end) {
      shard.data.table.PrefetchBucket(waiting_[end].hash);
    }
    for (size_t i = first; i < end; ++i) {
      const One& one = waiting_[i];
      const std::string_view name(names_.data() + one.name_at, one.name_size);
      access_.Recall({.shard = &shard, .name = name, .hash = one.hash}, one.type, one.deadline,
                     one.size);
    }
    return end;
  }

  Access& access_;
  Keyspace& keyspace_;
  std::vector<One> waiting_;
  std::string names_;
};

struct Part {
  Keyspace* keyspace;
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
    Arrivals arrivals(access, *part.keyspace);
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
  for (const auto& [stored, keyspace] : namespaces) {
    const uint64_t generation = stored.generation;
    std::string from = DiskKey(generation, {});
    // More parts than threads: they are of unequal size.
    for (std::string& cut : store.CutPoints(generation, threads * 4)) {
      parts.push_back({keyspace.get(), std::move(from), cut});
      from = std::move(cut);
    }
    parts.push_back({keyspace.get(), std::move(from), DiskKey(generation + 1, {})});
  }
  Work work(store, clock, std::move(parts), progress);
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back([&work] { work.Run(); });
  work.Run();
  for (std::thread& other : others) other.join();
  return work.TakeProblem();
}

}  // namespace replete
