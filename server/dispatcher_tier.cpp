// What commands need of the tier below a keyspace: values that are fetched before they run, and
// what becomes of writes that could not be stored.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <span>
#include <thread>

#include "core/tier/load.h"
#include "core/tier/tier.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {
namespace {

// Entries that are looked at under one lock when values are let go.
constexpr size_t kCooledAtOnce = 64;
constexpr size_t kCooledByCommand = 32;
constexpr int kCoolingsOfACommand = 8;
// Values that are fetched under a command's locks, each in some microseconds, if they can be had at
// once.
constexpr size_t kReadUnderLocks = 8;

// Keys are spread evenly over shards, and so is what is used of them, more or less.
bool HoldsTooMuch(const Shard& shard) {
  const Keyspace& keyspace = shard.keyspace();
  const auto hot = static_cast<int64_t>(shard.hot_bytes());
  return hot > keyspace.hot_memory() / static_cast<int64_t>(keyspace.shards()) ||
         (hot > 0 && keyspace.OverMemory());
}

// Whether what it reads may be lent to it: it changes nothing, and is done before its locks are let
// go.
bool Borrows(const Command& command, size_t keys) {
  return command.scope == Scope::kKeys && keys <= kReadUnderLocks &&
         (command.flags & (command_flag::kWrite | command_flag::kLong)) == 0;
}

}  // namespace

// Under the locks: the value of the key, which is away, if it can be had at once.
bool Dispatcher::ReadNow(const Key& key, const Entry* entry, const ValueLimits& limits) {
  Keyspace& keyspace = key.shard->keyspace();
  TierRead read{.generation = keyspace.generation(), .key = key.name};
  if (!TakeAhead(key, entry->tier_sequence(), &read)) {
    keyspace.tier()->ReadNow({&read, 1}, limits);
    reads_now_ += read.found ? 1 : 0;
  }
  if (!read.found) return false;
  StoredValue& value = read.value;
  if (!Borrows(*context_.command_, context_.keys_.size()) ||
      context_.access_.WorthKeeping(key, entry)) {
    if (!Access::Install(key, &value)) return false;
    key.shard->Publish();
    return true;
  }
  if (value.type() != entry->type()) return false;
  context_.access_.Lend(key, entry, &value);
  return true;
}

// Under the locks. True: all values that can be had are there; those whose load has failed are left
// to TiersAllow. False: the locks are gone, the session is woken when everything has come, and the
// same request is then to be executed again.
bool Dispatcher::FetchValues(const Call& call) {
  std::shared_ptr<LoadWait> wait;
  Loads fresh;
  const ValueLimits limits = context_.value_limits();
  size_t may_read = kReadUnderLocks;
  bool all_here = true;
  for (const Key& key : needed_) {
    const Entry* entry = context_.access_.Peek(key);
    if (entry == nullptr || entry->resident()) continue;
    all_here = false;
    if (may_read > 0 && ReadNow(key, entry, limits)) {
      --may_read;
      continue;
    }
    if (!wait) wait = std::make_shared<LoadWait>(call.session.get());
    JoinLoad(key, wait, &fresh);
  }
  if (all_here) needed_.clear();  // TiersAllow need not look again
  if (!wait || wait->empty()) return true;
  context_.access_.ReturnLent();
  locks_.Unlock();
  JoinAhead(call, wait, &fresh);
  // What came for an earlier attempt stays until this one has run.
  if (call.again) wait->Keep(std::move(call.client.loads));
  call.client.loads = wait;
  call.client.loads_for = call.later.size();
  std::move(fresh.begin(), fresh.end(), std::back_inserter(loads_));
  if (!gathers_loads_) BeginLoads();
  wait->Arm();
  return false;
}

void Dispatcher::BeginLoads() {
  gathers_loads_ = false;
  while (!loads_.empty()) {
    Tier* const tier = loads_.back()->keyspace()->tier();
    const auto first = std::partition(loads_.begin(), loads_.end(), [tier](const auto& load) {
      return load->keyspace()->tier() != tier;
    });
    const std::span<std::shared_ptr<TierLoad>> loads(first, loads_.end());
    try {
      tier->Load(loads);
    } catch (const std::bad_alloc&) {
      for (const auto& load : loads) load->Failed(kNoMemoryForIt);
    }
    loads_.erase(first, loads_.end());
  }
}

// Under the shard's lock.
void Dispatcher::JoinLoad(const Key& key, const std::shared_ptr<LoadWait>& wait,
                          Loads* fresh) const {
  std::shared_ptr<TierLoad> load;
  key.shard->loads.Join(
      key.name, wait,
      [&] {
        Keyspace& keyspace = key.shard->keyspace();
        return std::make_shared<TierLoad>(keyspace.shared_from_this(), *key.shard, key.name,
                                          key.hash, keyspace.generation(), context_.value_limits());
      },
      &load);
  if (load) fresh->push_back(std::move(load));
}

// One of a transaction's commands is looked at when its turn comes: the others run.
bool Dispatcher::TiersAllow(const Command& command) {
  if (command.scope == Scope::kQueued) return true;
  if (command.flags & command_flag::kWrite) {
    const bool grows = (command.flags & command_flag::kDenyOom) != 0;
    auto allows = [&](const Keyspace& keyspace) {
      if (keyspace.tier() == nullptr || keyspace.on_disk_error() == OnDiskError::kMemory)
        return true;
      const std::string refusal = keyspace.tier()->Refusal(grows);
      if (!refusal.empty()) context_.reply_.Error(refusal);
      return refusal.empty();
    };
    if (command.scope == Scope::kKeyspace && !allows(*context_.scope_keyspace_)) return false;
    if (command.scope == Scope::kFlush || command.scope == Scope::kDatabases) {
      for (const auto& keyspace : context_.keyspaces_) {
        if (!allows(*keyspace)) return false;
      }
    }
    for (const Key& key : context_.keys_) {
      if (!allows(key.shard->keyspace())) return false;
    }
  }
  for (const Key& key : needed_) {
    const Entry* entry = context_.access_.Peek(key);
    if (entry == nullptr || entry->resident()) continue;
    context_.reply_.Error(fmt::format("ERR disk: the value of a key cannot be read: {}",
                                      key.shard->loads.FailureOf(key.name)));
    return false;
  }
  return true;
}

// For who changes entries beside a command: nobody waits until it is stored.
void Dispatcher::StoreUpkeep() {
  context_.access_.Commit();
  context_.access_.TakeTokens();
}

// work(key), under the lock of the key's shard, once nobody owns it, in the keyspace whose records
// are of this generation. Nothing where it was dropped.
template <class Work>
void Dispatcher::StoreForTier(uint64_t generation, std::string_view name, Work&& work) {
  for (bool done = false; !done;) {
    const std::shared_ptr<Keyspace> keyspace = server_.KeyspaceOf(generation);
    if (!keyspace) return;
    const Key key = ResolveKey(*keyspace, name);
    std::unique_lock lock(key.shard->mutex);
    // It may have been exchanged before it was locked.
    done = !key.shard->gate.owned() && keyspace->generation() >> 32 == generation >> 32;
    if (done) {
      work(key);
      StoreUpkeep();
      key.shard->Publish();
    }
    lock.unlock();
    if (!done) std::this_thread::yield();
  }
}

void Dispatcher::Undo(const TierBatch& batch) {
  context_.access_.ForgetNow();
  for (const TierRecord& record : batch.records) {
    if (record.kind == TierRecord::Kind::kExchange) continue;  // databases stay as they are
    StoreForTier(record.generation, record.key, [&](const Key& key) {
      if (record.kind == TierRecord::Kind::kClear) {
        context_.access_.UndoClear(key.shard->keyspace());
      } else {
        context_.access_.Undo(key, batch.sequence);
      }
    });
  }
  if (!events_.empty()) PublishEvents();
}

void Dispatcher::Renew(const TierKeys& keys) {
  context_.access_.ForgetNow();
  for (const auto& [generation, name] : keys) {
    StoreForTier(generation, name, [&](const Key& key) { context_.access_.Renew(key); });
  }
}

// Until `deadline_nanos` (MonotonicNanos). True: there is more to do now.
bool Dispatcher::CoolSome(Shard& shard, int64_t deadline_nanos) {
  if (!HoldsTooMuch(shard)) return false;
  if (MonotonicNanos() > deadline_nanos) return true;
  if (!shard.mutex.try_lock()) return false;
  size_t cooled = 0;
  if (!shard.gate.owned()) {
    cooled = context_.access_.Cool(shard, kCooledAtOnce);
    shard.Publish();
  }
  shard.mutex.unlock();
  // Small values free little: then entries have to go after all, and no write may come to see to
  // it.
  Keyspace& keyspace = shard.keyspace();
  if (keyspace.OverLimits() && !keyspace.being_trimmed()) server_.TrimLater(keyspace);
  return cooled > 0 && HoldsTooMuch(shard);
}

// After a command, under its locks: the shard holds no more than its share of hot_memory. What it
// has just written is not stored yet and stays.
void Dispatcher::KeepCool(Shard& shard) {
  const Keyspace& keyspace = shard.keyspace();
  if (keyspace.tier() == nullptr) return;
  for (int i = 0; i < kCoolingsOfACommand && HoldsTooMuch(shard); ++i) {
    if (context_.access_.Cool(shard, kCooledByCommand) == 0) return;
    shard.TellBytes();
  }
}

// The process is short of memory: values go before entries.
bool Dispatcher::CoolForProcess(Shard& shard) {
  if (shard.keyspace().tier() == nullptr || shard.hot_bytes() == 0) return false;
  return context_.access_.Cool(shard, kCooledAtOnce) > 0;
}

void Dispatcher::CoolAll() {
  Refresh();
  context_.access_.ForgetNow();
  auto cool = [this](Keyspace& keyspace) {
    if (keyspace.tier() == nullptr) return;
    for (size_t i = 0; i < keyspace.shards();) {
      Shard& shard = keyspace.shard(i);
      std::lock_guard lock(shard.mutex);
      if (shard.gate.owned()) continue;
      context_.access_.Cool(shard, shard.data.table.size() + 1, /*all=*/true);
      shard.Publish();
      if (shard.cool_position == 0) ++i;
    }
  };
  for (const auto& database : namespaces_->databases) cool(*database);
  for (const auto& [name, keyspace] : namespaces_->named) cool(*keyspace);
}

}  // namespace replete
