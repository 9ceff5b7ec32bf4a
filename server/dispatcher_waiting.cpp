// Clients that wait for keys, or watch them: registering with the keys' shards and leaving them.
#include <mutex>

#include "server/blocking.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {

void Dispatcher::RegisterBlocked(const Call& call) {
  blocked_ = std::make_shared<BlockedPop>(call.session, context_.block_.front, call.client.resp3);
  blocked_->timeout_ms = context_.block_.timeout_ms;
  blocked_->on_timeout = context_.block_.on_timeout;
  const KeySpec& spec = context_.command_->keys[0];
  auto at = static_cast<size_t>(spec.first);
  for (const Key& key : context_.keys_) {
    auto keyspace = namespaces_->Share(key.shard->keyspace());
    blocked_->places.push_back(
        {std::move(keyspace), std::string(key.name), std::string(call.args[at])});
    at += static_cast<size_t>(spec.step);
  }
  // All places are there before anybody can serve.
  for (const Key& key : context_.keys_) key.shard->blocked.Add(key.name, blocked_);
}

bool Dispatcher::TryUnwatch(Client& client) {
  Unwatch(client);
  Tick();
  return detached_.empty();
}

void Dispatcher::Unwatch(Client& client) {
  for (WatchedKey& watched : client.watched) {
    Detached item{std::move(watched.keyspace), std::move(watched.name), client.watcher, nullptr};
    if (!TryDetach(item)) detached_.push_back(std::move(item));
  }
  client.watched.clear();
  client.watcher.reset();
  client.info->watched.store(0, std::memory_order_relaxed);
}

void Dispatcher::Detach(std::shared_ptr<BlockedPop> blocked) {
  for (auto& place : blocked->places) {
    auto keyspace = place.keyspace.lock();
    if (keyspace == nullptr) continue;
    Detached item{std::move(keyspace), place.name, nullptr, blocked};
    if (!TryDetach(item)) detached_.push_back(std::move(item));
  }
}

bool Dispatcher::TryDetach(const Detached& item) {
  Shard& shard = item.keyspace->ShardOf(HashKey(item.name));
  std::lock_guard lock(shard.mutex);
  if (shard.gate.owned()) return false;
  if (item.watcher) shard.watches.Remove(item.name, item.watcher.get());
  if (item.blocked) shard.blocked.Remove(item.name, item.blocked.get());
  return true;
}

void Dispatcher::Tick() {
  std::erase_if(detached_, [this](const Detached& item) { return TryDetach(item); });
}

}  // namespace replete
