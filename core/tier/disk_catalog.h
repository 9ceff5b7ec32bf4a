#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/keyspace/clock.h"
#include "core/tier/disk_store.h"
#include "core/tier/stored_namespace.h"

namespace replete {

class Keyspace;
struct TierRecord;

// The namespaces of a store, and the keyspaces that work on them. Says which records are dead.
// Thread-safe.
class DiskCatalog final : public RecordJudge {
 public:
  // `clock` lives longer.
  explicit DiskCatalog(const Clock& clock) : clock_(clock) {}
  // What the store had when it was opened. Until then nothing is void or dead.
  void Adopt(const std::vector<StoredNamespace>& found, uint32_t last_id);

  // Those to be made again as they were.
  std::vector<StoredNamespace> Remembered() const;
  // Those that no keyspace works on.
  std::vector<StoredNamespace> Unattached() const;

  // The keyspace works on the records of its name: those of before, or none yet. `changed`: what
  // the store has of it is out of date.
  StoredNamespace Attach(const std::shared_ptr<Keyspace>& keyspace, const StoredOptions& options,
                         bool* changed);
  // Whether it has all of its keys, or has to read them back.
  bool IsComplete(uint32_t id) const;
  // One without records, on which no keyspace works before NoteFilled.
  StoredNamespace Add(const std::string& name);
  void NoteFilled(uint32_t id);
  // The namespace that the keyspace works on.
  StoredNamespace Of(const Keyspace& keyspace) const;
  // Nobody works on it any more, its records are void.
  void Drop(uint32_t id);
  // The options from now on of one that is remembered. False: it is not.
  bool Alter(const Keyspace& keyspace, const StoredOptions& options, StoredNamespace* altered);
  // The two have exchanged their generations (Tier::Exchange).
  void Exchange(const Keyspace& a, const Keyspace& b);
  // The namespace whose records are of this generation; id 0: it was dropped.
  StoredNamespace OfGeneration(uint64_t generation) const;
  // All of its keys are in RAM.
  void NoteComplete(const Keyspace& keyspace);

  struct Attached {
    StoredNamespace stored;
    std::shared_ptr<Keyspace> keyspace;
  };
  // Those that have all of their keys, and those that have not yet.
  std::vector<Attached> Complete() const { return Select(true); }
  std::vector<Attached> Incomplete() const { return Select(false); }

  // The namespace as a kClear makes it.
  StoredNamespace Cleared(const TierRecord& clear) const;
  // That is stored now: older records are void.
  void NoteCleared(const StoredNamespace& cleared);

  // RecordJudge.
  bool GenerationIsVoid(uint64_t generation) const override;
  bool IsDead(uint64_t generation, std::string_view key, int64_t deadline) const override;

 private:
  struct Known {
    StoredNamespace stored;
    std::weak_ptr<Keyspace> keyspace{};
    bool complete = false;
    bool filling = false;  // with the records of a backup
  };

  Known& Make(const std::string& name);
  std::vector<Attached> Select(bool complete) const;

  const Clock& clock_;
  mutable std::shared_mutex mutex_;
  std::map<uint32_t, Known> known_;  // by id
  uint32_t last_id_ = 0;
  bool adopted_ = false;
};

}  // namespace replete
