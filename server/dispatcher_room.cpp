// Room for what a command writes, made by the way: within the keyspace's own limits and within the
// process's.
#include <algorithm>
#include <functional>

#include "core/policy/bulk_eviction.h"
#include "core/policy/eviction.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {
namespace {

// Entries that one step evicts for the process's limit, of these at most so many of one shard: its
// oldest ones may be younger than those of others.
constexpr int kEvictionsPerStep = 16;
constexpr int kEvictionsPerShard = 4;
// Small shards whose best victims are compared.
constexpr size_t kCompared = 16;

}  // namespace

// So few entries to a shard that its own order says little about who is the oldest of all.
bool Dispatcher::ShardsAreSmall(const Keyspace& keyspace) {
  const auto small = static_cast<int64_t>(keyspace.shards() * Shard::kSmall);
  return keyspace.shards() > 1 && keyspace.entry_count().load(std::memory_order_relaxed) < small;
}

// Who has most to spare first. Valid until Refresh.
std::vector<Keyspace*> Dispatcher::EvictableBySize() const {
  std::vector<std::pair<int64_t, Keyspace*>> candidates;
  for (Keyspace* keyspace : AllKeyspaces()) {
    const int64_t spare = keyspace->spare_bytes();
    const bool lets_go = keyspace->policy() != EvictionPolicy::kNone ||
                         (keyspace->tier() != nullptr && keyspace->hot_bytes() > 0);
    if (!lets_go || keyspace->entry_count().load() == 0 || spare <= 0) continue;
    candidates.emplace_back(spare, keyspace);
  }
  std::sort(candidates.begin(), candidates.end(), std::greater<>());
  std::vector<Keyspace*> keyspaces;
  for (const auto& [bytes, keyspace] : candidates) keyspaces.push_back(keyspace);
  return keyspaces;
}

size_t Dispatcher::RandomShard(const Keyspace& keyspace) {
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  return (random_ >> 33) % keyspace.shards();
}

// --- the process's limit ---

bool Dispatcher::RelieveMemory() {
  Refresh();
  context_.access_.ForgetNow();
  bool relieved = false;
  // One whose policy finds nobody (volatile, and nothing has a deadline) leaves it to the next.
  for (Keyspace* keyspace : EvictableBySize()) {
    if ((relieved = EvictSome(*keyspace))) break;
  }
  if (!events_.empty()) PublishEvents();
  return relieved;
}

// False: nobody may go.
bool Dispatcher::EvictSome(Keyspace& keyspace) {
  const auto over = [&] {
    return server_.memory_limit().CommandsExcess() > 0 && keyspace.spare_bytes() > 0;
  };
  int evicted = 0;
  if (ShardsAreSmall(keyspace)) {
    Eviction last = Eviction::kDone;
    for (; evicted < kEvictionsPerStep && over() && last == Eviction::kDone; ++evicted) {
      last = EvictFromBest(keyspace, {});
    }
    return evicted > 1 || last != Eviction::kNobody;
  }
  const size_t first = RandomShard(keyspace);
  bool busy = false;
  for (size_t i = 0; i < keyspace.shards() && evicted < kEvictionsPerStep && over(); ++i) {
    Shard& shard = keyspace.shard((first + i) % keyspace.shards());
    if (!shard.mutex.try_lock()) {
      busy = true;
      continue;
    }
    if (shard.gate.owned()) {
      busy = true;
    } else {
      for (int n = 0; n < kEvictionsPerShard && over() && EvictOne(shard, {}); ++n) ++evicted;
      StoreUpkeep();
      shard.Publish();
    }
    shard.mutex.unlock();
  }
  return evicted > 0 || busy || !over();
}

bool Dispatcher::EvictOne(Shard& shard, std::span<const Key> named) {
  if (!CoolForProcess(shard) && !context_.access_.EvictOne(shard, named)) return false;
  shard.TellBytes();
  return true;
}

// Calls fn() with the shard locked. False: it is not free right now.
template <class Fn>
bool Dispatcher::IfFree(Shard& shard, Fn&& fn) {
  if (!shard.mutex.try_lock()) return false;
  const bool free = !shard.gate.owned();
  if (free) {
    fn();
    StoreUpkeep();
    shard.Publish();
  }
  shard.mutex.unlock();
  return free;
}

// Evicts the best victim of a number of shards, small ones that set their clocks by each other's or
// (`in_step` false) some that have not done so. `named` are not taken. kBusy: none of those that
// are free has one.
Dispatcher::Eviction Dispatcher::EvictFromBest(Keyspace& keyspace, std::span<const Key> named,
                                               bool in_step) {
  // Where uses count the clocks of shards are only about the same: some shards tell as much as all.
  const size_t most = keyspace.tracks_use() ? kCompared : keyspace.shards();
  const int64_t now = context_.access_.now();
  const auto with = [&](Shard& shard, auto&& fn) {
    if (named.empty() || !locks_.Contains(&shard)) return IfFree(shard, fn);
    fn();
    return true;
  };
  const size_t first = RandomShard(keyspace);
  Shard* best = nullptr;
  uint64_t best_score = 0;
  size_t compared = 0;
  bool busy = false;
  for (size_t i = 0; i < keyspace.shards() && compared < most; ++i) {
    Shard& shard = keyspace.shard((first + i) % keyspace.shards());
    if (shard.size() == 0) continue;
    const bool free = with(shard, [&] {
      if (in_step) shard.clock = keyspace.SyncClock(shard.clock);
      Entry* victim = PickVictim(shard, now, named);
      if (victim == nullptr) return;
      ++compared;
      const uint64_t score = EvictionScore(keyspace.policy(), shard, now, victim);
      shard.data.candidates.Add({victim, HashKey(victim->key()), score});  // still the next one
      if (best != nullptr && score <= best_score) return;
      best = &shard;
      best_score = score;
    });
    busy = busy || !free;
  }
  bool evicted = false;
  if (best != nullptr) {
    busy = !with(*best, [&] { evicted = EvictOne(*best, named); }) || busy;
  }
  if (evicted) return Eviction::kDone;
  // Another thread was quicker.
  return busy || best != nullptr ? Eviction::kBusy : Eviction::kNobody;
}

// --- a keyspace's own limits ---

// What the command has just written goes last: after everybody else in its shards, and after others
// of the keyspace that are free right now. A command evicts as many as it may have added and some
// more; what is then still over (a limit was lowered, one value took the place of very many) goes
// in slices on another thread.
void Dispatcher::MakeRoom(Shard& shard) {
  constexpr size_t kSome = 256;
  constexpr size_t kShare = 4;  // while another thread is at it, or will be
  Keyspace& keyspace = shard.keyspace();
  if (!keyspace.OverLimits()) [[likely]]
    return;
  const bool being_trimmed = keyspace.being_trimmed();
  const bool much = BulkEviction::Pays(keyspace, BulkEviction::ShareOverLimits(keyspace));
  size_t may_go = context_.keys_.size() + (being_trimmed || much ? kShare : kSome);
  if (ShardsAreSmall(keyspace)) {
    while (may_go > 0 && keyspace.OverLimits() &&
           EvictFromBest(keyspace, context_.keys_) == Eviction::kDone) {
      --may_go;
    }
  }
  if (!context_.access_.Trim(shard, context_.keys_, &may_go)) {
    if (being_trimmed || TrimElsewhere(keyspace, &may_go)) return;
    context_.access_.Trim(shard, {}, &may_go);
  }
  if (may_go == 0 && !being_trimmed && keyspace.OverLimits()) server_.TrimLater(keyspace);
}

bool Dispatcher::TrimElsewhere(Keyspace& keyspace, size_t* may_go) {
  const size_t first = RandomShard(keyspace);
  for (size_t i = 0; i < keyspace.shards(); ++i) {
    Shard& shard = keyspace.shard((first + i) % keyspace.shards());
    if (locks_.Contains(&shard)) continue;
    bool enough = false;
    IfFree(shard, [&] { enough = context_.access_.Trim(shard, {}, may_go); });
    if (enough) return true;
  }
  return false;
}

}  // namespace replete
