#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "core/keyspace/entry.h"
#include "core/tier/disk_faults.h"
#include "core/tier/disk_record.h"
#include "core/tier/disk_reserve.h"
#include "core/tier/stored_namespace.h"
#include "core/tier/tier.h"

namespace replete {

struct DiskOptions {
  std::string directory;            // of the store alone; made when it is not there
  uint64_t block_cache = 64 << 20;  // bytes: blocks that are read, indexes included
  uint64_t write_buffers = 64 << 20;
  DiskCompression compression = DiskCompression::kLz4;
  DiskCompression bottom_compression = DiskCompression::kLz4;  // of the last level
  uint64_t blobs_from =
      kDetachedFrom;            // values of so many bytes go into files of their own; 0: none
  uint64_t reserve = 64 << 20;  // bytes of the disk that are given up when it is full
  int background_jobs = 2;      // flushes and compactions at a time
  int background_nice = 0;      // of their threads
  uint64_t rate_limit = 0;      // bytes a second that they write; 0: as fast as they can
  bool read_only = false;
  // Told of what goes wrong in the background. Any thread.
  std::function<void(std::string_view)> warn;
  std::shared_ptr<DiskFaults> faults;  // of the tests; null: none
};

// What the disk said. `text` is for people, without a code; empty when all is well.
struct DiskStatus {
  enum class Kind : uint8_t { kOk, kNotFound, kFull, kCorrupt, kFailed, kNoMemory };

  Kind kind = Kind::kOk;
  std::string text{};

  bool ok() const { return kind == Kind::kOk; }
  static DiskStatus NoMemory() { return {Kind::kNoMemory, kNoMemoryForIt}; }
};

// Who knows which records are dead. Asked by compactions, from any thread; when it is in doubt a
// record lives.
class RecordJudge {
 public:
  virtual ~RecordJudge() = default;
  // No record of the generation is needed any more.
  virtual bool GenerationIsVoid(uint64_t generation) const = 0;
  // A record whose deadline is this: nothing newer of the key is stored that builds on it, and the
  // key is gone.
  virtual bool IsDead(uint64_t generation, std::string_view key, int64_t deadline) const = 0;
};

// The records of all namespaces on the disk engine: one RocksDB. Layout: disk_record.h.
// Thread-safe but for Group. Every call may block.
class DiskStore {
 public:
  // Of what is written; an older store is taken as it is, a newer one is refused.
  // 1 had no values with records of their own.
  static constexpr uint64_t kFormatVersion = 2;

  // `judge` lives longer. The problem says what cannot be opened and why.
  [[nodiscard]] static Problem Open(const DiskOptions& options, const RecordJudge& judge,
                                    std::unique_ptr<DiskStore>* store);
  // What is not written yet is: as a clean stop.
  ~DiskStore();
  DiskStore(const DiskStore&) = delete;
  DiskStore& operator=(const DiskStore&) = delete;

  // --- namespaces ---
  // Those that were there when it was opened, by id, and the highest id that was ever given.
  const std::vector<StoredNamespace>& found() const { return found_; }
  uint32_t last_id() const { return last_id_; }
  // Name and options of a namespace.
  DiskStatus Save(const StoredNamespace& one);
  // Whatever becomes of the namespace, no other is given its id.
  DiskStatus KeepId(uint32_t id);
  DiskStatus Forget(uint32_t id);

  // --- writing ---
  // What is stored at once, all of it or nothing.
  class Group {
   public:
    Group();
    ~Group();
    // Both throw std::bad_alloc where there is no memory for the group with it.
    void Put(uint64_t generation, std::string_view key, int64_t deadline, std::string_view value);
    // A record as another store has it.
    void PutRaw(uint64_t generation, std::string_view key, std::string_view record);
    void Deadline(uint64_t generation, std::string_view key, int64_t deadline);
    void Delete(uint64_t generation, std::string_view key);
    // The record of the value alone, where it had one: see kDetachedFrom.
    void DeleteDetached(uint64_t generation, std::string_view key);
    // Of the namespace: its records are of this generation from now on.
    void Generation(const StoredNamespace& one);
    // Its name and options.
    void Identity(const StoredNamespace& one);
    void Forget(uint32_t id);
    void Note(std::string_view name, std::string_view value);
    void Clear();

   private:
    friend class DiskStore;
    struct Batch;
    void WillGrow(size_t bytes) const;
    std::unique_ptr<Batch> batch_;
    std::string key_;
    std::string value_;
  };
  enum class Safety : uint8_t {
    kNone,    // lost when the process is killed
    kLogged,  // lost when the machine loses power
    kSynced,
  };
  DiskStatus Write(Group* group, Safety safety);
  // After a failed write: whether writes are taken again. What was written without the log may be
  // lost by it.
  DiskStatus Resume();

  // When there is no room: what was held back is there to be used. False: nothing was.
  bool ReleaseReserve();
  // Holds it back again, if there is room. By the same thread. Whether it is held.
  bool HoldReserve();

  // --- reading ---
  // `keys` as DiskKey makes them; `take` is called for each. A void record is not found. Of what is
  // written meanwhile it may be told that it is damaged.
  using TakeRecord = std::function<void(size_t index, const DiskStatus&, std::string_view value)>;
  void Read(std::span<const std::string> keys, const TakeRecord& take);

  // The same for those values for which all that is needed is in memory, the system's page cache
  // included. How many records were found.
  using TakeCached = std::function<void(size_t index, std::string_view value)>;
  size_t ReadCached(std::span<const std::string> keys, const TakeCached& take);

  // Records from `from` up to but without `to` (as DiskKey), in order; `take` returns false to
  // stop.
  using TakeScanned = std::function<bool(std::string_view key, std::string_view record)>;
  DiskStatus Scan(std::string_view from, std::string_view to, const TakeScanned& take);
  // At most parts - 1 keys that cut the generation's records into about equal parts.
  std::vector<std::string> CutPoints(uint64_t generation, size_t parts);

  // What Group::Note has stored.
  DiskStatus ReadNote(std::string_view name, std::string* value);
  // The names of the notes that go when their namespace is forgotten (disk_recency.h).
  static constexpr size_t kRecencyPieces = 64;
  static std::string RecencyNote(uint32_t id, size_t piece);

  // --- room ---
  // Gives back what the void generation takes. May take long.
  void Reclaim(uint64_t generation);
  // A copy of the store as it is now, in a folder that is not there yet.
  DiskStatus Checkpoint(const std::string& folder);
  // Reclaim and Compact come to an end, now and from now on.
  void CancelCompactions();
  // What the records of a generation take in files, more or less.
  uint64_t BytesOf(uint64_t generation);
  // Rewrites the records of a generation without what is dead.
  DiskStatus Compact(uint64_t generation);

  // What it says of itself.
  struct Figures {
    uint64_t disk_bytes = 0;
    uint64_t memory_bytes = 0;   // block cache and write buffers
    uint64_t compactions = 0;    // that run
    uint64_t pending_bytes = 0;  // that compactions ought to rewrite
    bool writes_stopped = false;
    uint64_t delayed_rate = 0;  // bytes a second that writes are held to; 0: not held
    uint64_t background_errors = 0;
    std::vector<uint64_t> files;  // by level
  };
  Figures figures() const;
  // Block cache and write buffers. Never waits for the disk.
  uint64_t memory_bytes() const;

 private:
  struct Engine;
  class Use;

  DiskStore();
  DiskStatus ReadCatalog();
  // The caller holds save_mutex_.
  void NoteId(uint32_t id, Group* group);

  std::unique_ptr<Engine> engine_;
  std::string directory_;
  std::unique_ptr<DiskReserve> reserve_;
  std::vector<StoredNamespace> found_;
  std::mutex save_mutex_;
  uint32_t last_id_ = 0;  // with save_mutex_ once it is open
};

}  // namespace replete
