// What keyspaces need beside commands: expiry, room, events, and memory that is freed elsewhere.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <thread>

#include "config/event_flags.h"
#include "server/dispatcher.h"
#include "server/server.h"
#include "server/worker_pool.h"

namespace replete {
namespace {

constexpr int64_t kSliceNanos = 50'000;
constexpr int64_t kSweepNanos = 200'000;  // all shards together

}  // namespace

// Valid until Refresh.
std::vector<Keyspace*> Dispatcher::AllKeyspaces() const {
  std::vector<Keyspace*> all;
  all.reserve(namespaces_->databases.size() + namespaces_->named.size());
  for (const auto& database : namespaces_->databases) all.push_back(database.get());
  for (const auto& [name, keyspace] : namespaces_->named) {
    if (keyspace->database() < 0) all.push_back(keyspace.get());
  }
  return all;
}

// --- expiry ---

bool Dispatcher::Sweep(size_t part, size_t parts) {
  if (server_.pause().active() || !server_.sweeps()) return false;
  Refresh();
  context_.access_.ForgetNow();
  const int64_t now = context_.access_.now();
  const int64_t ends = MonotonicNanos() + kSweepNanos;
  bool more = false;
  // Another place to begin each time: where there is more than fits, all have their turn.
  ++sweeps_;
  auto sweep = [&](Keyspace& keyspace) {
    if (keyspace.tier() != nullptr) {
      for (size_t n = 0; n < keyspace.shards(); ++n) {
        const size_t i = (n + sweeps_) % keyspace.shards();
        if ((i + keyspace.id()) % parts == part && CoolSome(keyspace.shard(i), ends)) more = true;
      }
    }
    if (keyspace.next_work.load(std::memory_order_relaxed) > now) return;
    // Lowered again below to the minimum; a deadline set meanwhile lowers it by itself.
    keyspace.next_work.store(ExpiryWheel::kNever);
    int64_t next = ExpiryWheel::kNever;
    for (size_t n = 0; n < keyspace.shards(); ++n) {
      const size_t i = (n + sweeps_) % keyspace.shards();
      Shard& shard = keyspace.shard(i);
      const bool mine = (i + keyspace.id()) % parts == part;
      if (mine && shard.next_work.load() <= now) {
        if (MonotonicNanos() > ends || SweepShard(shard)) more = true;
      }
      next = std::min(next, shard.next_work.load());
    }
    for (int64_t seen = keyspace.next_work.load(); next < seen;) {
      if (keyspace.next_work.compare_exchange_weak(seen, next)) break;
    }
  };
  const std::vector<Keyspace*> all = AllKeyspaces();
  for (size_t i = 0; i < all.size(); ++i) sweep(*all[(i + sweeps_) % all.size()]);
  if (!events_.empty()) PublishEvents();
  return more;
}

bool Dispatcher::SweepShard(Shard& shard) {
  const int64_t start = MonotonicNanos();
  const int64_t start_cpu = ThreadNanos();
  if (!shard.mutex.try_lock()) return true;
  bool more = true;
  if (!shard.gate.owned()) {
    more = context_.access_.Sweep(shard, start + kSliceNanos);
    StoreUpkeep();
  }
  shard.mutex.unlock();
  NoteSlice("expire-cycle", start, start_cpu);
  return more;
}

// --- what is dropped as a whole ---

void Dispatcher::ClearRetired(Keyspace& keyspace) {
  const std::string error =
      fmt::format("NONAMESPACE namespace '{}' does not exist any more", keyspace.name());
  for (size_t i = 0; i < keyspace.shards();) {
    Shard& shard = keyspace.shard(i);
    std::unique_lock lock(shard.mutex);
    if (shard.gate.owned()) {
      lock.unlock();
      std::this_thread::yield();
      continue;
    }
    context_.access_.ForgetNow();
    context_.access_.ClearShard(shard);
    shard.blocked.FailAll(error);
    ++i;
  }
  if (keyspace.tier() != nullptr) {
    context_.access_.DropRecords(keyspace);
    context_.access_.Commit();
    tokens_ = context_.access_.TakeTokens();  // the reply waits for it
  }
}

// --- what a keyspace tells ---

void Dispatcher::OnEffect(const Effect& effect) { server_.AppendEffect(effect); }

void Dispatcher::OnDeparture(const Keyspace& keyspace, std::string_view key, Departure reason) {
  const bool expired = reason == Departure::kExpired;
  const uint32_t event_class = expired ? event_flags::kExpired : event_flags::kEvicted;
  if ((config_->notify_keyspace_events & event_class) == 0) return;
  const std::string_view event = expired ? "expired" : "evicted";
  OnEvent(keyspace, event_class, event, key);
  // Who reaches the namespace by its prefix listens in a numbered database.
  for (const std::string& prefix : keyspace.settings().prefixes) {
    events_.push_back({config_->notify_keyspace_events, event, "0", prefix + std::string(key)});
  }
}

void Dispatcher::OnEvent(const Keyspace& keyspace, uint32_t event_class, std::string_view event,
                         std::string_view key) {
  if ((config_->notify_keyspace_events & event_class) == 0) return;
  events_.push_back(
      {config_->notify_keyspace_events, event,
       keyspace.database() >= 0 ? std::to_string(keyspace.database()) : keyspace.name(),
       std::string(key)});
}

void Dispatcher::InsertPush(std::string_view push) {
  std::memcpy(output().Insert(push_position_, push.size()), push.data(), push.size());
  push_position_ += push.size();
}

void Dispatcher::PublishEvents() {
  for (const PendingEvent& event : events_) {
    if (event.flags & event_flags::kKeyspace) {
      server_.pubsub().Publish(fmt::format("__keyspace@{}__:{}", event.keyspace, event.key),
                               event.event);
    }
    if (event.flags & event_flags::kKeyevent) {
      server_.pubsub().Publish(fmt::format("__keyevent@{}__:{}", event.keyspace, event.event),
                               event.key);
    }
  }
  events_.clear();
}

void Dispatcher::Dispose(Entry* entry) {
  server_.disposal().Post([entry] { Entry::Delete(entry); });
}

void Dispatcher::Dispose(std::unique_ptr<ShardData> data) {
  server_.disposal().Post(
      [owned = std::shared_ptr<ShardData>(std::move(data))]() mutable { owned.reset(); });
}

}  // namespace replete
