#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/keyspace/entry.h"
#include "core/tier/commit_log.h"
#include "core/tier/stored_value.h"

namespace replete {

class Keyspace;
class TierLoad;

// Why a value was not fetched or stored, where it is not the tier that fails.
inline constexpr char kNoMemoryForIt[] = "there is no memory for it";

// What a write did to one key of a keyspace, as a tier stores it: at most one record a key in a
// batch, the state at its end.
struct TierRecord {
  enum class Kind : uint8_t {
    kPut,       // the key's value and deadline
    kDeadline,  // the key's deadline; its value is stored already
    kDelete,
    kClear,  // all records of the keyspace whose generation is older
    // The records of this generation, which were another keyspace's, are this one's now: the two
    // have exchanged them, and a batch has a record for each.
    kExchange,
  };

  Kind kind;
  std::shared_ptr<Keyspace> keyspace;
  uint64_t generation;  // Keyspace::generation()
  std::string key{};
  std::string value{};  // kPut: see stored_value.h
  int64_t deadline = kNoDeadline;
  uint32_t replaced = 0;  // bytes of the key's record of before, at least; 0: there was none
  // kClear: what the keyspace was then, for its records may be another's by the time that they are
  // stored.
  uint64_t version = 0;
  bool retired = false;
};

// What one command or transaction did to the keyspaces of one tier: stored whole or not at all.
struct TierBatch {
  std::vector<TierRecord> records;
  uint64_t sequence = 0;
};

// A value that is wanted only if it can be had at once.
struct TierRead {
  uint64_t generation;  // Keyspace::generation()
  std::string_view key;
  StoredValue value{};
  bool found = false;
};

// Keys whose records are of these generations (or of later ones of the same keyspace).
using TierKeys = std::vector<std::pair<uint64_t, std::string>>;

// What a tier asks of the layer above.
class TierHost {
 public:
  virtual ~TierHost() = default;
  // The batch was not stored: keys whose last write it was become absent, and the removal of what
  // is absent is written again. Called by the tier's thread before the batch settles; may wait for
  // owners of shards. A tier whose writes go on failing has to pause between them.
  virtual void Undo(const TierBatch& batch) = 0;
  // Writes these keys again, as they are now. As Undo otherwise.
  virtual void Renew(const TierKeys& keys) = 0;
};

// What is below the RAM of a keyspace: it keeps the records, the keyspace keeps keys and metadata
// and as many values as fit (disk, and the fake tier of the tests). Asynchronous: nothing here
// blocks but the destructor, which ends the tier's threads and answers every load first.
//
// Thread-safe. Records of one key are written under its shard's lock and so in order.
class Tier {
 public:
  virtual ~Tier() = default;

  // Fetches these values. TierLoad::Arrived or Failed of each is called once, on any thread,
  // perhaps before this returns. The caller holds no lock. Moves from `loads`, unless it throws
  // bad_alloc.
  virtual void Load(std::span<std::shared_ptr<TierLoad>> loads) = 0;

  // Finds those values that can be had at once: without waiting for a disk or for anybody. May be
  // called under locks.
  virtual void ReadNow(std::span<TierRead> /*reads*/, const ValueLimits& /*limits*/) {}

  // Takes the batch over and returns its sequence number, from 1 without gaps; batches are stored
  // in this order. Called under the locks of the batch's shards.
  virtual uint64_t Write(TierBatch batch) = 0;

  // Somebody waits until what was written so far is stored: a tier may else let writes gather.
  virtual void Hasten() {}

  // So much is written and not stored yet that who writes more ought to wait for it.
  virtual bool IsBehind() const { return false; }

  // Whether a record of this size whose deadline has passed is as good as none: then nothing is
  // written when its entry expires.
  virtual bool DropsExpired(uint32_t /*size*/) const { return false; }

  // Both keyspaces work on this tier and have exchanged their generations. Under all of their
  // locks; the batch that tells of it follows.
  virtual void Exchange(Keyspace& /*a*/, Keyspace& /*b*/) {}

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
