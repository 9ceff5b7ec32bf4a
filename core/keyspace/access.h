#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/shard.h"
#include "core/replication/effect.h"
#include "core/tier/tier.h"
#include "core/types/hash_value.h"
#include "core/types/list_value.h"
#include "protocol/bulk_buffer.h"

namespace replete {

class BulkEviction;

// A key resolved to its shard. `name` is the key as the keyspace knows it; `sent`, where that
// differs, as the client wrote it in a numbered database, with the prefix that routed it.
struct Key {
  Shard* shard = nullptr;
  std::string_view name{};
  uint64_t hash = 0;
  std::string_view sent{};
};

inline Key ResolveKey(Keyspace& keyspace, std::string_view name) {
  const uint64_t hash = HashKey(name);
  return {&keyspace.ShardOf(hash), name, hash};
}

// How entries are read and changed: the one place where a keyspace's content changes, so that
// effects, watches, statistics, recency, accounting and the expiry index are kept by what is here
// and nowhere else.
//
// One Access serves one command at a time, by a thread that holds the locks of all shards it names
// (or owns them). An entry whose deadline has passed is absent for every method. Pointers to
// entries and views of their content are valid until the next change of the same key.
class Access {
 public:
  static constexpr int64_t kKeepDeadline = -1;  // SetString: as it was

  Access(const Clock& clock, KeyspaceListener& listener) : clock_(clock), listener_(listener) {}
  ~Access() { FreeEvicted(); }
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  // Unix ms, read once a command, after its locks were taken; frozen between commands of one
  // transaction.
  int64_t now() {
    if (now_ == 0) now_ = clock_.NowMs();
    return now_;
  }
  void ForgetNow() { now_ = 0; }
  // Whether reading and writing count as uses for eviction; they do unless this says otherwise.
  void set_counts_uses(bool counts) { counts_uses_ = counts; }
  KeyspaceListener& listener() const { return listener_; }

  // --- looking ---
  // (An entry whose value is away is given with the value that was lent for it.)
  // The entry, without a trace.
  Entry* Peek(const Key& key);
  // For a reading command: counts a hit or a miss and a use.
  Entry* Read(const Key& key);
  // For a command that asks about the key and not for its value: counts a hit or a miss, but no
  // use.
  Entry* Inspect(const Key& key);
  // For a writing command that looks first: counts a use.
  Entry* Use(const Key& key);

  // --- changing ---
  // The key holds this string; whatever it held is gone. `deadline`: Unix ms, kNoDeadline or
  // kKeepDeadline.
  void SetString(const Key& key, std::string_view value, int64_t deadline);
  void SetString(const Key& key, BulkBuffer value, int64_t deadline);
  // The deadline that a command without one gives a key it creates or wholly overwrites.
  int64_t DefaultDeadline(const Key& key);
  // Lengthens (with zero bytes) or shortens a string to `size`, which a present entry holds, lets
  // `fill` write into its bytes, and reports the result as a put.
  template <class Fill>
  void EditString(const Key& key, Entry* entry, size_t size, Fill&& fill);

  // Removes the entry. False: there was none.
  bool Remove(const Key& key, Departure reason);
  // Removes an entry that has expired and is not swept yet, if there is one.
  void DropExpired(const Key& key);
  // kNoDeadline takes the deadline away; one that has passed removes the entry (as Redis: by a
  // delete).
  void SetDeadline(const Key& key, int64_t deadline);
  // `from` exists. The entry moves to `to` with its deadline; what `to` held is gone. Perhaps into
  // another keyspace.
  void Rename(const Key& from, const Key& to);
  // `from` exists and `to` does not. Deadline included; perhaps into another keyspace.
  void Copy(const Key& from, const Key& to);

  // The key, which is absent, holds the value, which leaves *value.
  void Restore(const Key& key, StoredValue* value, int64_t deadline);

  // --- collections ---
  // The hash or list under the key, created when absent. The entry of a present key is given.
  HashValue* HashFor(const Key& key, Entry* entry);
  ListValue* ListFor(const Key& key, Entry* entry);
  bool HashSet(const Key& key, HashValue* hash, std::string_view field, std::string_view value,
               const HashLimits& limits);
  bool HashErase(const Key& key, HashValue* hash, std::string_view field);
  void Push(const Key& key, ListValue* list, bool front, std::string_view value,
            const ListLimits& limits);
  // The list is not empty. The view given to `take` is valid inside it.
  template <class Take>
  void Pop(const Key& key, ListValue* list, bool front, Take&& take);
  // After the last change of a collection in a command: an empty one is removed.
  void Finish(const Key& key);

  // --- whole shards ---
  // Empties a shard in O(1); the entries are freed elsewhere. Emits no effect: see ClearKeyspace.
  void ClearShard(Shard& shard);
  // All shards of the keyspace are locked. Returns how many entries there were.
  size_t ClearKeyspace(Keyspace& keyspace);
  // Each holds what the other held. Neither has a tier; both have as many shards and the same
  // policy.
  void SwapKeyspaces(Keyspace& a, Keyspace& b);

  // --- room ---
  // Entries over the keyspace's max_entries or bytes over its max_memory leave the given shard,
  // soonest victims first, `named` last, as many as `may_go` says, which is counted down. False:
  // nothing here may leave and it is still over.
  bool Trim(Shard& shard, std::span<const Key> named, size_t* may_go);
  // Takes one victim of the shard. False: none.
  bool EvictOne(Shard& shard, std::span<const Key> named);
  // Evicts those that `bulk` chooses among a few dozen entries at or after a scan position. Returns
  // where to go on.
  uint64_t EvictChosen(Shard& shard, uint64_t position, const BulkEviction& bulk);
  // Frees what EvictChosen took out: once the lock is free, for the allocator may be giving much
  // back to the system meanwhile and let others wait.
  void FreeEvicted();

  // --- the tier ---
  // A key whose value is in the tier is there again, as when nobody had ever used it. It was
  // absent.
  // `size`: bytes of its record.
  Entry* Recall(const Key& key, ValueType type, int64_t deadline, size_t size);
  // In keyspaces that have one, values may be away: Entry::resident. Only SetString, Remove,
  // SetDeadline and what takes whole shards may be used on such an entry.
  //
  // Hands what has changed in keyspaces with tiers to them, as one batch each. Before any lock is
  // let go under which something was changed.
  void Commit();
  // Where there is no memory for records of what has changed, those keys are gone instead.
  void CommitOrDrop();
  // What the replies of those commands have to wait for, since the last call.
  CommitTokens TakeTokens() { return std::exchange(tokens_, {}); }
  // The value of a key that is away. False: the entry is of another type.
  static bool Install(const Key& key, StoredValue* value);
  // Whether the value, which is away and was just fetched, ought to stay from now on: there is room
  // for it, or the policy keeps others that are used less.
  bool WorthKeeping(const Key& key, const Entry* entry);
  // The command that reads the key finds this value with it, and nobody after: until ReturnLent.
  // Nothing is changed meanwhile.
  void Lend(const Key& key, const Entry* entry, StoredValue* value);
  void ReturnLent();
  // Looks at about `entries` entries after shard.cool_position and lets go of values that are
  // stored and that nobody waits for: of that half which the policy would let go first, or of
  // `all`. How many it were.
  size_t Cool(Shard& shard, size_t entries, bool all = false);
  // All records of the keyspace are void. Its shards are locked and empty, or retired.
  void DropRecords(Keyspace& keyspace);
  // A batch was not stored that wrote, respectively removed, the key: unless a later one has
  // written it, it is absent, and the tier is told so again.
  void Undo(const Key& key, uint64_t sequence);
  // The same for a batch that voided all records. One of the keyspace's shards is locked.
  void UndoClear(Keyspace& keyspace);
  // The key, in memory alone so far, is written as it is now.
  void Renew(const Key& key);

  // --- expiry ---
  // Removes what is due, until `deadline_nanos` (MonotonicNanos). True: there is more to do now.
  bool Sweep(Shard& shard, int64_t deadline_nanos);

 private:
  friend class AccessTest;

  using Slot = EntryTable::Slot;

  Slot Find(const Key& key);
  // The entry or what is lent in its place.
  Entry* Standing(Entry* entry) const {
    if (lent_.empty()) [[likely]]
      return entry;
    return StandingFor(entry);
  }
  Entry* StandingFor(Entry* entry) const;
  // A hit, or a miss where it is null.
  static Entry* Count(const Key& key, Entry* entry);
  bool Expired(const Entry* entry) {
    return entry->has(Entry::kDeadline) && entry->deadline() <= now();
  }
  void CountUse(Shard& shard);
  void TouchUse(Shard& shard, Entry* entry);
  uint8_t ExtensionsFor(const Shard& shard, int64_t deadline) const;
  void Insert(const Key& key, Entry* entry);
  void Unlink(Shard& shard, Entry* entry);
  void Link(Shard& shard, Entry* entry);
  // Puts `fresh` (same key) in the place of the slot's entry with its links; frees nothing.
  void Swap(const Key& key, const Slot& slot, Entry* old, Entry* fresh);
  void RemoveSlot(const Key& key, const Slot& slot, Departure reason);
  // What follows when an entry is in the table no more.
  // `stored`: bytes of its record.
  void Gone(const Key& key, size_t bytes, uint32_t stored, Departure reason);
  template <class Make>
  void StoreString(const Key& key, std::string_view in_place, int64_t deadline, Make&& make);
  void Free(Entry* entry, size_t bytes);
  static void AddBytes(Shard& shard, size_t before, size_t after) {
    shard.data.entry_bytes += after - before;
  }
  // Beside: an entry without its value came or went.
  static void AddCold(Shard& shard, const Entry* came) {
    if (!came->resident()) [[unlikely]]
      shard.data.cold_bytes += came->bytes();
  }
  static void TakeCold(Shard& shard, const Entry* goes) {
    if (!goes->resident()) [[unlikely]]
      shard.data.cold_bytes -= goes->bytes();
  }
  // An entry leaves, and its record with it, whose size is returned.
  static uint32_t TakeStored(Shard& shard, const Entry* goes) {
    if (!goes->has(Entry::kTiered)) [[likely]]
      return 0;
    shard.data.tier_bytes -= goes->tier_size();
    return goes->tier_size();
  }
  static void NoteStored(Shard& shard, Entry* entry, size_t size);
  // Every change of a key ends here. `replaced`: bytes of its record, if the entry that knew of it
  // is gone.
  void Changed(const Key& key, uint32_t replaced = 0) {
    Seen(key);
    if (key.shard->keyspace().tier() != nullptr) [[unlikely]]
      NoteUnstored(key, replaced);
  }
  // What a tier is not told.
  void Seen(const Key& key) {
    if (!key.shard->watches.empty()) [[unlikely]]
      key.shard->watches.Touch(key.name);
  }
  // Its value is another one from now on, or none.
  void Replaced(const Key& key) {
    if (key.shard->keyspace().tier() != nullptr) [[unlikely]]
      key.shard->loads.Cancel(key.name);
  }
  void NoteUnstored(const Key& key, uint32_t replaced);
  void ExchangeRecords(Keyspace& a, Keyspace& b);
  void CommitTo(Tier* tier);
  static bool WaitsFor(const TierBatch& batch);
  void MergeUnstored();
  static void TakePlace(Shard& shard, const Slot& slot, Entry* fresh);
  void Emit(const Key& key, Effect::Kind kind, std::string_view value = {},
            std::string_view second = {}, int64_t deadline = 0);
  void EmitPut(const Key& key, std::string_view value, int64_t deadline);
  // A collection was created with the namespace's default TTL: told once there is something in it.
  void EmitCreated(const Key& key);
  Entry* Resize(const Key& key, Entry* entry, size_t size, char** bytes);

  const Clock& clock_;
  KeyspaceListener& listener_;
  int64_t now_ = 0;
  bool counts_uses_ = true;
  int64_t created_deadline_ = kNoDeadline;
  std::vector<Entry*> evicted_;
  struct Lent {
    const Entry* away;
    Entry* with_value;
  };
  std::vector<Lent> lent_;

  // Changed and not handed to the tier yet.
  struct Unstored {
    Shard* shard;
    uint64_t hash;
    std::string name;
    uint32_t replaced;
  };
  // Without the key. `entry`: what is under it now, or null.
  static TierRecord RecordOf(const Unstored& item, const Entry* entry);
  std::vector<Unstored> unstored_;
  std::vector<std::shared_ptr<Keyspace>> voided_;
  std::vector<std::shared_ptr<Keyspace>> exchanged_;
  CommitTokens tokens_;
};

template <class Fill>
void Access::EditString(const Key& key, Entry* entry, size_t size, Fill&& fill) {
  char* bytes = nullptr;
  entry = Resize(key, entry, size, &bytes);
  fill(bytes);
  EmitPut(key, entry->string(), entry->deadline());
}

template <class Take>
void Access::Pop(const Key& key, ListValue* list, bool front, Take&& take) {
  std::string_view element;
  const size_t before = list->bytes();
  if (front) {
    list->Front(&element);
  } else {
    list->Back(&element);
  }
  take(element);
  if (front) {
    list->PopFront();
  } else {
    list->PopBack();
  }
  AddBytes(*key.shard, before, list->bytes());
  Changed(key);
  Emit(key, front ? Effect::Kind::kPopFront : Effect::Kind::kPopBack);
}

}  // namespace replete
