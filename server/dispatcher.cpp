#include "server/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/keyspace/prefetch.h"
#include "core/policy/eviction.h"
#include "protocol/request_parser.h"
#include "server/command_table.h"
#include "server/command_words.h"
#include "server/server.h"

namespace replete {

Dispatcher::Dispatcher(Server& server) : Dispatcher(server, server.shared_command_stats()) {}

Dispatcher::Dispatcher(Server& server, CommandStats& stats)
    : server_(server), context_(server, *this, server.clock()), stats_(stats) {
  Refresh();
  StartClock();
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::RefreshConfig() {
  if (const uint64_t version = server_.settings().version(); version != config_version_) {
    config_ = server_.settings().Snapshot();
    config_version_ = version;
    context_.config_ = config_.get();
    RefreshSlowTicks();
  }
}

void Dispatcher::Refresh() {
  RefreshConfig();
  if (const uint64_t version = server_.namespaces().version(); version != namespaces_version_) {
    namespaces_ = server_.namespaces().Current();
    namespaces_version_ = version;
  }
}

// --- the path of a request ---

Outcome Dispatcher::Execute(const Call& call) {
  Refresh();
  if (!call.again) [[likely]]
    commands_.Add();
  if (!tokens_.empty()) [[unlikely]]
    tokens_.clear();
  push_position_ = reply_start_ = output().size();
  context_.reply_.set_resp3(call.client.resp3);
  const Command* command = LookUp(call);
  if (command == nullptr || !Admit(call, *command)) {
    if (call.client.in_multi) call.client.multi_failed = true;
    if (command != nullptr) stats_.NoteRejected(*command);
    AnswersError(push_position_);
    return Outcome::kDone;
  }
  if (server_.pause().active() && server_.pause().Holds(PauseFlags(call, *command), call.session))
      [[unlikely]] {
    call.client.info->blocked.store(true, std::memory_order_relaxed);
    return Outcome::kParked;
  }
  if (call.client.in_multi && !(command->flags & command_flag::kInMulti)) [[unlikely]] {
    Queue(call, *command);
    return Outcome::kDone;
  }
  const Outcome outcome = ResolveAndRun(call, *command);
  if (outcome != Outcome::kParked && outcome != Outcome::kAway) {
    Account(call.client, *command, call.args, push_position_);
  }
  if (server_.monitors().any() && outcome != Outcome::kParked && context_.taken_argument_ == 0)
      [[unlikely]]
    server_.monitors().Show(call.client, *command, call.args);
  return outcome;
}

Outcome Dispatcher::ResolveAndRun(const Call& call, const Command& command) {
  Begin(call, command);
  Outcome outcome = Outcome::kDone;
  if (Resolve(call.client, command, call.args, call.first_hash)) {
    outcome = LockAndRun(call, command);
  }
  // (Away, the client is the worker's.)
  if (outcome != Outcome::kParked && outcome != Outcome::kAway && call.client.loads) [[unlikely]] {
    if (call.client.loads_for == 0) {
      call.client.loads.reset();
    } else {
      --call.client.loads_for;
    }
  }
  if (context_.unwatches_) [[unlikely]]
    Unwatch(call.client);
  if (!events_.empty()) [[unlikely]]
    PublishEvents();
  return outcome;
}

const Command* Dispatcher::LookUp(const Call& call) {
  container_ = nullptr;
  const Command* command =
      call.command != nullptr ? call.command : server_.commands().Find(call.args[0]);
  if (command == nullptr) {
    context_.reply_.Error(words::UnknownCommand(call.args));
    return nullptr;
  }
  if (!command->subcommands.empty() && call.args.size() > 1) {
    container_ = command;
    command = CommandTable::FindSub(*container_, call.args[1]);
    if (command == nullptr) {
      context_.reply_.Error(words::UnknownSubcommand(*container_, call.args[1]));
      return nullptr;
    }
  }
  const auto argc = static_cast<int>(call.args.size());
  if (command->arity > 0 ? argc != command->arity : argc < -command->arity) {
    stats_.NoteRejected(*command);
    Reject(call, *command,
           fmt::format("ERR wrong number of arguments for '{}' command",
                       FullName(container_, *command)));
    return nullptr;
  }
  return command;
}

// A command that is not even queued. When it is EXEC itself, the transaction ends with it.
void Dispatcher::Reject(const Call& call, const Command& command, std::string_view error) {
  if (command.scope != Scope::kQueued) {
    context_.reply_.Error(error);
    return;
  }
  if (error.starts_with("ERR ")) error.remove_prefix(4);
  context_.reply_.Error(fmt::format("EXECABORT Transaction discarded because of: {}", error));
  call.client.in_multi = call.client.multi_failed = false;
  call.client.queue.clear();
  Unwatch(call.client);
}

bool Dispatcher::Admit(const Call& call, const Command& command) {
  const Client& client = call.client;
  if (!client.authenticated && !(command.flags & command_flag::kNoAuth) &&
      !config_->requirepass.empty()) [[unlikely]] {
    Reject(call, command, "NOAUTH Authentication required.");
    return false;
  }
  if (server_.loading() && !(command.flags & command_flag::kLoading)) [[unlikely]] {
    context_.reply_.Error("LOADING Replete is reading its keys back from disk");
    return false;
  }
  if (!client.resp3 && client.subscribed() && !(command.flags & command_flag::kWhileSubscribed))
      [[unlikely]] {
    context_.reply_.Error(fmt::format(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
        "allowed in this context",
        FullName(container_, command)));
    return false;
  }
  if (client.in_multi && (command.flags & command_flag::kNoMulti)) [[unlikely]] {
    context_.reply_.Error("ERR Command not allowed inside a transaction");
    return false;
  }
  return true;
}

// EXEC writes when one of the queued commands does.
uint32_t Dispatcher::PauseFlags(const Call& call, const Command& command) {
  uint32_t flags = command.flags;
  if (command.scope == Scope::kQueued) {
    for (const QueuedCommand& queued : call.client.queue) flags |= queued.command->flags;
  }
  return flags;
}

void Dispatcher::Queue(const Call& call, const Command& command) {
  QueuedCommand queued{&command, {}};
  for (std::string_view arg : call.args) queued.args.emplace_back(arg);
  call.client.queue.push_back(std::move(queued));
  context_.reply_.Simple("QUEUED");
}

void Dispatcher::Begin(const Call& call, const Command& command) {
  context_.client_ = &call.client;
  context_.command_ = &command;
  context_.args_ = call.args;
  context_.parser_ = call.parser;
  context_.members_ahead_ = call.members;
  context_.taken_argument_ = 0;
  context_.in_exec_ = false;
  context_.blocks_ = false;
  context_.unwatches_ = false;
  context_.wants_all_shards_ = false;
  context_.done_queue_.clear();
  context_.access_.ForgetNow();
  context_.access_.set_counts_uses(!call.client.no_touch);
  locks_.Clear();
  needed_.clear();
  tiered_ = false;
  ClientInfo& info = *call.client.info;
  info.last_command.store(container_ != nullptr ? container_ : &command, std::memory_order_relaxed);
  info.last_subcommand.store(container_ != nullptr ? &command : nullptr, std::memory_order_relaxed);
}

namespace {

// Of a request that ends because the system has no memory for it: nobody waits for its locks for
// ever.
class UnlockAtEnd {
 public:
  explicit UnlockAtEnd(LockSet& locks) : locks_(locks) {}
  UnlockAtEnd(const UnlockAtEnd&) = delete;
  UnlockAtEnd& operator=(const UnlockAtEnd&) = delete;
  ~UnlockAtEnd() {
    if (locks_.held()) [[unlikely]]
      locks_.Unlock();
  }

 private:
  LockSet& locks_;
};

// The locks of a transaction stand in `held` while one of its commands is resolved.
class GiveBackAtEnd {
 public:
  GiveBackAtEnd(LockSet& locks, LockSet& held) : locks_(locks), held_(held) {}
  GiveBackAtEnd(const GiveBackAtEnd&) = delete;
  GiveBackAtEnd& operator=(const GiveBackAtEnd&) = delete;
  ~GiveBackAtEnd() {
    if (!locks_.held()) locks_ = std::move(held_);
  }

 private:
  LockSet& locks_;
  LockSet& held_;
};

}  // namespace

Outcome Dispatcher::LockAndRun(const Call& call, const Command& command) {
  if (command.scope == Scope::kNone) {
    if (IsLong(command)) {
      RunAway(call, command);
      return Outcome::kAway;
    }
    RunOrFail(command);
    if (context_.blocks_) [[unlikely]]
      RegisterBlocked(call);
    return context_.blocks_ ? Outcome::kBlocked : Outcome::kDone;
  }
  // Room for the process is made before any lock is held.
  const bool grows = (command.flags & command_flag::kDenyOom) || command.scope == Scope::kQueued;
  out_of_memory_ =
      grows && server_.memory_limit().limit() != 0 && !server_.HasMemory(*this, RequestBytes());
  const UnlockAtEnd guard(locks_);
  for (;;) {
    if (!locks_.Lock(call.session.get())) return Outcome::kParked;
    const uint8_t special = SpecialOfLocked();
    if (special == 0) [[likely]]
      break;
    tiered_ = (special & Keyspace::kHasTier) != 0;
    if ((special & Keyspace::kRetired) == 0) {
      if (command.more_keys != nullptr) AddFurtherKeys(command);
      if (!FetchValues(call)) return Outcome::kParked;
      break;
    }
    locks_.Unlock();
    Refresh();
    locks_.Clear();
    needed_.clear();
    if (!Resolve(call.client, command, call.args, call.first_hash)) return Outcome::kDone;
  }
  if (RunsAway(command)) [[unlikely]] {
    locks_.OwnAndUnlock();
    RunAway(call, command);
    return Outcome::kAway;
  }
  if (context_.keys_.size() > 1) PrefetchKeys();
  const bool wide = IsWide(command);
  const int64_t start = wide ? MonotonicNanos() : 0;
  const int64_t start_cpu = wide ? ThreadNanos() : 0;
  RunOrFail(command);
  if (context_.blocks_) [[unlikely]]
    RegisterBlocked(call);
  Unlock();
  if (context_.wants_all_shards_) [[unlikely]] {
    locks_.Clear();
    const bool resolved = Resolve(call.client, command, call.args, 0);
    context_.wants_all_shards_ = false;
    return resolved ? LockAndRun(call, command) : Outcome::kDone;
  }
  if (wide) server_.stats().NoteLockHold(MonotonicNanos() - start, ThreadNanos() - start_cpu);
  return context_.blocks_ ? Outcome::kBlocked : Outcome::kDone;
}

// Whether its locks may be held for long: the two clocks that measure it cost more than a command
// on one key.
bool Dispatcher::IsWide(const Command& command) const {
  constexpr size_t kFewShards = 4;
  constexpr size_t kFewCommands = 16;
  if (command.scope == Scope::kKeys && command.reads_more == nullptr) return false;
  return locks_.shards().size() > kFewShards || context_.client_->queue.size() > kFewCommands;
}

// The session has fetched the first key of each request at most.
void Dispatcher::PrefetchKeys() const {
  constexpr size_t kMost = 256;  // what the handler finds in the cache still
  const auto& keys = context_.keys_;
  PrefetchTogether(std::min(keys.size(), kMost), [&](size_t i) {
    return Sought<EntryTable>{&keys[i].shard->data.table, keys[i].hash};
  });
}

uint8_t Dispatcher::SpecialOfLocked() const {
  uint8_t special = 0;
  for (const Shard* shard : locks_.shards()) special |= shard->keyspace().special();
  return special;
}

// What has changed beside the command goes to the tiers while the locks are held; who was served is
// answered after.
void Dispatcher::Unlock() {
  if (tiered_) [[unlikely]] {
    context_.access_.ReturnLent();
    StoreUpkeep();
  }
  locks_.Unlock();
  if (!served_.empty()) [[unlikely]]
    AnswerServed();
}

void Dispatcher::AnswerServed() {
  for (const auto& client : served_) client->Answer(tokens_);
  served_.clear();
}

// Memory that the system does not give is an error of the one command: what it did before stays,
// and the daemon goes on.
void Dispatcher::RunOrFail(const Command& command) {
  const size_t start = output().size();
  running_.store(&command, std::memory_order_relaxed);
  try {
    command.scope == Scope::kNone ? command.handler(context_) : Run(command);
  } catch (const std::bad_alloc&) {
    output().Truncate(start);
    context_.blocks_ = false;
    context_.reply_.Error("OOM the system has no memory for this command");
    // What it has changed by then is nobody else's to store; a transaction's is stored whole.
    if (tiered_ && !context_.in_exec_) context_.access_.CommitOrDrop();
    for (Shard* shard : locks_.shards()) shard->Publish();
  }
  running_.store(nullptr, std::memory_order_relaxed);
}

void Dispatcher::Run(const Command& command) {
  if (tiered_ && !TiersAllow(command)) [[unlikely]]
    return;
  if ((command.flags & command_flag::kDenyOom) && !HasRoom()) [[unlikely]]
    return;
  command.handler(context_);
  if (command.scope == Scope::kQueued) {
    context_.keys_ = touched_;
    AfterWrite();
  } else if (command.flags & command_flag::kWrite) {
    // In a transaction others see nothing before its end: not even an element they wait for.
    swapped_ |= command.scope == Scope::kDatabases;
    if (context_.in_exec_) {
      for (const Key& key : context_.keys_) key.shard->Publish();
      touched_.insert(touched_.end(), context_.keys_.begin(), context_.keys_.end());
    } else {
      AfterWrite();
    }
  }
}

// Under `none` a command is admitted whole or refused whole; other policies make room afterwards.
bool Dispatcher::HasRoom() {
  if (out_of_memory_) {
    context_.reply_.Error("OOM command not allowed when used memory > 'maxmemory'.");
    return false;
  }
  for (const Key& key : context_.keys_) {
    Keyspace& keyspace = key.shard->keyspace();
    if (!keyspace.limited()) continue;
    const std::string_view limit = ExceededLimit(keyspace);
    if (limit.empty()) continue;
    context_.reply_.Error(
        fmt::format("OOM command not allowed when {} of namespace '{}'.", limit, keyspace.name()));
    return false;
  }
  return true;
}

// The limit that leaves no room for the command, in words; empty: none.
std::string_view Dispatcher::ExceededLimit(Keyspace& keyspace) {
  constexpr std::string_view kMemory = "used memory > 'max_memory'";
  constexpr std::string_view kDisk = "used disk > 'max_disk'";
  const int64_t max_memory = keyspace.max_memory();
  const int64_t max_disk = keyspace.max_disk();
  // What can never fit is refused and costs nobody's life.
  const auto request = static_cast<int64_t>(RequestBytes());
  if (max_memory > 0 && request > max_memory) return kMemory;
  if (max_disk > 0 && request > max_disk) return kDisk;
  int64_t may_go = 0;
  if (!BoundsByRefusing(keyspace, &may_go)) return {};
  const int64_t added = CountAbsent(keyspace);
  const int64_t entries = keyspace.entry_count().load() - may_go;
  const int64_t max_entries = keyspace.max_entries();
  if (max_entries > 0 && added > 0 && entries + added > max_entries) {
    return "entries > 'max_entries'";
  }
  if (may_go > 0) return {};
  // Values that a tier has leave memory before that is short.
  const size_t let_go = keyspace.tier() != nullptr ? keyspace.hot_bytes() : 0;
  if (max_memory > 0 && static_cast<int64_t>(keyspace.bytes() - let_go) >= max_memory) {
    return kMemory;
  }
  return max_disk > 0 && keyspace.tier_bytes() >= max_disk ? kDisk : std::string_view();
}

// Whether writes are refused when the keyspace is full and no more than `may_go` entries can be
// evicted.
bool Dispatcher::BoundsByRefusing(const Keyspace& keyspace, int64_t* may_go) {
  switch (keyspace.policy()) {
    case EvictionPolicy::kNone:
      return true;
    case EvictionPolicy::kVolatileLru:
    case EvictionPolicy::kVolatileLfu:
    case EvictionPolicy::kVolatileTtl:
    case EvictionPolicy::kVolatileRandom:
      *may_go = static_cast<int64_t>(keyspace.entries_with_deadline());
      return true;
    default:
      return false;
  }
}

// How many entries the command's keys would add, each key counted once.
int64_t Dispatcher::CountAbsent(const Keyspace& keyspace) {
  std::vector<std::string_view> absent;
  for (const Key& key : context_.keys_) {
    if (&key.shard->keyspace() != &keyspace) continue;
    context_.access_.DropExpired(key);
    if (context_.access_.Peek(key) == nullptr) absent.push_back(key.name);
  }
  std::sort(absent.begin(), absent.end());
  return std::unique(absent.begin(), absent.end()) - absent.begin();
}

size_t Dispatcher::RequestBytes() const {
  size_t bytes = 0;
  for (std::string_view arg : context_.args_) bytes += arg.size();
  return bytes;
}

void Dispatcher::AfterWrite() {
  for (const Key& key : context_.keys_) {
    if (!key.shard->blocked.empty()) [[unlikely]]
      key.shard->blocked.Serve(context_.access_, key, &served_);
  }
  if (swapped_) [[unlikely]] {
    // Somebody may wait for what is under any key now.
    for (Shard* shard : locks_.shards()) {
      shard->blocked.ServeAll(context_.access_, shard, &served_);
    }
    swapped_ = false;
  }
  if (tiered_) [[unlikely]] {
    // The reply waits for what the command did, not for who leaves to make room.
    context_.access_.Commit();
    tokens_ = context_.access_.TakeTokens();
  }
  for (Shard* shard : locks_.shards()) {
    // Others see the size only when there is room again.
    shard->TellBytes();
    const Keyspace& keyspace = shard->keyspace();
    if (tiered_) [[unlikely]]
      KeepCool(*shard);
    if (keyspace.limited()) [[unlikely]] {
      MakeRoom(*shard);
    }
    shard->Publish();
  }
}

// --- transactions ---

bool Dispatcher::AddQueued(Client& client) {
  if (!client.in_multi || client.multi_failed) return true;
  const std::shared_ptr<Keyspace> at_start = client.keyspace;
  const int database_at_start = client.database;
  touched_.clear();
  for (const QueuedCommand& queued : client.queue) {
    std::vector<std::string_view> args(queued.args.begin(), queued.args.end());
    // A SELECT among them decides where the keys of the later ones are.
    if (auto keyspace = words::Selected(*queued.command, args, *namespaces_)) {
      client.keyspace = keyspace;
      client.database = keyspace->database();
      continue;
    }
    const size_t before = output().size();
    if (!Resolve(client, *queued.command, args, 0)) output().Truncate(before);
  }
  for (const WatchedKey& watched : client.watched) {
    locks_.Add(&watched.keyspace->ShardOf(HashKey(watched.name)));
  }
  client.keyspace = at_start;
  client.database = database_at_start;
  context_.keys_.clear();
  return true;
}

void Dispatcher::RunQueued(const QueuedCommand& queued) {
  std::vector<std::string_view> args(queued.args.begin(), queued.args.end());
  const Command* exec = context_.command_;
  const auto exec_args = context_.args_;
  // The locks are there already: resolving again only finds the keys.
  LockSet held = std::move(locks_);
  locks_ = LockSet();
  const GiveBackAtEnd guard(locks_, held);
  context_.command_ = queued.command;
  context_.args_ = args;
  context_.parser_ = nullptr;
  context_.members_ahead_ = {};
  context_.in_exec_ = true;
  needed_.clear();
  RefreshConfig();
  const bool resolved = Resolve(*context_.client_, *queued.command, args, 0);
  if (resolved && held.Covers(locks_)) {
    std::swap(held, locks_);
    const uint64_t exec_clock = std::exchange(clock_, CycleClock::Ticks());
    const size_t reply_start = output().size();
    RunOrFail(*queued.command);
    Account(*context_.client_, *queued.command, args, reply_start);
    clock_ = exec_clock;
    std::swap(held, locks_);
    if (server_.monitors().any()) [[unlikely]]
      server_.monitors().Show(*context_.client_, *queued.command, args);
  } else if (resolved) {
    context_.reply_.Error(words::kDroppedMeanwhile);
  }
  context_.command_ = exec;
  context_.args_ = exec_args;
  context_.in_exec_ = false;
}

}  // namespace replete
