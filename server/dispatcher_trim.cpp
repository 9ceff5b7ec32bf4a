// A keyspace whose limits were lowered loses what is over them.
#include <thread>

#include "core/policy/bulk_eviction.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {
namespace {

constexpr int64_t kSliceNanos = 50'000;

}  // namespace

// Calls step() under the shard's lock, time and again as long as it returns true: in slices, with
// the lock free for others between them.
template <class Step>
void Dispatcher::InSlices(Shard& shard, Step&& step) {
  for (bool more = true; more;) {
    {
      std::lock_guard lock(shard.mutex);
      // A slice ends by the work of this thread, not by the time in which it had no core; those who
      // wait for the lock count both.
      const int64_t locked = MonotonicNanos();
      const int64_t start = ThreadNanos();
      if (!shard.gate.owned()) {
        context_.access_.ForgetNow();
        while ((more = step()) && ThreadNanos() - start < kSliceNanos) {
        }
        StoreUpkeep();
        shard.Publish();
        server_.stats().NoteLockHold(MonotonicNanos() - locked);
      }
    }
    if (!events_.empty()) PublishEvents();
    std::this_thread::yield();
  }
}

void Dispatcher::TrimKeyspace(Keyspace& keyspace) {
  keyspace.NoteTrimming(1);
  // What a pass leaves over the limit is a small part of what it found.
  for (bool more = true; more && BulkEviction::Pays(keyspace);) {
    const int64_t before = keyspace.entry_count();
    BulkEviction bulk(keyspace);
    for (size_t i = 0; i < keyspace.shards(); ++i) {
      Shard& shard = keyspace.shard(i);
      bulk.Begin(shard);
      InSlices(shard, [&] { return bulk.Step(context_.access_, shard); });
    }
    more = keyspace.entry_count() < before;
  }
  TrimOneByOne(keyspace);
  keyspace.NoteTrimming(-1);
  // Writers may have left something to this thread that it has not seen.
  TrimOneByOne(keyspace);
}

void Dispatcher::TrimOneByOne(Keyspace& keyspace) {
  // From all shards in turn.
  constexpr int kInTurn = 64;
  for (bool evicted = true; evicted && keyspace.OverLimits();) {
    evicted = false;
    for (size_t i = 0; i < keyspace.shards(); ++i) {
      Shard& shard = keyspace.shard(i);
      int left = kInTurn;
      InSlices(shard, [&] {
        if (left-- == 0 || !keyspace.OverLimits()) return false;
        if (!context_.access_.EvictOne(shard, {})) return false;
        shard.TellBytes();
        return evicted = true;
      });
    }
  }
}

}  // namespace replete
