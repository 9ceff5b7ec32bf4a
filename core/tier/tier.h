#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/keyspace/entry.h"
#include "core/tier/commit_log.h"

namespace replete {

class Keyspace;
class TierLoad;

// What a write did to one key of a keyspace, as a tier stores it: at most one record a key in a
// batch, the state at its end.
struct TierRecord {
  enum class Kind : uint8_t {
    kPut,       // the key's value and deadline
    kDeadline,  // the key's deadline; its value is stored already
    kDelete,
    kClear,  // all records of the keyspace whose generation is older
  };

  Kind kind;
  std::shared_ptr<Keyspace> keyspace;
  uint64_t generation;  // Keyspace::generation()
  std::string key{};
  std::string value{};  // kPut: see stored_value.h
  int64_t deadline = kNoDeadline;
};

// What one command or transaction did to the keyspaces of one tier: stored whole or not at all.
struct TierBatch {
  std::vector<TierRecord> records;
  uint64_t sequence = 0;
};

// What a tier asks of the layer above.
class TierHost {
 public:
  virtual ~TierHost() = default;
  // The batch was not stored: keys whose last write it was become absent, and the removal of what
  // is absent is written again. Called by the tier's thread before the batch settles; may wait for
  // owners of shards. A tier whose writes go on failing has to pause between them.
  virtual void Undo(const TierBatch& batch) = 0;
};

// What is below the RAM of a keyspace: it keeps the records, the keyspace keeps keys and metadata
// and as many values as fit (disk, and the fake tier of the tests). Asynchronous: nothing here
// blocks but the destructor, which ends the tier's threads and answers every load first.
//
// Thread-safe. Records of one key are written under its shard's lock and so in order.
class Tier {
 public:
  virtual ~Tier() = default;

  // Fetches the value. TierLoad::Arrived or Failed is called once, on any thread, perhaps before
  // this returns. The caller holds no lock.
  virtual void Load(std::shared_ptr<TierLoad> load) = 0;

  // Takes the batch over and returns its sequence number, from 1 without gaps; batches are stored
  // in this order. Called under the locks of the batch's shards.
  virtual uint64_t Write(TierBatch batch) = 0;

  // Why writes are refused now, as the text of an error reply; empty: they are not. `grows`: the
  // command may need room (others, which free some, are refused less easily).
  virtual std::string Refusal(bool grows) const = 0;

  CommitLog& commits() { return commits_; }
  const CommitLog& commits() const { return commits_; }

 protected:
  CommitLog commits_;
};

// A write that is to be stored before its reply is sent.
struct CommitToken {
  Tier* tier;
  uint64_t sequence;
};
using CommitTokens = std::vector<CommitToken>;

}  // namespace replete
