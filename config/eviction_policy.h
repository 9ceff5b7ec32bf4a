#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/problem.h"

namespace replete {

// Who goes first when a namespace is full.
enum class EvictionPolicy : uint8_t {
  kNone,     // nobody: writes are refused
  kLru,      // the least recently used
  kTtl,      // the soonest deadline; those without one follow in LRU order
  kFifo,     // the oldest
  kLfu,      // the least often used
  kRandom,   // anybody
  kS3Fifo,   // small, main and ghost FIFO queues (Yang et al., SOSP 2023)
  kTinyLfu,  // LRU behind a frequency filter (Einziger et al., 2017)
  // The same among entries with a deadline only; when there is none, writes are refused.
  kVolatileLru,
  kVolatileTtl,
  kVolatileLfu,
  kVolatileRandom,
};

// The words of what is available, for help and error texts; a test holds it against IsAvailable.
inline constexpr std::string_view kAvailablePolicies =
    "one of none, lru, lfu, ttl, fifo, random, noeviction, allkeys-lru, allkeys-lfu, "
    "allkeys-random, volatile-lru, volatile-lfu, volatile-ttl, volatile-random";

// Our words (lru, ttl, none, ...) and Redis' eight (allkeys-lru, noeviction, ...), in any case.
std::optional<EvictionPolicy> FindEvictionPolicy(std::string_view word);

// The word namespaces use: "lru", "none"; Redis' own for the volatile ones.
std::string_view EvictionPolicyWord(EvictionPolicy policy);

// The word CONFIG GET and INFO use: "allkeys-lru", "noeviction"; ours where Redis has no such
// policy ("fifo", "ttl", ...).
std::string_view RedisEvictionPolicyWord(EvictionPolicy policy);

// Whether this version can evict by it.
bool IsAvailable(EvictionPolicy policy);

// Reads a word; `unknown` is the problem when it is none. A policy that exists but is not
// available says so.
[[nodiscard]] Problem ParseEvictionPolicy(std::string_view word, std::string_view unknown,
                                          EvictionPolicy* out);

}  // namespace replete
