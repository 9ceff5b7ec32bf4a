// Values of requests that follow in a pipeline, looked for together.
#include <mutex>
#include <new>
#include <span>

#include "core/tier/load.h"
#include "core/tier/tier.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {

// Calls visit(key, entry) under the shard's lock for the first key of each request whose value is
// read and is away. Only hints: what runs before them may change all of it.
template <class Visit>
void Dispatcher::ForValuesAhead(Client& client, std::span<const Ahead> next, Visit&& visit) {
  for (const Ahead& one : next) {
    if (one.command == nullptr || one.command->scope != Scope::kKeys) return;
    const std::span<const std::string_view> args(one.request.args.data(), one.request.args.size());
    const KeySpec& spec = one.command->keys[0];
    const auto at = static_cast<size_t>(spec.first);
    if (at == 0 || at >= args.size() || (spec.reads != nullptr && !spec.reads(args))) continue;
    const Key key = Locate(args[at], *client.keyspace, one.hash);
    if (key.shard->keyspace().tier() == nullptr || key.shard->keyspace().retired()) continue;
    std::lock_guard lock(key.shard->mutex);
    if (key.shard->gate.owned()) continue;
    const Entry* entry = context_.access_.Peek(key);
    if (entry != nullptr && !entry->resident()) visit(key, entry);
  }
}

// Fetched together with what this request waits for: the client waits once. Wrong guesses cost a
// read.
void Dispatcher::JoinAhead(const Call& call, const std::shared_ptr<LoadWait>& wait, Loads* fresh) {
  ForValuesAhead(call.client, call.later,
                 [&](const Key& key, const Entry*) { JoinLoad(key, wait, fresh); });
}

Dispatcher::ReadsAhead::ReadsAhead(Dispatcher& dispatcher, Client& client,
                                   std::span<const Ahead> next)
    : dispatcher_(dispatcher) {
  if (next.size() < 2 || client.in_multi) return;
  try {
    dispatcher.ReadAhead(client, next);
  } catch (const std::bad_alloc&) {
    dispatcher.ForgetAhead();
  }
}

Dispatcher::ReadsAhead::~ReadsAhead() { dispatcher_.ForgetAhead(); }

void Dispatcher::ForgetAhead() {
  ahead_.clear();
  ahead_reads_.clear();
}

// What is found is good for as long as the entry's record is the one that it was read from.
void Dispatcher::ReadAhead(Client& client, std::span<const Ahead> next) {
  Tier* tier = nullptr;
  ForValuesAhead(client, next, [&](const Key& key, const Entry* entry) {
    const Keyspace& keyspace = key.shard->keyspace();
    if (tier != nullptr && keyspace.tier() != tier) return;
    tier = keyspace.tier();
    ahead_reads_.push_back({.generation = keyspace.generation(), .key = key.name});
    ahead_.push_back({.hash = key.hash, .sequence = entry->tier_sequence()});
  });
  if (ahead_.size() < 2) return ForgetAhead();
  tier->ReadNow(ahead_reads_, context_.value_limits());
  for (const TierRead& read : ahead_reads_) reads_now_ += read.found ? 1 : 0;
}

// False: it was not looked for.
bool Dispatcher::TakeAhead(const Key& key, uint64_t sequence, TierRead* wanted) {
  for (size_t i = 0; i < ahead_.size(); ++i) {
    TierRead& read = ahead_reads_[i];
    if (ahead_[i].hash != key.hash || ahead_[i].sequence != sequence || ahead_[i].taken) continue;
    if (read.generation != wanted->generation || read.key != key.name) continue;
    ahead_[i].taken = true;
    *wanted = std::move(read);
    return true;
  }
  return false;
}

}  // namespace replete
