#include "core/keyspace/waiting.h"

#include <algorithm>

#include "core/keyspace/access.h"

namespace replete {

void WatchTable::Add(std::string_view key, std::shared_ptr<Watcher> watcher) {
  watched_[std::string(key)].push_back(std::move(watcher));
}

void WatchTable::Remove(std::string_view key, const Watcher* watcher) {
  auto found = watched_.find(key);
  if (found == watched_.end()) return;
  std::erase_if(found->second, [watcher](const auto& one) { return one.get() == watcher; });
  if (found->second.empty()) watched_.erase(found);
}

void WatchTable::Touch(std::string_view key) {
  auto found = watched_.find(key);
  if (found == watched_.end()) return;
  for (auto& watcher : found->second) watcher->MarkDirty();
}

void BlockTable::Add(std::string_view key, std::shared_ptr<BlockedClient> client) {
  blocked_[std::string(key)].push_back(std::move(client));
}

void BlockTable::Remove(std::string_view key, const BlockedClient* client) {
  auto found = blocked_.find(key);
  if (found == blocked_.end()) return;
  std::erase_if(found->second, [client](const auto& one) { return one.get() == client; });
  if (found->second.empty()) blocked_.erase(found);
}

void BlockTable::FailAll(std::string_view error) {
  for (auto& [key, queue] : blocked_) {
    for (auto& client : queue) client->Fail(error);
  }
  blocked_.clear();
}

void BlockTable::ServeAll(Access& access, Shard* shard,
                          std::vector<std::shared_ptr<BlockedClient>>* served) {
  std::vector<std::string> names;
  for (const auto& [name, queue] : blocked_) names.push_back(name);
  for (const std::string& name : names) Serve(access, {shard, name, HashKey(name)}, served);
}

void BlockTable::Serve(Access& access, const Key& key,
                       std::vector<std::shared_ptr<BlockedClient>>* served) {
  auto found = blocked_.find(key.name);
  if (found == blocked_.end()) return;
  auto& queue = found->second;
  while (!queue.empty()) {
    const auto result = queue.front()->Serve(access, key);
    if (result == BlockedClient::Served::kWaits) break;
    if (result == BlockedClient::Served::kTaken) served->push_back(std::move(queue.front()));
    queue.pop_front();
  }
  if (queue.empty()) blocked_.erase(found);
}

}  // namespace replete
