#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/eviction_policy.h"
#include "config/problem.h"
#include "config/row.h"

namespace replete {

enum class Engine : uint8_t { kMemory, kDisk, kUpstream };

// What the OK of a write on disk means: nothing; that it outlives the process; that it outlives a
// loss of power.
enum class Durability : uint8_t { kNone, kWal, kSync };

// What becomes of writes while the disk takes none.
enum class OnDiskError : uint8_t { kRefuse, kMemory };

// What in a parent removes its dependents: a set of these bits.
namespace cascade {
inline constexpr uint8_t kWrite = 1;
inline constexpr uint8_t kDelete = 2;
inline constexpr uint8_t kInvalidate = 4;
inline constexpr uint8_t kExpire = 8;
inline constexpr uint8_t kEvict = 16;
}  // namespace cascade

// The settings of one namespace. The initializers are those of a named one where no environment
// variable says otherwise; plain values, copied as a whole. 0 means no limit throughout.
struct NamespaceSettings {
  Engine engine = Engine::kMemory;
  std::optional<int> database;  // the numbered database it takes the place of
  std::string password;
  uint64_t max_entries = 1000;
  uint64_t max_memory = 0;  // bytes
  uint64_t min_memory = 0;  // bytes
  EvictionPolicy policy = EvictionPolicy::kLru;
  uint64_t default_ttl_s = 300;  // 0 = none
  double ttl_jitter = 0;         // share of a default TTL it may be shortened by, 0 to 1
  std::vector<std::string> prefixes;
  uint8_t cascade = cascade::kWrite | cascade::kDelete | cascade::kInvalidate;
  uint64_t max_connections = 0;
  uint64_t max_ops_per_second = 0;
  bool flushall = false;  // cleared by FLUSHALL too
  bool warm_restart = false;
  // Of the disk engine.
  uint64_t hot_memory = 64 << 20;  // bytes of entries whose values are in RAM
  Durability durability = Durability::kWal;
  uint64_t max_disk = 0;  // bytes of records
  OnDiskError on_disk_error = OnDiskError::kRefuse;

  bool operator==(const NamespaceSettings&) const = default;
};

using NamespaceOption = Row<NamespaceSettings>;

// All options, in the order NAMESPACE INFO prints them. Lives as long as the process.
std::span<const NamespaceOption> NamespaceOptions();

struct OptionValue {
  std::string_view name;  // any case, dashes or underscores
  std::string_view value;
};

enum class ApplyMode : uint8_t { kCreate, kAlter };

// Applies options as NAMESPACE CREATE and ALTER take them: all or nothing. A repeatable option
// given once or more replaces the whole list; given once with an empty value it empties it. The
// problem is plain text without an error code. What depends on other namespaces (a database number
// in use or beyond `databases`, a prefix that is taken) is for the namespace map to check.
[[nodiscard]] Problem ApplyOptions(NamespaceSettings* settings,
                                   std::span<const OptionValue> options, ApplyMode mode);

// The problem of an option that means nothing to the engine of `settings`.
[[nodiscard]] Problem CheckEngineHas(std::string_view option, const NamespaceSettings& settings);

// Name and value of every option of this version that is not secret and that its engine has, for
// NAMESPACE INFO.
struct DescribedOption {
  std::string_view name;
  ValueKind kind;
  std::string value;
};
std::vector<DescribedOption> DescribeOptions(const NamespaceSettings& settings);

// All options of this version with their values, so that ApplyOptions makes the same settings of
// the defaults; of a repeatable one each value by itself.
std::vector<std::pair<std::string, std::string>> ListOptions(const NamespaceSettings& settings);

// What named namespaces start from.
struct NamespaceDefaults {
  NamespaceSettings named;
  uint64_t mcp_ttl_s = 300;  // default_ttl of the one called mcp

  NamespaceSettings For(std::string_view name) const;
};

// A letter, then at most 63 letters, digits, '.', '_' or '-'.
[[nodiscard]] Problem CheckNamespaceName(std::string_view name);

// As ::getenv: null when the variable is not set.
using GetEnv = std::function<const char*(const char* name)>;

// CACHE_BACKEND (in_memory, file_based, redis), CACHE_TTL_DEFAULT (seconds), CACHE_MAX_SIZE
// (entries) and CODOMYRMEX_MCP_CACHE_TTL (seconds); an empty variable counts as not set. The
// problem names the variable and its value.
[[nodiscard]] Problem ReadNamespaceDefaults(const GetEnv& get_env, NamespaceDefaults* defaults);

// A numbered database follows Redis: no TTL, no limits, the policy of maxmemory-policy, cleared by
// FLUSHALL.
NamespaceSettings NumberedDatabase(int number, EvictionPolicy policy);

}  // namespace replete
