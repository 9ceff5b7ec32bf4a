#include "core/keyspace/namespace_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <thread>

#include "core/keyspace/lock_set.h"

namespace replete {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Whether a shard holds a key that begins with one of the prefixes. In slices: others work
// meanwhile.
bool HasKeysUnder(Shard& shard, const std::vector<std::string>& prefixes) {
  constexpr size_t kSlice = 256;
  bool found = false;
  for (uint64_t position = 0; position != EntryTable::kScanEnd && !found;) {
    std::lock_guard lock(shard.mutex);
    if (shard.gate.owned()) continue;  // its owner needs no lock to finish: spin by looking again
    position = shard.data.table.Scan(position, kSlice, [&](const Entry* entry) {
      for (const std::string& prefix : prefixes) found = found || entry->key().starts_with(prefix);
    });
  }
  return found;
}

}  // namespace

std::shared_ptr<Keyspace> NamespaceMap::Find(std::string_view name) const {
  if (auto found = named.find(name); found != named.end()) return found->second;
  // As SELECT takes numbers: no leading zeros.
  if (!IsNumber(name) || (name.size() > 1 && name[0] == '0')) return nullptr;
  size_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || number >= databases.size()) return nullptr;
  return databases[number];
}

std::shared_ptr<Keyspace> NamespaceMap::FindByGeneration(uint64_t generation) const {
  const auto has = [generation](const std::shared_ptr<Keyspace>& keyspace) {
    return keyspace->tier() != nullptr && keyspace->generation() >> 32 == generation >> 32;
  };
  for (const auto& keyspace : databases) {
    if (has(keyspace)) return keyspace;
  }
  for (const auto& [name, keyspace] : named) {
    if (has(keyspace)) return keyspace;
  }
  return nullptr;
}

std::shared_ptr<Keyspace> NamespaceMap::Share(const Keyspace& keyspace) const {
  auto found = Find(keyspace.name());
  return found.get() == &keyspace ? found : nullptr;
}

bool NamespaceMap::Route(std::string_view key, Routed* routed) const {
  for (size_t length : lengths_) {
    if (key.size() < length) continue;
    auto found = prefixes_.find(key.substr(0, length));
    if (found == prefixes_.end()) continue;
    *routed = {found->second, key.substr(length)};
    return true;
  }
  return false;
}

void NamespaceMap::IndexPrefixes() {
  lengths_.clear();
  prefixes_.clear();
  prefix_text_.clear();
  for (auto& [name, keyspace] : named) {
    for (const std::string& prefix : keyspace->settings().prefixes) {
      prefix_text_.push_back(std::make_unique<std::string>(prefix));
      prefixes_[*prefix_text_.back()] = keyspace.get();
      lengths_.push_back(prefix.size());
    }
  }
  std::sort(lengths_.begin(), lengths_.end(), std::greater<>());
  lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
}

NamespaceRegistry::NamespaceRegistry(int databases, EvictionPolicy policy,
                                     const Surroundings& surroundings,
                                     const std::map<int, NamespaceSettings>& numbered)
    : surroundings_(surroundings), numbered_policy_(policy) {
  auto map = std::make_shared<NamespaceMap>();
  for (int i = 0; i < databases; ++i) {
    const auto own = numbered.find(i);
    const NamespaceSettings settings =
        own != numbered.end() ? own->second : NumberedDatabase(i, policy);
    auto keyspace = Make(std::to_string(i), i, settings);
    if (Problem problem = GiveTier(keyspace, settings, false)) throw std::runtime_error(*problem);
    map->databases.push_back(std::move(keyspace));
  }
  current_ = std::move(map);
}

std::shared_ptr<Keyspace> NamespaceRegistry::Make(std::string name, int database,
                                                  const NamespaceSettings& settings) {
  auto keyspace = std::make_shared<Keyspace>(next_id_++, std::move(name), database, settings,
                                             surroundings_.reclaimer, surroundings_.memory);
  keyspace->set_wants_effects(surroundings_.wants_effects);
  if (surroundings_.tier != nullptr) {
    keyspace->SetTier(surroundings_.tier);
    keyspace->set_hot_memory(surroundings_.hot_memory);
  }
  return keyspace;
}

Problem NamespaceRegistry::GiveTier(const std::shared_ptr<Keyspace>& keyspace,
                                    const NamespaceSettings& settings, bool remember) {
  if (settings.engine == Engine::kMemory || surroundings_.tiers == nullptr) return {};
  return surroundings_.tiers->Attach(keyspace, settings, remember);
}

std::shared_ptr<const NamespaceMap> NamespaceRegistry::Current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

void NamespaceRegistry::Publish(std::shared_ptr<NamespaceMap> map) {
  map->IndexPrefixes();
  {
    std::lock_guard lock(mutex_);
    current_ = std::move(map);
  }
  version_.fetch_add(1, std::memory_order_release);
}

void NamespaceRegistry::Retire(Keyspace& keyspace) {
  keyspace.Retire();
  std::lock_guard lock(mutex_);
  departed_.Add(keyspace.stats());
}

StatsTotal NamespaceRegistry::departed() const {
  std::lock_guard lock(mutex_);
  return departed_;
}

void NamespaceRegistry::ResetDeparted() {
  std::lock_guard lock(mutex_);
  departed_ = {};
}

Problem NamespaceRegistry::CheckPrefixes(const NamespaceMap& map, std::string_view name,
                                         const NamespaceSettings& settings) const {
  for (const std::string& prefix : settings.prefixes) {
    for (auto& [other, keyspace] : map.named) {
      if (other == name) continue;
      const auto taken = keyspace->settings().prefixes;
      if (std::find(taken.begin(), taken.end(), prefix) != taken.end()) {
        return fmt::format("prefix '{}' belongs to namespace '{}'", prefix, other);
      }
    }
  }
  if (settings.prefixes.empty()) return {};
  for (const auto& database : map.databases) {
    if (!database->numbered()) continue;
    for (size_t i = 0; i < database->shards(); ++i) {
      if (HasKeysUnder(database->shard(i), settings.prefixes)) {
        return fmt::format("keys with this prefix exist already in database {}", database->name());
      }
    }
  }
  return {};
}

Problem NamespaceRegistry::CheckCreate(const NamespaceMap& map, std::string_view name,
                                       const NamespaceSettings& settings) const {
  if (Problem problem = CheckNamespaceName(name)) return problem;
  if (map.named.count(name)) return fmt::format("namespace '{}' exists already", name);
  if (settings.database) {
    const int number = *settings.database;
    if (static_cast<size_t>(number) >= map.databases.size()) return "DB index is out of range";
    const Keyspace& place = *map.databases[static_cast<size_t>(number)];
    if (!place.numbered()) {
      return fmt::format("database {} belongs to namespace '{}'", number, place.name());
    }
  }
  return CheckPrefixes(map, name, settings);
}

Problem NamespaceRegistry::CheckAlter(const NamespaceMap& map, const Keyspace& keyspace,
                                      const NamespaceSettings& settings) const {
  if (keyspace.numbered() && !settings.prefixes.empty()) {
    return "a numbered database has no prefix";
  }
  NamespaceSettings added = settings;
  const auto had = keyspace.settings().prefixes;
  std::erase_if(added.prefixes, [&](const std::string& prefix) {
    return std::find(had.begin(), had.end(), prefix) != had.end();
  });
  return CheckPrefixes(map, keyspace.name(), added);
}

Problem NamespaceRegistry::Check(std::string_view name, const NamespaceSettings& settings) const {
  const auto map = Current();
  const auto found = map->Find(name);
  return found == nullptr ? CheckCreate(*map, name, settings) : CheckAlter(*map, *found, settings);
}

Problem NamespaceRegistry::Create(std::string_view name, const NamespaceSettings& settings,
                                  bool remember) {
  std::lock_guard changing(change_mutex_);
  auto current = Current();
  if (Problem problem = CheckCreate(*current, name, settings)) return problem;
  const int number = settings.database ? *settings.database : -1;
  auto map = std::make_shared<NamespaceMap>(*current);
  auto keyspace = Make(std::string(name), number, settings);
  if (Problem problem = GiveTier(keyspace, settings, remember)) return problem;
  map->named.emplace(name, keyspace);
  if (number < 0) {
    Publish(std::move(map));
    return {};
  }
  Keyspace& place = *current->databases[static_cast<size_t>(number)];
  map->databases[static_cast<size_t>(number)] = keyspace;
  Problem problem = TakePlace(place, std::move(map));
  // One of the two is empty and nobody's.
  const Keyspace& unused = problem ? *keyspace : place;
  if (unused.settings().engine != Engine::kMemory && surroundings_.tiers != nullptr) {
    surroundings_.tiers->Detach(unused);
  }
  return problem;
}

// The numbered database is found empty, replaced and retired while nobody can write to it.
Problem NamespaceRegistry::TakePlace(Keyspace& place, std::shared_ptr<NamespaceMap> map) {
  LockSet locks;
  locks.AddAll(place);
  while (!locks.TryLockAll()) std::this_thread::yield();
  size_t entries = 0;
  for (const Shard* shard : locks.shards()) entries += shard->data.table.size();
  if (entries == 0) {
    Publish(std::move(map));
    Retire(place);
  }
  locks.Unlock();
  if (entries > 0) return fmt::format("database {} has keys already", place.database());
  return {};
}

Problem NamespaceRegistry::Alter(std::string_view name, const NamespaceSettings& settings) {
  std::lock_guard changing(change_mutex_);
  auto current = Current();
  const auto found = current->Find(name);
  if (found == nullptr) return fmt::format("no such namespace '{}'", name);
  if (Problem problem = CheckAlter(*current, *found, settings)) return problem;
  const auto had = found->settings().prefixes;
  if (settings.engine != Engine::kMemory && surroundings_.tiers != nullptr) {
    if (Problem problem = surroundings_.tiers->Alter(*found, settings)) return problem;
  }
  found->SetSettings(settings);
  if (settings.prefixes != had) Publish(std::make_shared<NamespaceMap>(*current));
  return {};
}

Problem NamespaceRegistry::Drop(std::string_view name, std::shared_ptr<Keyspace>* dropped) {
  std::lock_guard changing(change_mutex_);
  auto current = Current();
  auto found = current->named.find(name);
  if (found == current->named.end()) return fmt::format("no such namespace '{}'", name);
  *dropped = found->second;
  auto map = std::make_shared<NamespaceMap>(*current);
  map->named.erase(map->named.find(name));
  const int number = (*dropped)->database();
  if (number >= 0) {
    map->databases[static_cast<size_t>(number)] =
        Make(std::to_string(number), number, NumberedDatabase(number, numbered_policy_));
  }
  // First published, then retired: who finds it retired finds what came after it.
  Publish(std::move(map));
  Retire(**dropped);
  return {};
}

void NamespaceRegistry::SetNumberedPolicy(EvictionPolicy policy) {
  std::lock_guard changing(change_mutex_);
  const EvictionPolicy before = numbered_policy_;
  numbered_policy_ = policy;
  for (const auto& database : Current()->databases) {
    NamespaceSettings settings = database->settings();
    if (!database->numbered() || settings.policy != before) continue;
    settings.policy = policy;
    database->SetSettings(settings);
  }
}

}  // namespace replete
