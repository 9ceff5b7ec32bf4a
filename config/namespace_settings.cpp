#include "config/namespace_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace replete {
namespace {

constexpr int64_t kMaxInt = std::numeric_limits<int>::max();
constexpr int64_t kMaxLong = std::numeric_limits<int64_t>::max();
// 136 years: far enough for any cache, near enough that no deadline in milliseconds overflows.
constexpr int64_t kMaxTtlSeconds = std::numeric_limits<uint32_t>::max();
constexpr size_t kMaxPrefixLength = 512;
constexpr size_t kMaxPrefixes = 256;

constexpr Word kEngines[] = {
    {"memory", static_cast<int>(Engine::kMemory)},
    {"disk", static_cast<int>(Engine::kDisk)},
    {"upstream", static_cast<int>(Engine::kUpstream)},
};

constexpr Word kCascades[] = {
    {"write", cascade::kWrite},           {"delete", cascade::kDelete},
    {"invalidate", cascade::kInvalidate}, {"expire", cascade::kExpire},
    {"evict", cascade::kEvict},
};

constexpr Word kDurabilities[] = {
    {"none", static_cast<int>(Durability::kNone)},
    {"wal", static_cast<int>(Durability::kWal)},
    {"sync", static_cast<int>(Durability::kSync)},
};

constexpr Word kOnDiskErrors[] = {
    {"refuse", static_cast<int>(OnDiskError::kRefuse)},
    {"memory", static_cast<int>(OnDiskError::kMemory)},
};

const Word* FindWord(std::span<const Word> words, std::string_view text) {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [text](const Word& word) { return SameWord(word.word, text); });
  return found == words.end() ? nullptr : &*found;
}

std::string NotAWord(std::span<const Word> words) {
  return "argument(s) must be one of the following: " + ListWords(words);
}

Problem SetEngine(const NamespaceOption&, std::string_view text, NamespaceSettings* settings) {
  const Word* word = FindWord(kEngines, text);
  if (word == nullptr) return NotAWord(kEngines);
  const auto engine = static_cast<Engine>(word->value);
  if (engine == Engine::kUpstream) {
    return fmt::format("engine '{}' is not available in this version", word->word);
  }
  settings->engine = engine;
  return std::nullopt;
}

std::string GetEngine(const NamespaceSettings& settings) {
  return std::string(kEngines[static_cast<size_t>(settings.engine)].word);
}

Problem SetDatabase(const NamespaceOption& row, std::string_view text,
                    NamespaceSettings* settings) {
  int64_t number = 0;
  Problem problem = ParseInteger(text, row.min, static_cast<int64_t>(row.max), &number);
  if (!problem) settings->database = static_cast<int>(number);
  return problem;
}

std::string GetDatabase(const NamespaceSettings& settings) {
  return settings.database ? std::to_string(*settings.database) : "";
}

Problem SetPolicy(const NamespaceOption& row, std::string_view text, NamespaceSettings* settings) {
  return ParseEvictionPolicy(text, fmt::format("argument must be {}", row.allowed),
                             &settings->policy);
}

std::string GetPolicy(const NamespaceSettings& settings) {
  return std::string(EvictionPolicyWord(settings.policy));
}

Problem SetJitter(const NamespaceOption&, std::string_view text, NamespaceSettings* settings) {
  return ParseShare(text, &settings->ttl_jitter);
}

std::string GetJitter(const NamespaceSettings& settings) {
  return fmt::format("{}", settings.ttl_jitter);
}

// ApplyOptions empties the list before.
Problem AddPrefix(const NamespaceOption&, std::string_view text, NamespaceSettings* settings) {
  if (text.size() > kMaxPrefixLength) {
    return fmt::format("a prefix has at most {} bytes", kMaxPrefixLength);
  }
  if (settings->prefixes.size() == kMaxPrefixes) {
    return fmt::format("a namespace has at most {} prefixes", kMaxPrefixes);
  }
  if (std::find(settings->prefixes.begin(), settings->prefixes.end(), text) !=
      settings->prefixes.end()) {
    return "the prefix is given twice";
  }
  settings->prefixes.emplace_back(text);
  return std::nullopt;
}

Problem AddCascade(const NamespaceOption&, std::string_view text, NamespaceSettings* settings) {
  const Word* word = FindWord(kCascades, text);
  if (word == nullptr) return NotAWord(kCascades);
  settings->cascade = static_cast<uint8_t>(settings->cascade | word->value);
  return std::nullopt;
}

std::string GetCascade(const NamespaceSettings& settings) {
  std::string text;
  for (const Word& word : kCascades) {
    if ((settings.cascade & word.value) == 0) continue;
    if (!text.empty()) text += ' ';
    text += word.word;
  }
  return text;
}

constexpr std::string_view kHotMemory = "hot_memory";
constexpr std::string_view kDurability = "durability";
constexpr std::string_view kOnDiskError = "on_disk_error";
constexpr std::string_view kMaxDisk = "max_disk";

constexpr NamespaceOption kOptions[] = {
    NamespaceOption{.name = "engine",
                    .change = Change::kAtStart,
                    .doc = "What keeps the entries.",
                    .allowed = "memory, disk",
                    .kind = ValueKind::kWords,
                    .words = kEngines,
                    .set = SetEngine,
                    .get = GetEngine},
    NamespaceOption{.name = "database",
                    .change = Change::kAtStart,
                    .doc = "The numbered database it takes the place of.",
                    .kind = ValueKind::kInteger,
                    .max = kMaxInt,
                    .set = SetDatabase,
                    .get = GetDatabase},
    TextRow<&NamespaceSettings::password>({.name = "password",
                                           .sensitive = true,
                                           .available = false,
                                           .doc = "AUTH name password lands in the namespace."}),
    IntegerRow<&NamespaceSettings::max_entries>(
        0, kMaxLong, {.name = "max_entries", .doc = "Entries it may hold; 0 = no limit."}),
    MemoryRow<&NamespaceSettings::max_memory>(
        0, kMaxLong, {.name = "max_memory", .doc = "Bytes it may hold; 0 = no limit."}),
    MemoryRow<&NamespaceSettings::min_memory>(
        0, kMaxLong,
        {.name = "min_memory",
         .doc = "Bytes that are not taken from it when the process is short of memory."}),
    NamespaceOption{.name = "policy",
                    .doc = "Who goes first when it is full.",
                    .allowed = kAvailablePolicies,
                    .kind = ValueKind::kWords,
                    .set = SetPolicy,
                    .get = GetPolicy},
    IntegerRow<&NamespaceSettings::default_ttl_s>(
        0, kMaxTtlSeconds,
        {.name = "default_ttl", .doc = "Seconds an entry lives unless it says; 0 = for ever."}),
    NamespaceOption{.name = "ttl_jitter",
                    .available = false,
                    .doc = "Share a default TTL may be shortened by.",
                    .kind = ValueKind::kShare,
                    .set = SetJitter,
                    .get = GetJitter},
    NamespaceOption{
        .name = "prefix",
        .repeatable = true,
        .doc = "Keys of a numbered database that start so are entries here.",
        .allowed = "up to 512 bytes, repeated for several",
        .kind = ValueKind::kList,
        .set = AddPrefix,
        .get = [](const NamespaceSettings& settings) { return JoinWithBlanks(settings.prefixes); }},
    NamespaceOption{.name = "cascade",
                    .repeatable = true,
                    .available = false,
                    .doc = "What in a parent removes its dependents.",
                    .kind = ValueKind::kList,
                    .words = kCascades,
                    .set = AddCascade,
                    .get = GetCascade},
    IntegerRow<&NamespaceSettings::max_connections>(
        0, kMaxLong,
        {.name = "max_connections", .available = false, .doc = "Sessions in it; 0 = no limit."}),
    IntegerRow<&NamespaceSettings::max_ops_per_second>(
        0, kMaxLong,
        {.name = "max_ops_per_second", .available = false, .doc = "Commands; 0 = no limit."}),
    FlagRow<&NamespaceSettings::flushall>(
        {.name = "flushall", .doc = "Whether FLUSHALL clears it too."}),
    YesNoRow<&NamespaceSettings::warm_restart>(
        {.name = "warm_restart", .available = false, .doc = "Keep hot keys over a restart."}),
    MemoryRow<&NamespaceSettings::hot_memory>(
        0, kMaxLong,
        {.name = kHotMemory,
         .doc = "On disk: bytes of entries that keep their values in memory; values of others are "
                "read when they are asked for."}),
    WordsRow<&NamespaceSettings::durability, kDurabilities>(
        {.name = kDurability,
         .doc = "On disk: what the reply to a write waits for. none: nothing; wal: the write "
                "outlives the process; sync: it outlives a loss of power."}),
    MemoryRow<&NamespaceSettings::max_disk>(
        0, kMaxLong,
        {.name = kMaxDisk,
         .doc = "On disk: bytes of keys and values that it may hold there; 0 = no limit."}),
    WordsRow<&NamespaceSettings::on_disk_error, kOnDiskErrors>(
        {.name = kOnDiskError,
         .doc = "On disk: what becomes of writes while the disk takes none. refuse: an error; "
                "memory: they are kept in memory and stored once it takes them again."}),
    // Options of engines and of formats to come: refused by name.
    NamespaceOption{.name = "url", .available = false},
    NamespaceOption{.name = "format", .available = false},
    NamespaceOption{.name = "compress", .available = false},
    NamespaceOption{.name = "from", .available = false},
};

bool IsOfDisk(const NamespaceOption& row) {
  return row.name == kHotMemory || row.name == kDurability || row.name == kMaxDisk ||
         row.name == kOnDiskError;
}

// A list that is given at all is given anew.
void EmptyList(std::string_view option, NamespaceSettings* settings) {
  if (option == "prefix") settings->prefixes.clear();
  if (option == "cascade") settings->cascade = 0;
}

// What one CREATE or ALTER says: its rows in order, and how often each row of the table comes.
struct Request {
  std::vector<const NamespaceOption*> rows;
  std::vector<int> times = std::vector<int>(std::size(kOptions));

  int& TimesOf(const NamespaceOption& row) { return times[static_cast<size_t>(&row - kOptions)]; }
};

Problem FindOptions(std::span<const OptionValue> options, ApplyMode mode, Request* request) {
  for (const OptionValue& option : options) {
    const NamespaceOption* row = FindRow(NamespaceOptions(), option.name);
    if (row == nullptr) return fmt::format("unknown option '{}'", option.name);
    if (!row->available) {
      return fmt::format("option '{}' is not available in this version", row->name);
    }
    if (mode == ApplyMode::kAlter && row->change == Change::kAtStart) {
      return fmt::format("option '{}' cannot be altered", row->name);
    }
    if (++request->TimesOf(*row) > 1 && !row->repeatable) {
      return fmt::format("option '{}' is given twice", row->name);
    }
    request->rows.push_back(row);
  }
  return std::nullopt;
}

// The problem of a value with the option it belongs to, unless the text says so by itself.
Problem Explain(const NamespaceOption& row, std::string_view value, const std::string& problem) {
  if (problem.ends_with("is not available in this version")) return problem;
  return fmt::format("bad value '{}' for option '{}': {}", row.sensitive ? "***" : value, row.name,
                     problem);
}

Problem ReadVariable(const GetEnv& get_env, const char* variable, std::string_view option,
                     NamespaceSettings* settings) {
  const char* value = get_env(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  const NamespaceOption* row = FindRow(NamespaceOptions(), option);
  const Problem problem = row->set(*row, value, settings);
  if (!problem) return std::nullopt;
  return fmt::format("environment variable {}='{}': {} (allowed: {})", variable, value, *problem,
                     DescribeAllowed(*row));
}

Problem ReadBackend(const GetEnv& get_env, NamespaceSettings* settings) {
  static constexpr char kVariable[] = "CACHE_BACKEND";
  static constexpr Word kBackends[] = {
      {"in_memory", static_cast<int>(Engine::kMemory)},
      {"file_based", static_cast<int>(Engine::kDisk)},
      {"redis", static_cast<int>(Engine::kUpstream)},
  };
  const char* value = get_env(kVariable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  const NamespaceOption* row = FindRow(NamespaceOptions(), "engine");
  const Word* backend = FindWord(kBackends, value);
  const Problem problem = backend == nullptr
                              ? NotAWord(kBackends)
                              : row->set(*row, kEngines[backend->value].word, settings);
  if (!problem) return std::nullopt;
  return fmt::format("environment variable {}='{}': {}", kVariable, value, *problem);
}

}  // namespace

std::span<const NamespaceOption> NamespaceOptions() { return kOptions; }

Problem ApplyOptions(NamespaceSettings* settings, std::span<const OptionValue> options,
                     ApplyMode mode) {
  Request request;
  if (Problem problem = FindOptions(options, mode, &request)) return problem;
  NamespaceSettings changed = *settings;
  for (const NamespaceOption* row : request.rows) EmptyList(row->name, &changed);
  for (size_t i = 0; i < options.size(); ++i) {
    const NamespaceOption& row = *request.rows[i];
    const std::string_view value = options[i].value;
    if (row.repeatable && value.empty()) {
      if (request.TimesOf(row) == 1) continue;
      return Explain(row, value, "an empty value empties the list and must be the only one");
    }
    if (Problem problem = row.set(row, value, &changed)) return Explain(row, value, *problem);
  }
  *settings = std::move(changed);
  return std::nullopt;
}

Problem CheckEngineHas(std::string_view option, const NamespaceSettings& settings) {
  const NamespaceOption* row = FindRow(NamespaceOptions(), option);
  if (row == nullptr || !IsOfDisk(*row) || settings.engine == Engine::kDisk) return std::nullopt;
  return fmt::format("option '{}' is for namespaces on disk", row->name);
}

std::vector<DescribedOption> DescribeOptions(const NamespaceSettings& settings) {
  std::vector<DescribedOption> described;
  for (const NamespaceOption& row : NamespaceOptions()) {
    if (!row.available || row.sensitive) continue;
    if (IsOfDisk(row) && settings.engine != Engine::kDisk) continue;
    described.push_back({row.name, row.kind, row.get(settings)});
  }
  return described;
}

std::vector<std::pair<std::string, std::string>> ListOptions(const NamespaceSettings& settings) {
  std::vector<std::pair<std::string, std::string>> listed;
  for (const NamespaceOption& row : NamespaceOptions()) {
    if (!row.available) continue;
    if (row.repeatable) {
      if (settings.prefixes.empty()) listed.emplace_back(row.name, "");
      for (const std::string& prefix : settings.prefixes) listed.emplace_back(row.name, prefix);
    } else if (std::string value = row.get(settings); !value.empty()) {
      listed.emplace_back(row.name, std::move(value));
    }
  }
  return listed;
}

Problem ReadNamespaceDefaults(const GetEnv& get_env, NamespaceDefaults* defaults) {
  NamespaceSettings named = defaults->named;
  if (Problem problem = ReadBackend(get_env, &named)) return problem;
  if (Problem problem = ReadVariable(get_env, "CACHE_TTL_DEFAULT", "default_ttl", &named)) {
    return problem;
  }
  if (Problem problem = ReadVariable(get_env, "CACHE_MAX_SIZE", "max_entries", &named)) {
    return problem;
  }
  NamespaceSettings mcp;
  mcp.default_ttl_s = defaults->mcp_ttl_s;
  if (Problem problem = ReadVariable(get_env, "CODOMYRMEX_MCP_CACHE_TTL", "default_ttl", &mcp)) {
    return problem;
  }
  defaults->named = std::move(named);
  defaults->mcp_ttl_s = mcp.default_ttl_s;
  return std::nullopt;
}

NamespaceSettings NamespaceDefaults::For(std::string_view name) const {
  NamespaceSettings settings = named;
  if (name == "mcp") settings.default_ttl_s = mcp_ttl_s;
  return settings;
}

Problem CheckNamespaceName(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool valid =
      !name.empty() && name.size() <= 64 && letter(name[0]) &&
      std::all_of(name.begin(), name.end(), [&](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
      });
  if (valid) return std::nullopt;
  return "invalid namespace name: a letter, then at most 63 letters, digits, '.', '_' or '-'";
}

NamespaceSettings NumberedDatabase(int number, EvictionPolicy policy) {
  NamespaceSettings settings;
  settings.database = number;
  settings.max_entries = 0;
  settings.policy = policy;
  settings.default_ttl_s = 0;
  settings.flushall = true;
  return settings;
}

}  // namespace replete
