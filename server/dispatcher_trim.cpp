// What is over a limit and more than commands take out by the way: entries leave in slices, with
// the shard's lock free for others between them.
#include <algorithm>
#include <functional>
#include <thread>

#include "core/policy/bulk_eviction.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {
namespace {

constexpr int64_t kSliceNanos = 50'000;

// Down to so many bytes to spare each of the keyspaces, those with most first, has to come for
// `excess` bytes to go in all, those that have less being left alone.
double LevelWithout(int64_t excess, const std::vector<Keyspace*>& keyspaces) {
  double sum = 0;
  double level = 0;
  for (size_t i = 0; i < keyspaces.size(); ++i) {
    const auto bytes = static_cast<double>(keyspaces[i]->spare_bytes());
    if (i > 0 && level >= bytes) break;
    sum += bytes;
    level = std::max(0.0, (sum - static_cast<double>(excess)) / static_cast<double>(i + 1));
  }
  return level;
}

}  // namespace

// Calls step() under the shard's lock, time and again as long as it returns true.
template <class Step>
void Dispatcher::InSlices(Shard& shard, Step&& step) {
  MemoryLimit& limit = server_.memory_limit();
  for (bool more = true; more;) {
    limit.Refresh();
    {
      std::lock_guard lock(shard.mutex);
      // A slice ends by the work of this thread, not by the time in which it had no core; those who
      // wait for the lock count both.
      const int64_t locked = MonotonicNanos();
      const int64_t start = ThreadNanos();
      if (!shard.gate.owned()) {
        context_.access_.ForgetNow();
        while ((more = step()) && ThreadNanos() - start < kSliceNanos && !limit.stale()) {
        }
        StoreUpkeep();
        shard.Publish();
        NoteSlice("eviction-cycle", locked, start);
      }
    }
    context_.access_.FreeEvicted();
    if (!events_.empty()) PublishEvents();
    std::this_thread::yield();
  }
}

void Dispatcher::TrimKeyspace(Keyspace& keyspace, bool noted) {
  if (!noted) keyspace.NoteTrimming(1);
  const auto over = [&keyspace] { return keyspace.OverLimits(); };
  const bool in_step = ShardsAreSmall(keyspace);
  const auto trim = [&] {
    while (over() && TrimOnce(keyspace, BulkEviction::ShareOverLimits(keyspace), over, in_step)) {
    }
  };
  trim();
  keyspace.NoteTrimming(-1);
  // Writers may have left something to this thread that it has not seen.
  trim();
}

void Dispatcher::TrimProcess() {
  MemoryLimit& limit = server_.memory_limit();
  Refresh();
  const std::vector<Keyspace*> at_first = EvictableBySize();
  const bool in_step = std::all_of(at_first.begin(), at_first.end(),
                                   [](const Keyspace* one) { return ShardsAreSmall(*one); });
  for (bool some = true; some;) {
    Refresh();
    limit.Read();
    const auto over = [&limit, lost = limit.lost()] { return limit.ExcessWith(lost) > 0; };
    some = false;
    const std::vector<Keyspace*> keyspaces = EvictableBySize();
    const double level = LevelWithout(limit.Excess(), keyspaces);
    for (Keyspace* keyspace : keyspaces) {
      const auto spare = static_cast<double>(keyspace->spare_bytes());
      // Those below the level are asked when those above it had nothing to give.
      if (!over() || (some && spare <= level)) break;
      const double share = (spare - level) / std::max<double>(1, keyspace->told_bytes());
      const auto has_to_give = [&] { return over() && keyspace->spare_bytes() > 0; };
      if (TrimOnce(*keyspace, share, has_to_give, in_step)) some = true;
    }
  }
}

// A pass over the keyspace as long as over(), of which about `share` of it has to go; what that
// leaves is a small part. `in_step`: its shards were small all along (see EvictFromBest). False:
// nothing went.
bool Dispatcher::TrimOnce(Keyspace& keyspace, double share, const std::function<bool()>& over,
                          bool in_step) {
  bool some = false;
  if (BulkEviction::Pays(keyspace, share)) {
    BulkEviction bulk(keyspace, share, over);
    for (size_t i = 0; i < keyspace.shards(); ++i) {
      Shard& shard = keyspace.shard(i);
      bulk.Begin(shard);
      InSlices(shard, [&] {
        const size_t had = shard.data.table.size();
        const bool more = bulk.Step(context_.access_, shard);
        some = some || shard.data.table.size() < had;
        return more;
      });
    }
    if (some) return true;
  }
  if (ShardsAreSmall(keyspace)) {
    constexpr int kAtOnce = 256;
    context_.access_.ForgetNow();
    for (int i = 0; i < kAtOnce; ++i) {
      server_.memory_limit().Refresh();
      if (!over()) break;
      const Eviction done = EvictFromBest(keyspace, {}, in_step);
      if (done == Eviction::kNobody) break;
      some = some || done == Eviction::kDone;
    }
    if (!events_.empty()) PublishEvents();
    return some;
  }
  // One by one from all shards in turn, a small part of each: its oldest ones may be younger than
  // those of others.
  for (size_t i = 0; i < keyspace.shards(); ++i) {
    Shard& shard = keyspace.shard(i);
    size_t left = std::clamp<size_t>(shard.size() / 16, 1, 64);
    InSlices(shard, [&] {
      if (left-- == 0 || !over()) return false;
      if (!context_.access_.EvictOne(shard, {})) return false;
      shard.TellBytes();
      return some = true;
    });
  }
  return some;
}

}  // namespace replete
