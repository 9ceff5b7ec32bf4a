#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/lock_set.h"
#include "core/keyspace/namespace_map.h"
#include "core/stats/counters.h"
#include "core/tier/tier.h"
#include "server/ahead.h"
#include "server/blocking.h"
#include "server/client.h"
#include "server/command.h"
#include "server/command_context.h"
#include "server/command_stats.h"
#include "server/cycle_clock.h"

namespace replete {

class Server;

enum class Outcome : uint8_t {
  kDone,     // the reply is in output()
  kParked,   // it met an owner: Wake() follows, then the same request is to be executed again
  kAway,     // a worker runs it: Complete() follows with the reply
  kBlocked,  // it waits for an element: Complete() follows, unless the wait is cancelled first
};

// The path of a request from its arguments to its reply: look-up, checks, routing, locks, room,
// handler, what follows a write, unlock, events. A loop has one; a command that runs on a worker
// brings its own.
//
// One thread at a time.
class Dispatcher final : public KeyspaceListener {
 public:
  // Counts into the server's own statistics, or where the caller says: one thread each.
  explicit Dispatcher(Server& server);
  Dispatcher(Server& server, CommandStats& stats);
  ~Dispatcher() override;

  // Settings and namespaces as they are now; two loads when nothing has changed. Each request
  // begins with it.
  void Refresh();
  const Config& config() const { return *config_; }
  const NamespaceMap& namespaces() const { return *namespaces_; }

  struct Call {
    Client& client;
    std::span<const std::string_view> args;
    RequestParser* parser = nullptr;   // where TakeBulk finds big arguments
    const Command* command = nullptr;  // of args[0] when it was looked up already
    uint64_t first_hash = 0;           // of the first key, 0: not computed
    const std::shared_ptr<Parkable>& session;
    bool again = false;  // it has parked before
    // Members that this and the next requests of the pipeline name in the same value: a hint.
    std::span<const std::string_view> members = {};
    // The next requests of the pipeline: a hint.
    std::span<const Ahead> later = {};
  };
  Outcome Execute(const Call& call);
  // The time of the next command begins now, not with the end of the one before it.
  void StartClock() { clock_ = CycleClock::Ticks(); }
  OutputBuffer& output() { return context_.own_output_; }
  // Of the last Execute that was kDone: what its reply has to wait for, and where in output() it
  // begins.
  const CommitTokens& tokens() const { return tokens_; }
  size_t reply_start() const { return reply_start_; }
  // Behind what was pushed before it.
  size_t reply_after_pushes() const { return push_position_; }
  ReplyWriter& reply() { return context_.reply_; }
  // Puts a push for the client that is executing before the reply of its command, as Redis orders
  // them.
  void InsertPush(std::string_view push);
  // After kBlocked.
  std::shared_ptr<BlockedPop> TakeBlocked() { return std::move(blocked_); }

  // Takes a client's watches, or a wait for elements, out of the shards. What is owned right now is
  // kept and tried again by Tick.
  void Unwatch(Client& client);
  void Detach(std::shared_ptr<BlockedPop> blocked);
  void Tick();

  // Values that commands have read from a tier by themselves instead of waiting for them, so far.
  uint64_t reads_now() const { return reads_now_; }
  // A loop reads some in a round, each in 10 us or so: it is never long without a look at its
  // sockets.
  static constexpr size_t kReadsInARound = 16;
  void BeginRound() { round_ends_ = reads_now_ + kReadsInARound; }
  bool ReadsSpent() const { return reads_now_ >= round_ends_; }
  // Values that the next requests of a pipeline are about to want, read together and without a lock
  // as far as they can be had at once. `next` stays as it is while this lives, of which there is
  // one at a time.
  class ReadsAhead {
   public:
    ReadsAhead(Dispatcher& dispatcher, Client& client, std::span<const Ahead> next);
    ~ReadsAhead();
    ReadsAhead(const ReadsAhead&) = delete;
    ReadsAhead& operator=(const ReadsAhead&) = delete;

   private:
    Dispatcher& dispatcher_;
  };

  // Between the two, values that commands wait for are not asked for one by one but together.
  void GatherLoads() { gathers_loads_ = true; }
  void BeginLoads();

  // One slice of expiry work over the shards whose index is `part` modulo `parts`. True: more is
  // due.
  bool Sweep(size_t part, size_t parts);
  // Evicts from the namespace that should give memory back first. False: nobody may.
  bool RelieveMemory();
  // Locks the shards of a retired keyspace one after another, waiting for owners, empties them and
  // tells those who wait there. Not on a loop.
  void ClearRetired(Keyspace& keyspace);
  // Evicts until the keyspace is within its limits. In slices; not on a loop. `noted`: the caller
  // has announced it (Keyspace::NoteTrimming).
  void TrimKeyspace(Keyspace& keyspace, bool noted = false);
  // Evicts until the process is within maxmemory or nothing more may go. In slices; not on a loop.
  void TrimProcess();
  // A batch of records was not stored. Waits for owners; not on a loop.
  void Undo(const TierBatch& batch);
  void Renew(const TierKeys& keys);
  // Lets go of all values that a tier has stored and that nobody waits for. Waits for owners; not
  // on a loop.
  void CoolAll();

  uint64_t commands() const { return commands_.get(); }
  // The one whose handler runs now, or null. Any thread.
  const std::atomic<const Command*>& running_command() const { return running_; }

  // KeyspaceListener.
  void OnEffect(const Effect& effect) override;
  void OnDeparture(const Keyspace& keyspace, std::string_view key, Departure reason) override;
  void OnEvent(const Keyspace& keyspace, uint32_t event_class, std::string_view event,
               std::string_view key) override;
  void Dispose(Entry* entry) override;
  void Dispose(std::unique_ptr<ShardData> data) override;

 private:
  friend class CommandContext;

  // A keyspace event that is published once the locks are gone.
  struct PendingEvent {
    uint32_t flags;  // notify-keyspace-events when it happened
    std::string_view event;
    std::string keyspace;
    std::string key;
  };
  struct Detached {
    std::shared_ptr<Keyspace> keyspace;
    std::string name;
    std::shared_ptr<Watcher> watcher;
    std::shared_ptr<BlockedPop> blocked;
  };

  void RefreshConfig();
  const Command* LookUp(const Call& call);
  bool Admit(const Call& call, const Command& command);
  void Reject(const Call& call, const Command& command, std::string_view error);
  static uint32_t PauseFlags(const Call& call, const Command& command);
  void Queue(const Call& call, const Command& command);
  Outcome ResolveAndRun(const Call& call, const Command& command);
  void RefreshSlowTicks();
  bool AnswersError(size_t reply_start);
  void Account(Client& client, const Command& command, std::span<const std::string_view> args,
               size_t reply_start);
  // `event` is a literal.
  void NoteLatency(std::string_view event, int64_t nanos);
  // Work under a shard's lock beside commands, from `start` (MonotonicNanos) and `start_cpu`
  // (ThreadNanos) until now.
  void NoteSlice(std::string_view event, int64_t start, int64_t start_cpu);
  void NoteSlow(const Client& client, const Command& command,
                std::span<const std::string_view> args, int64_t nanos);
  bool Resolve(Client& client, const Command& command, std::span<const std::string_view> args,
               uint64_t first_hash);
  void AddShards(const Command& command, std::span<const std::string_view> args);
  Key Locate(std::string_view sent, Keyspace& session_keyspace, uint64_t hash) const;
  void AddFurtherKeys(const Command& command);
  bool LocateFurther(std::string_view sent, Key* key);
  bool ResolveKeys(const Command& command, std::span<const std::string_view> args,
                   uint64_t first_hash, Keyspace& session_keyspace);
  Keyspace* SessionKeyspace(Client& client);
  bool AddQueued(Client& client);
  Outcome LockAndRun(const Call& call, const Command& command);
  uint8_t SpecialOfLocked() const;
  void PrefetchKeys() const;
  using Loads = std::vector<std::shared_ptr<TierLoad>>;
  bool FetchValues(const Call& call);
  void JoinLoad(const Key& key, const std::shared_ptr<LoadWait>& wait, Loads* fresh) const;
  void JoinAhead(const Call& call, const std::shared_ptr<LoadWait>& wait, Loads* fresh);
  template <class Visit>
  void ForValuesAhead(Client& client, std::span<const Ahead> next, Visit&& visit);
  bool ReadNow(const Key& key, const Entry* entry, const ValueLimits& limits);
  void ReadAhead(Client& client, std::span<const Ahead> next);
  bool TakeAhead(const Key& key, uint64_t sequence, TierRead* wanted);
  void ForgetAhead();
  bool TiersAllow(const Command& command);
  void Unlock();
  void AnswerServed();
  bool CoolSome(Shard& shard, int64_t deadline_nanos);
  void KeepCool(Shard& shard);
  bool CoolForProcess(Shard& shard);
  void StoreUpkeep();
  template <class Work>
  void StoreForTier(uint64_t generation, std::string_view name, Work&& work);
  bool IsLong(const Command& command);
  bool RunsAway(const Command& command);
  void RunAway(const Call& call, const Command& command);
  bool HasRoom();
  size_t RequestBytes() const;
  std::string_view ExceededLimit(Keyspace& keyspace);
  void RunOrFail(const Command& command);
  void Run(const Command& command);
  void RunQueued(const QueuedCommand& queued);
  void AfterWrite();
  bool EvictSome(Keyspace& keyspace);
  bool EvictOne(Shard& shard, std::span<const Key> named);
  enum class Eviction : uint8_t { kDone, kBusy, kNobody };
  static bool ShardsAreSmall(const Keyspace& keyspace);
  Eviction EvictFromBest(Keyspace& keyspace, std::span<const Key> named, bool in_step = true);
  template <class Fn>
  bool IfFree(Shard& shard, Fn&& fn);
  size_t RandomShard(const Keyspace& keyspace);
  void MakeRoom(Shard& shard);
  bool TrimElsewhere(Keyspace& keyspace, size_t* may_go);
  static bool BoundsByRefusing(const Keyspace& keyspace, int64_t* may_go);
  int64_t CountAbsent(const Keyspace& keyspace);
  void RegisterBlocked(const Call& call);
  void PublishEvents();
  bool TryDetach(const Detached& detached);
  bool TryUnwatch(Client& client);
  void Begin(const Call& call, const Command& command);
  bool IsWide(const Command& command) const;
  bool SweepShard(Shard& shard);
  template <class Step>
  void InSlices(Shard& shard, Step&& step);
  bool TrimOnce(Keyspace& keyspace, double share, const std::function<bool()>& over, bool in_step);
  std::vector<Keyspace*> AllKeyspaces() const;
  std::vector<Keyspace*> EvictableBySize() const;

  Server& server_;
  CommandContext context_;
  LockSet locks_;
  std::shared_ptr<const Config> config_;
  std::shared_ptr<const NamespaceMap> namespaces_;
  uint64_t config_version_ = 0;
  uint64_t namespaces_version_ = 0;
  std::vector<PendingEvent> events_;
  std::vector<Detached> detached_;
  std::shared_ptr<BlockedPop> blocked_;
  bool swapped_ = false;      // databases have changed places
  std::vector<Key> touched_;  // keys that a transaction has written
  std::vector<std::string> further_names_;
  std::vector<Key> needed_;  // keys of tiered keyspaces whose values the command reads
  Loads loads_;              // to be asked for
  bool gathers_loads_ = false;
  struct SoughtAhead {
    uint64_t hash;
    uint64_t sequence;  // Entry::tier_sequence() of what was read
    bool taken = false;
  };
  std::vector<SoughtAhead> ahead_;
  std::vector<TierRead> ahead_reads_;  // one for each
  uint64_t reads_now_ = 0;
  uint64_t round_ends_ = UINT64_MAX;  // no rounds: all that can be read at once is
  std::vector<std::shared_ptr<BlockedClient>> served_;
  CommitTokens tokens_;
  size_t reply_start_ = 0;
  bool tiered_ = false;  // a keyspace of the command has a tier
  bool out_of_memory_ = false;
  size_t push_position_ = 0;
  const Command* container_ = nullptr;  // of the command being looked up
  CommandStats& stats_;
  uint64_t clock_ = 0;                // when the command began, CycleClock
  uint64_t slow_ticks_ = UINT64_MAX;  // commands that take longer are noted
  Counter commands_;
  std::atomic<const Command*> running_{nullptr};
  uint64_t random_ = 0x9e3779b97f4a7c15;
  size_t sweeps_ = 0;
};

}  // namespace replete
