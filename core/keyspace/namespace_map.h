#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/namespace_settings.h"
#include "config/problem.h"
#include "core/keyspace/keyspace.h"

namespace replete {

// All namespaces at one instant; never changes once it is published.
struct NamespaceMap {
  struct Routed {
    Keyspace* keyspace;
    std::string_view name;  // the key without its prefix
  };

  // By number. A named namespace may stand in a number's place.
  std::vector<std::shared_ptr<Keyspace>> databases;
  std::map<std::string, std::shared_ptr<Keyspace>, std::less<>> named;

  // A namespace by its name, or a numbered database by its number in decimal; null when there is
  // none.
  std::shared_ptr<Keyspace> Find(std::string_view name) const;

  // The one whose records in its tier are of this generation now, or null.
  std::shared_ptr<Keyspace> FindByGeneration(uint64_t generation) const;

  // The owner of a keyspace of this map; null when it is none.
  std::shared_ptr<Keyspace> Share(const Keyspace& keyspace) const;

  // Where a key goes that a session in a numbered database names: the longest prefix wins.
  bool has_prefixes() const { return !lengths_.empty(); }
  bool Route(std::string_view key, Routed* routed) const;

  // Derived; call after changing `named`.
  void IndexPrefixes();

 private:
  std::vector<size_t> lengths_;  // of prefixes, longest first
  std::unordered_map<std::string_view, Keyspace*> prefixes_;
  std::vector<std::unique_ptr<std::string>> prefix_text_;

 public:
  NamespaceMap() = default;
  NamespaceMap(const NamespaceMap& other) : databases(other.databases), named(other.named) {}
  NamespaceMap& operator=(const NamespaceMap&) = delete;
};

// Gives keyspaces whose engine is not memory what is below them. Called by the registry, one call
// at a time.
class TierProvider {
 public:
  virtual ~TierProvider() = default;
  // The keyspace, which nobody uses yet, gets its tier. `remember`: it is to be there after the
  // next start although no configuration names it.
  [[nodiscard]] virtual Problem Attach(const std::shared_ptr<Keyspace>& keyspace,
                                       const NamespaceSettings& settings, bool remember) = 0;
  // The keyspace came to nothing after all.
  virtual void Detach(const Keyspace& keyspace) = 0;
  // One that is to be remembered has other settings.
  [[nodiscard]] virtual Problem Alter(const Keyspace& keyspace,
                                      const NamespaceSettings& settings) = 0;
};

// Owner of the namespace map: publishes a new one with each change. Readers keep the map they have
// and compare version() now and then. Thread-safe.
class NamespaceRegistry {
 public:
  // What every keyspace is made with.
  struct Surroundings {
    Reclaimer* reclaimer;
    MemoryTotal* memory;
    bool wants_effects = false;
    TierProvider* tiers = nullptr;  // of engines that have one
    Tier* tier = nullptr;           // of all (tests)
    int64_t hot_memory = 0;         // with `tier`
  };
  // `numbered`: databases that have settings of their own. Throws when one of them cannot be made.
  NamespaceRegistry(int databases, EvictionPolicy policy, const Surroundings& surroundings,
                    const std::map<int, NamespaceSettings>& numbered = {});

  std::shared_ptr<const NamespaceMap> Current() const;
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // What follows runs one at a time. Problems are plain text without a code. May take long when a
  // prefix is given: a prefix under which numbered databases have keys is refused.
  // `remember`: see TierProvider.
  [[nodiscard]] Problem Create(std::string_view name, const NamespaceSettings& settings,
                               bool remember = false);
  [[nodiscard]] Problem Alter(std::string_view name, const NamespaceSettings& settings);
  // What Create or, of one that exists, Alter would refuse now.
  [[nodiscard]] Problem Check(std::string_view name, const NamespaceSettings& settings) const;
  // Takes the namespace out of the map and marks it retired. The caller clears it.
  [[nodiscard]] Problem Drop(std::string_view name, std::shared_ptr<Keyspace>* dropped);
  // Policy of the numbered databases but those that have one of their own.
  void SetNumberedPolicy(EvictionPolicy policy);

  // What happened in the keyspaces that are gone, since they were made or since ResetDeparted.
  StatsTotal departed() const;
  void ResetDeparted();

 private:
  Problem CheckCreate(const NamespaceMap& map, std::string_view name,
                      const NamespaceSettings& settings) const;
  Problem CheckAlter(const NamespaceMap& map, const Keyspace& keyspace,
                     const NamespaceSettings& settings) const;
  Problem CheckPrefixes(const NamespaceMap& map, std::string_view name,
                        const NamespaceSettings& settings) const;
  std::shared_ptr<Keyspace> Make(std::string name, int database, const NamespaceSettings& settings);
  Problem GiveTier(const std::shared_ptr<Keyspace>& keyspace, const NamespaceSettings& settings,
                   bool remember);
  Problem TakePlace(Keyspace& place, std::shared_ptr<NamespaceMap> map);
  void Publish(std::shared_ptr<NamespaceMap> map);
  void Retire(Keyspace& keyspace);

  const Surroundings surroundings_;
  std::mutex change_mutex_;
  mutable std::mutex mutex_;
  std::shared_ptr<const NamespaceMap> current_;
  StatsTotal departed_;
  std::atomic<uint64_t> version_{1};
  uint32_t next_id_ = 0;
  EvictionPolicy numbered_policy_;
};

}  // namespace replete
