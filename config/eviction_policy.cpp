#include "config/eviction_policy.h"

#include <fmt/format.h>

#include "config/values.h"

namespace replete {
namespace {

struct PolicyRow {
  EvictionPolicy policy;
  std::string_view word;
  std::string_view redis_word;
  bool available;
};

constexpr PolicyRow kPolicies[] = {
    {EvictionPolicy::kNone, "none", "noeviction", true},
    {EvictionPolicy::kLru, "lru", "allkeys-lru", true},
    {EvictionPolicy::kTtl, "ttl", "ttl", true},
    {EvictionPolicy::kFifo, "fifo", "fifo", true},
    {EvictionPolicy::kLfu, "lfu", "allkeys-lfu", true},
    {EvictionPolicy::kRandom, "random", "allkeys-random", true},
    {EvictionPolicy::kS3Fifo, "s3fifo", "s3fifo", false},
    {EvictionPolicy::kTinyLfu, "tinylfu", "tinylfu", false},
    {EvictionPolicy::kVolatileLru, "volatile-lru", "volatile-lru", true},
    {EvictionPolicy::kVolatileTtl, "volatile-ttl", "volatile-ttl", true},
    {EvictionPolicy::kVolatileLfu, "volatile-lfu", "volatile-lfu", true},
    {EvictionPolicy::kVolatileRandom, "volatile-random", "volatile-random", true},
};

constexpr bool RowsFollowTheEnum() {
  size_t at = 0;
  for (const PolicyRow& row : kPolicies) {
    if (static_cast<size_t>(row.policy) != at++) return false;
  }
  return true;
}
static_assert(RowsFollowTheEnum());

const PolicyRow& RowOf(EvictionPolicy policy) { return kPolicies[static_cast<size_t>(policy)]; }

}  // namespace

std::optional<EvictionPolicy> FindEvictionPolicy(std::string_view word) {
  for (const PolicyRow& row : kPolicies) {
    if (SameWord(word, row.word) || SameWord(word, row.redis_word)) return row.policy;
  }
  return std::nullopt;
}

std::string_view EvictionPolicyWord(EvictionPolicy policy) { return RowOf(policy).word; }

std::string_view RedisEvictionPolicyWord(EvictionPolicy policy) { return RowOf(policy).redis_word; }

bool IsAvailable(EvictionPolicy policy) { return RowOf(policy).available; }

Problem ParseEvictionPolicy(std::string_view word, std::string_view unknown, EvictionPolicy* out) {
  const std::optional<EvictionPolicy> policy = FindEvictionPolicy(word);
  if (!policy) return std::string(unknown);
  if (!IsAvailable(*policy)) {
    return fmt::format("policy '{}' is not available in this version", LowerCase(word));
  }
  *out = *policy;
  return std::nullopt;
}

}  // namespace replete
