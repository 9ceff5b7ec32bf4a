#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "config/eviction_policy.h"

namespace replete {

class Access;
class Entry;
class Keyspace;
class Shard;

// Eviction where a large part of a keyspace must go (a limit was lowered, or values came that are
// much larger than what they replace): choosing victims one by one, each the best of a few hundred,
// would look at every entry many times. Here some segments of each shard, which are random samples,
// tell the score above which the share that must go lies, and one pass takes out what is above it,
// as long as something is over. What a sample was wrong by is for PickVictim.
//
// For one pass over a keyspace by one thread; any shard's work is done in steps of a few dozen
// entries under its lock, which may be let go in between.
class BulkEviction {
 public:
  // The share of a keyspace's entries that its own limits want to go: 0 when it is within them.
  static double ShareOverLimits(const Keyspace& keyspace);
  // Such a share is large enough for a pass, and the policy lets it.
  static bool Pays(const Keyspace& keyspace, double share);

  // `over` is asked under a shard's lock whether more has to go, before each victim.
  BulkEviction(const Keyspace& keyspace, double share, std::function<bool()> over);

  // Before the steps in a shard.
  void Begin(const Shard& shard);
  // Under the shard's lock. False: nothing is left to do there.
  bool Step(Access& access, Shard& shard);

  // For Access: whether the entry goes.
  bool Chooses(const Shard& shard, int64_t now_ms, const Entry* entry) const;

 private:
  void Sample(Shard& shard, int64_t now_ms);
  // False: nothing in this shard has to go.
  bool FindThreshold();

  static constexpr int kSegments = 8;

  const EvictionPolicy policy_;
  const double share_;  // of all entries
  const std::function<bool()> over_;
  std::vector<uint64_t> scores_;
  size_t seen_ = 0;  // entries behind scores_, those that may not go included
  int sampled_ = 0;
  bool chosen_ = false;
  uint64_t hand_ = 0;
  uint64_t position_ = 0;
  uint64_t threshold_ = 0;     // what has a higher score goes
  uint32_t equal_chance_ = 0;  // of 2^32: of what has just this score
};

}  // namespace replete
