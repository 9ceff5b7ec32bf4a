#include "config/namespace_settings.h"

#include <gtest/gtest.h>

#include <map>

namespace replete {
namespace {

using Options = std::vector<OptionValue>;

Problem Create(NamespaceSettings* settings, const Options& options) {
  return ApplyOptions(settings, options, ApplyMode::kCreate);
}

Problem Alter(NamespaceSettings* settings, const Options& options) {
  return ApplyOptions(settings, options, ApplyMode::kAlter);
}

TEST(ConfigNamespace, EveryOption) {
  NamespaceSettings settings;
  EXPECT_EQ(Create(&settings, {{"engine", "memory"},
                               {"DATABASE", "5"},
                               {"Max_Entries", "10"},
                               {"max-memory", "64mb"},
                               {"policy", "FIFO"},
                               {"default_ttl", "0"},
                               {"PREFIX", "a:"},
                               {"flushall", "yes"},
                               {"prefix", "b:"}}),
            std::nullopt);
  EXPECT_EQ(settings.engine, Engine::kMemory);
  EXPECT_EQ(settings.database, 5);
  EXPECT_EQ(settings.max_entries, 10U);
  EXPECT_EQ(settings.max_memory, 67108864U);
  EXPECT_EQ(settings.policy, EvictionPolicy::kFifo);
  EXPECT_EQ(settings.default_ttl_s, 0U);
  EXPECT_EQ(settings.prefixes, (std::vector<std::string>{"a:", "b:"}));
  EXPECT_TRUE(settings.flushall);
}

TEST(ConfigNamespace, RedisPolicyNames) {
  NamespaceSettings settings;
  EXPECT_EQ(Alter(&settings, {{"policy", "noeviction"}}), std::nullopt);
  EXPECT_EQ(settings.policy, EvictionPolicy::kNone);
  EXPECT_EQ(Alter(&settings, {{"policy", "allkeys-lru"}}), std::nullopt);
  EXPECT_EQ(settings.policy, EvictionPolicy::kLru);
  EXPECT_EQ(Alter(&settings, {{"policy", "volatile-ttl"}}), std::nullopt);
  EXPECT_EQ(settings.policy, EvictionPolicy::kVolatileTtl);
}

TEST(ConfigNamespace, Problems) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"nope", "1", "unknown option 'nope'"},
      {"", "1", "unknown option ''"},
      {"engine", "upstream", "engine 'upstream' is not available in this version"},
      {"engine", "UPSTREAM", "engine 'upstream' is not available in this version"},
      {"engine", "tape",
       "bad value 'tape' for option 'engine': argument(s) must be one of the following: memory, "
       "disk, upstream"},
      {"database", "-1",
       "bad value '-1' for option 'database': argument must be between 0 and 2147483647 "
       "inclusive"},
      {"max_entries", "many",
       "bad value 'many' for option 'max_entries': argument couldn't be parsed into an integer"},
      {"max_entries", "-1",
       "bad value '-1' for option 'max_entries': argument must be between 0 and "
       "9223372036854775807 inclusive"},
      {"max_memory", "1tb",
       "bad value '1tb' for option 'max_memory': argument must be a memory value"},
      {"default_ttl", "4294967296",
       "bad value '4294967296' for option 'default_ttl': argument must be between 0 and "
       "4294967295 inclusive"},
      {"policy", "s3fifo", "policy 's3fifo' is not available in this version"},
      {"policy", "TINYLFU", "policy 'tinylfu' is not available in this version"},
      {"policy", "mru",
       "bad value 'mru' for option 'policy': argument must be " + std::string(kAvailablePolicies)},
      {"flushall", "1", "bad value '1' for option 'flushall': argument must be 'yes' or 'no'"},
  };
  for (const auto& [name, value, problem] : cases) {
    NamespaceSettings settings;
    EXPECT_EQ(Create(&settings, {{"prefix", "a:"}, {name, value}}), problem);
    EXPECT_EQ(settings, NamespaceSettings()) << name;  // nothing is applied
  }
}

TEST(ConfigNamespace, OptionsOfLaterVersions) {
  for (const std::string name :
       {"password", "ttl_jitter", "cascade", "max_connections", "max_ops_per_second",
        "warm_restart", "url", "format", "compress", "from"}) {
    NamespaceSettings settings;
    EXPECT_EQ(Create(&settings, {{name, "0"}}),
              "option '" + name + "' is not available in this version");
  }
}

TEST(ConfigNamespace, AlterKeepsEngineAndDatabase) {
  NamespaceSettings settings;
  EXPECT_EQ(Alter(&settings, {{"engine", "memory"}}), "option 'engine' cannot be altered");
  EXPECT_EQ(Alter(&settings, {{"Database", "1"}}), "option 'database' cannot be altered");
  EXPECT_EQ(Alter(&settings, {{"max_entries", "5"}}), std::nullopt);
  EXPECT_EQ(settings.max_entries, 5U);
}

TEST(ConfigNamespace, RepeatedOptions) {
  NamespaceSettings settings;
  EXPECT_EQ(Create(&settings, {{"max_entries", "5"}, {"MAX-ENTRIES", "6"}}),
            "option 'max_entries' is given twice");
  EXPECT_EQ(Create(&settings, {{"prefix", "a:"}, {"prefix", "b:"}}), std::nullopt);
  EXPECT_EQ(Alter(&settings, {{"prefix", "c:"}, {"prefix", "c:"}}),
            "bad value 'c:' for option 'prefix': the prefix is given twice");
  EXPECT_EQ(Alter(&settings, {{"prefix", "c:"}, {"prefix", ""}}),
            "bad value '' for option 'prefix': an empty value empties the list and must be the "
            "only one");
  EXPECT_EQ(settings.prefixes, (std::vector<std::string>{"a:", "b:"}));
  EXPECT_EQ(Alter(&settings, {{"max_entries", "7"}}), std::nullopt);
  EXPECT_EQ(settings.prefixes.size(), 2U);  // not named, not touched
  EXPECT_EQ(Alter(&settings, {{"prefix", "c:"}}), std::nullopt);
  EXPECT_EQ(settings.prefixes, (std::vector<std::string>{"c:"}));
  EXPECT_EQ(Alter(&settings, {{"prefix", ""}}), std::nullopt);
  EXPECT_TRUE(settings.prefixes.empty());
}

TEST(ConfigNamespace, PrefixesAreBounded) {
  NamespaceSettings settings;
  const std::string longest(512, 'x');
  EXPECT_EQ(Create(&settings, {{"prefix", longest}}), std::nullopt);
  const std::string too_long = longest + "x";
  EXPECT_EQ(Create(&settings, {{"prefix", too_long}}),
            "bad value '" + too_long + "' for option 'prefix': a prefix has at most 512 bytes");
  std::vector<std::string> names;
  for (int i = 0; i < 257; ++i) names.push_back(std::to_string(i));
  Options options;
  for (const std::string& name : names) options.push_back({"prefix", name});
  EXPECT_EQ(Create(&settings, options),
            "bad value '256' for option 'prefix': a namespace has at most 256 prefixes");
  options.pop_back();
  EXPECT_EQ(Create(&settings, options), std::nullopt);
  EXPECT_EQ(settings.prefixes.size(), 256U);
}

TEST(ConfigNamespace, RowsReadWhatTheyPrint) {
  for (const NamespaceOption& row : NamespaceOptions()) {
    if (row.available) {
      EXPECT_TRUE(row.set != nullptr && row.get != nullptr) << row.name;
    }
    if (row.set == nullptr || row.repeatable || row.name == "database") continue;
    NamespaceSettings settings;
    EXPECT_EQ(row.set(row, row.get(settings), &settings), std::nullopt) << row.name;
    EXPECT_EQ(settings, NamespaceSettings()) << row.name;
  }
  const NamespaceOption* cascade_row = FindRow(NamespaceOptions(), "cascade");
  ASSERT_NE(cascade_row, nullptr);
  NamespaceSettings settings;
  EXPECT_EQ(cascade_row->get(settings), "write delete invalidate");
  EXPECT_EQ(cascade_row->set(*cascade_row, "EVICT", &settings), std::nullopt);
  EXPECT_EQ(settings.cascade, 1 | 2 | 4 | 16);
  EXPECT_EQ(cascade_row->set(*cascade_row, "read", &settings),
            "argument(s) must be one of the following: write, delete, invalidate, expire, evict");
}

TEST(ConfigNamespace, Description) {
  NamespaceSettings settings;
  settings.database = 3;
  settings.prefixes = {"a:", "b:"};
  settings.password = "secret";
  std::map<std::string, std::string> described;
  for (const DescribedOption& option : DescribeOptions(settings)) {
    described[std::string(option.name)] = option.value;
    EXPECT_EQ(option.kind == ValueKind::kInteger, option.name == "database" ||
                                                      option.name == "max_entries" ||
                                                      option.name == "default_ttl");
  }
  const std::map<std::string, std::string> expected = {
      {"engine", "memory"},   {"database", "3"},   {"max_entries", "1000"},
      {"max_memory", "0"},    {"min_memory", "0"}, {"policy", "lru"},
      {"default_ttl", "300"}, {"prefix", "a: b:"}, {"flushall", "no"}};
  EXPECT_EQ(described, expected);
}

TEST(ConfigNamespace, NumberedDatabasesFollowRedis) {
  const NamespaceSettings settings = NumberedDatabase(4, EvictionPolicy::kVolatileLru);
  EXPECT_EQ(settings.database, 4);
  EXPECT_EQ(settings.max_entries, 0U);
  EXPECT_EQ(settings.max_memory, 0U);
  EXPECT_EQ(settings.default_ttl_s, 0U);
  EXPECT_EQ(settings.policy, EvictionPolicy::kVolatileLru);
  EXPECT_TRUE(settings.flushall);
}

Problem ReadFrom(const std::map<std::string, const char*>& environment,
                 NamespaceDefaults* defaults) {
  const auto get_env = [&environment](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second;
  };
  return ReadNamespaceDefaults(get_env, defaults);
}

TEST(ConfigNamespaceDefaults, FromTheEnvironment) {
  NamespaceDefaults defaults;
  EXPECT_EQ(ReadFrom({}, &defaults), std::nullopt);
  EXPECT_EQ(defaults.named, NamespaceSettings());
  EXPECT_EQ(defaults.named.policy, EvictionPolicy::kLru);
  EXPECT_EQ(defaults.named.default_ttl_s, 300U);
  EXPECT_EQ(defaults.named.max_entries, 1000U);
  EXPECT_EQ(ReadFrom({{"CACHE_TTL_DEFAULT", ""}, {"CACHE_BACKEND", ""}}, &defaults), std::nullopt);
  EXPECT_EQ(defaults.named, NamespaceSettings());
  EXPECT_EQ(
      ReadFrom(
          {{"CACHE_TTL_DEFAULT", "60"}, {"CACHE_MAX_SIZE", "0"}, {"CACHE_BACKEND", "in_memory"}},
          &defaults),
      std::nullopt);
  EXPECT_EQ(defaults.named.default_ttl_s, 60U);
  EXPECT_EQ(defaults.named.max_entries, 0U);
  // The function of the C library fits.
  EXPECT_EQ(ReadNamespaceDefaults(std::getenv, &defaults), std::nullopt);
}

TEST(ConfigNamespaceDefaults, BadVariablesAreNamed) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"CACHE_TTL_DEFAULT", "5m",
       "environment variable CACHE_TTL_DEFAULT='5m': argument couldn't be parsed into an integer "
       "(allowed: an integer from 0 to 4294967295)"},
      {"CACHE_MAX_SIZE", "-1",
       "environment variable CACHE_MAX_SIZE='-1': argument must be between 0 and "
       "9223372036854775807 inclusive (allowed: an integer from 0 to 9223372036854775807)"},
      {"CACHE_BACKEND", "tape",
       "environment variable CACHE_BACKEND='tape': argument(s) must be one of the following: "
       "in_memory, file_based, redis"},
      {"CACHE_BACKEND", "redis",
       "environment variable CACHE_BACKEND='redis': engine 'upstream' is not available in this "
       "version"},
  };
  for (const auto& [variable, value, problem] : cases) {
    NamespaceDefaults defaults;
    EXPECT_EQ(ReadFrom({{variable, value}}, &defaults), problem);
    EXPECT_EQ(defaults.named, NamespaceSettings());
  }
  NamespaceDefaults defaults;
  EXPECT_NE(ReadFrom({{"CACHE_TTL_DEFAULT", "60"}, {"CACHE_MAX_SIZE", "x"}}, &defaults),
            std::nullopt);
  EXPECT_EQ(defaults.named, NamespaceSettings());
}

}  // namespace
}  // namespace replete
