#include "config/settings.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "config/event_flags.h"
#include "config/foreign_settings.h"
#include "config/settings_table.h"

namespace replete {
namespace {

using Pairs = std::vector<Settings::NameValue>;
using Answer = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string> Set(Settings* settings, const Pairs& pairs,
                               Settings::Access access = Settings::Access::kPlain) {
  return settings->Set(pairs, access);
}

std::string Failed(const std::string& name, const std::string& why) {
  return "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why;
}

// Enough of a glob for these tests: * anywhere, ? for one character, the rest literally.
bool Match(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return Match(pattern.substr(1), text) || (!text.empty() && Match(pattern, text.substr(1)));
  }
  if (text.empty() || (pattern[0] != '?' && pattern[0] != text[0])) return false;
  return Match(pattern.substr(1), text.substr(1));
}

Answer Get(const Settings& settings, const std::vector<std::string_view>& patterns) {
  return settings.Get(patterns, Match);
}

std::string GetOne(const Settings& settings, std::string_view name) {
  const Answer answer = Get(settings, {name});
  return answer.size() == 1 ? answer[0].second : "(absent)";
}

TEST(ConfigTable, EveryRowIsWhole) {
  std::set<std::string> names;
  for (const Setting& setting : SettingsTable()) {
    const std::string name(setting.name);
    EXPECT_EQ(name, LowerCase(name));
    EXPECT_EQ(name.find('_'), std::string::npos) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_FALSE(setting.doc.empty()) << name;
    EXPECT_FALSE(setting.section.empty()) << name;
    EXPECT_FALSE(DescribeAllowed(setting).empty()) << name;
    EXPECT_FALSE(DescribeDefault(setting).empty()) << name;
    ASSERT_NE(setting.set, nullptr) << name;
    // What is printed can be read again and means the same.
    Config config;
    EXPECT_EQ(setting.set(setting, setting.get(config), &config), std::nullopt) << name;
    if (setting.name != "dir") {
      EXPECT_EQ(config, Config()) << name;
    }
  }
  for (const ForeignSetting& setting : ForeignSettings()) {
    EXPECT_TRUE(names.insert(std::string(setting.name)).second) << setting.name;
    EXPECT_FALSE(setting.reason.empty()) << setting.name;
    EXPECT_EQ(FindSetting(setting.name), nullptr) << setting.name;
    EXPECT_EQ(FindForeignSetting(setting.name), &setting);
    if (setting.fixed) {
      EXPECT_EQ(CheckForeignValue(setting, *setting.fixed), std::nullopt);
    }
  }
}

TEST(ConfigTable, Defaults) {
  const std::pair<const char*, const char*> cases[] = {
      {"bind", "127.0.0.1 -::1"},
      {"port", "6379"},
      {"unixsocket", ""},
      {"unixsocketperm", "0"},
      {"maxclients", "10000"},
      {"timeout", "0"},
      {"tcp-keepalive", "300"},
      {"tcp-backlog", "511"},
      {"databases", "16"},
      {"maxmemory", "0"},
      {"maxmemory-policy", "noeviction"},
      {"requirepass", ""},
      {"protected-mode", "yes"},
      {"loglevel", "notice"},
      {"logfile", ""},
      {"proto-max-bulk-len", "536870912"},
      {"client-query-buffer-limit", "1073741824"},
      {"notify-keyspace-events", ""},
      {"auto-create", "no"},
      {"enable-protected-configs", "no"},
      {"hash-max-listpack-entries", "512"},
      {"hash-max-listpack-value", "64"},
      {"list-max-listpack-size", "-2"},
      {"hash-max-ziplist-entries", "512"},
      {"list-max-ziplist-size", "-2"},
      {"appendonly", "no"},
      {"save", ""},
      {"cluster-enabled", "no"},
      {"daemonize", "no"},
      {"hz", "10"},
  };
  const Settings settings{Config{}};
  for (const auto& [name, value] : cases) EXPECT_EQ(GetOne(settings, name), value) << name;
  EXPECT_EQ(GetOne(settings, "threads"), std::to_string(DefaultThreads()));
  EXPECT_GE(DefaultThreads(), 1);
  EXPECT_EQ(GetOne(settings, "dir").front(), '/');
}

TEST(ConfigSet, WordsOfRedis) {
  // Every text is redis-server 7.0.15's.
  constexpr char kInteger[] = "argument couldn't be parsed into an integer";
  constexpr char kMemory[] = "argument must be a memory value";
  constexpr char kYesNo[] = "argument must be 'yes' or 'no'";
  constexpr char kImmutable[] = "can't set immutable config";
  constexpr char kIntRange[] = "argument must be between 0 and 2147483647 inclusive";
  constexpr char kPolicies[] =
      "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, "
      "volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction";
  constexpr char kBufferRange[] =
      "argument must be between 1048576 and 9223372036854775807 inclusive";
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"maxmemory", "abc", kMemory},
      {"maxmemory", "10%", kMemory},
      {"timeout", "x", kInteger},
      {"timeout", "-1", kIntRange},
      {"timeout", "99999999999", kIntRange},
      {"tcp-keepalive", "-1", kIntRange},
      {"maxclients", "0", "argument must be between 1 and 4294967295 inclusive"},
      {"maxclients", "4294967296", "argument must be between 1 and 4294967295 inclusive"},
      {"protected-mode", "maybe", kYesNo},
      {"maxmemory-policy", "mru", kPolicies},
      {"maxmemory-policy", "", kPolicies},
      {"proto-max-bulk-len", "1", kBufferRange},
      {"client-query-buffer-limit", "1023kb", kBufferRange},
      {"notify-keyspace-events", "q", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."},
      {"client-output-buffer-limit", "normal 1",
       "Wrong number of arguments in buffer limit configuration."},
      {"hash-max-ziplist-entries", "x", kInteger},
      {"hash-max-listpack-value", "-1", kMemory},
      {"list-max-listpack-size", "-2147483649",
       "argument must be between -2147483648 and 2147483647 inclusive"},
      {"tcp-backlog", "1", kImmutable},
      {"databases", "1", kImmutable},
      {"logfile", "x", kImmutable},
      {"unixsocket", "x", kImmutable},
      {"unixsocketperm", "x", kImmutable},
      {"enable-protected-configs", "yes", kImmutable},
      {"daemonize", "no", kImmutable},
      {"io-threads", "2", kImmutable},
      {"cluster-enabled", "no", kImmutable},
      {"dir", "/tmp", "can't set protected config"},
      {"appendonly", "maybe", kYesNo},
      // Ours alone: rebinding needs a restart.
      {"port", "1", kImmutable},
      {"bind", "127.0.0.1", kImmutable},
      {"threads", "1", kImmutable},
      {"maxmemory-policy", "tinyLFU", "policy 'tinylfu' is not available in this version"},
      {"maxmemory-policy", "s3fifo", "policy 's3fifo' is not available in this version"},
  };
  Settings settings{Config{}};
  for (const auto& [name, value, why] : cases) {
    EXPECT_EQ(Set(&settings, {{name, value}}), Failed(name, why)) << name << " " << value;
  }
  EXPECT_EQ(*settings.Snapshot(), Config());
  EXPECT_EQ(settings.version(), 1U);
}

TEST(ConfigSet, UnknownNames) {
  constexpr char kUnknown[] = "ERR Unknown option or number of arguments for CONFIG SET - '";
  Settings settings{Config{}};
  for (const std::string name : {"nope", "No_pe", "", "include", "loadmodule"}) {
    EXPECT_EQ(Set(&settings, {{name, "1"}}), kUnknown + name + "'");
  }
  // The first offence in the order of the names is told, before any value is looked at.
  EXPECT_EQ(Set(&settings, {{"maxmemory", "x"}, {"nope", "2"}}), kUnknown + std::string("nope'"));
  EXPECT_EQ(Set(&settings, {{"tcp-backlog", "2"}, {"nope", "1"}}),
            Failed("tcp-backlog", "can't set immutable config"));
}

TEST(ConfigSet, Duplicates) {
  Settings settings{Config{}};
  EXPECT_EQ(Set(&settings, {{"maxmemory", "1kb"}, {"MAXMEMORY", "2kb"}}),
            Failed("MAXMEMORY", "duplicate parameter"));
  EXPECT_EQ(Set(&settings, {{"tcp-keepalive", "1"}, {"tcp_keepalive", "2"}}),
            Failed("tcp_keepalive", "duplicate parameter"));
  // To Redis an alias is a name of its own.
  EXPECT_EQ(Set(&settings, {{"hash-max-ziplist-entries", "4"}, {"hash-max-listpack-entries", "5"}}),
            std::nullopt);
  EXPECT_EQ(GetOne(settings, "hash-max-ziplist-entries"), "5");
}

TEST(ConfigSet, AllOrNothing) {
  Settings settings{Config{}};
  EXPECT_EQ(Set(&settings, {{"maxmemory", "1mb"}, {"timeout", "5"}, {"maxclients", "x"}}),
            Failed("maxclients", "argument couldn't be parsed into an integer"));
  EXPECT_EQ(*settings.Snapshot(), Config());
  EXPECT_EQ(Set(&settings, {{"MaxMemory", "1mb"},
                            {"timeout", "5"},
                            {"maxmemory-policy", "ALLKEYS-LRU"},
                            {"notify-keyspace-events", "KEA"}}),
            std::nullopt);
  const std::shared_ptr<const Config> config = settings.Snapshot();
  EXPECT_EQ(config->maxmemory, 1048576U);
  EXPECT_EQ(config->timeout_s, 5);
  EXPECT_EQ(config->maxmemory_policy, EvictionPolicy::kLru);
  EXPECT_EQ(config->notify_keyspace_events,
            event_flags::kAll | event_flags::kKeyspace | event_flags::kKeyevent);
  EXPECT_EQ(GetOne(settings, "maxmemory"), "1048576");
  EXPECT_EQ(GetOne(settings, "maxmemory-policy"), "allkeys-lru");
  EXPECT_EQ(GetOne(settings, "notify-keyspace-events"), "AKE");
}

TEST(ConfigSet, SettingsOfRedisWithoutMeaning) {
  Settings settings{Config{}};
  EXPECT_EQ(Set(&settings, {{"appendonly", "no"}, {"save", ""}, {"hz", "10"}}), std::nullopt);
  EXPECT_EQ(settings.version(), 1U);
  constexpr char kNoFiles[] =
      "use engine = \"disk\" for a namespace that must outlive the daemon; namespaces in memory "
      "write no files";
  EXPECT_EQ(Set(&settings, {{"appendonly", "yes"}}), Failed("appendonly", kNoFiles));
  EXPECT_EQ(Set(&settings, {{"save", "3600 1"}}), Failed("save", kNoFiles));
  EXPECT_EQ(Set(&settings, {{"maxmemory-samples", "5"}}),
            Failed("maxmemory-samples", "eviction here goes by exact order, not by samples"));
  EXPECT_EQ(Set(&settings, {{"set-max-intset-entries", "5"}}),
            Failed("set-max-intset-entries", "not available in this version"));
  EXPECT_EQ(Set(&settings, {{"masterauth", "x"}}),
            Failed("masterauth", "replication is not available in this version"));
  EXPECT_EQ(Set(&settings, {{"slave-priority", "5"}}),
            Failed("slave-priority", "replication is not available in this version"));
  EXPECT_EQ(Set(&settings, {{"timeout", "9"}, {"appendonly", "yes"}}),
            Failed("appendonly", kNoFiles));
  EXPECT_EQ(settings.Snapshot()->timeout_s, 0);
}

TEST(ConfigSet, DirNeedsAccessAndMustExist) {
  Settings settings{Config{}};
  constexpr auto kProtected = Settings::Access::kProtected;
  EXPECT_EQ(Set(&settings, {{"dir", "/nope"}}, kProtected),
            Failed("dir", "No such file or directory"));
  EXPECT_EQ(Set(&settings, {{"dir", ""}}, kProtected), Failed("dir", "No such file or directory"));
  EXPECT_EQ(Set(&settings, {{"dir", "/etc/passwd"}}, kProtected), Failed("dir", "Not a directory"));
  EXPECT_EQ(Set(&settings, {{"dir", "/usr/../usr"}}, kProtected), std::nullopt);
  EXPECT_EQ(GetOne(settings, "dir"), "/usr");
}

TEST(ConfigSet, SubscribersSeeOldAndNew) {
  Settings settings{Config{}};
  std::vector<std::string> calls;
  settings.OnChange([&](const Config& old, const Config& now) {
    // The change is visible to whoever is told of it.
    EXPECT_EQ(settings.Snapshot()->timeout_s, now.timeout_s);
    calls.push_back(std::to_string(old.timeout_s) + ">" + std::to_string(now.timeout_s));
  });
  const std::shared_ptr<const Config> before = settings.Snapshot();
  EXPECT_EQ(Set(&settings, {{"timeout", "7"}}), std::nullopt);
  EXPECT_EQ(Set(&settings, {{"timeout", "7"}}), std::nullopt);  // changes nothing
  EXPECT_NE(Set(&settings, {{"timeout", "x"}}), std::nullopt);
  EXPECT_EQ(Set(&settings, {{"timeout", "8"}}), std::nullopt);
  EXPECT_EQ(calls, (std::vector<std::string>{"0>7", "7>8"}));
  EXPECT_EQ(settings.version(), 3U);
  EXPECT_EQ(before->timeout_s, 0);
}

TEST(ConfigSet, ChecksMayRefuse) {
  Settings settings{Config{}};
  settings.AddCheck([](const Config& old, const Config& now) -> std::optional<Settings::Refusal> {
    if (now.maxclients == old.maxclients || now.maxclients <= 20000) return std::nullopt;
    return Settings::Refusal{"maxclients", "too many"};
  });
  int changes = 0;
  settings.OnChange([&](const Config&, const Config&) { ++changes; });
  EXPECT_EQ(Set(&settings, {{"timeout", "3"}, {"maxclients", "30000"}}),
            Failed("maxclients", "too many"));
  EXPECT_EQ(*settings.Snapshot(), Config());
  EXPECT_EQ(changes, 0);
  EXPECT_EQ(Set(&settings, {{"maxclients", "20000"}}), std::nullopt);
  EXPECT_EQ(changes, 1);
}

TEST(ConfigSet, ReadersAndWritersTogether) {
  Settings settings{Config{}};
  // Both values always change together, so no reader may see them apart.
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&settings, i] {
      for (int n = 0; n < 300; ++n) {
        const std::string value = std::to_string(2 * n + i);
        EXPECT_EQ(Set(&settings, {{"timeout", value}, {"tcp-keepalive", value}}), std::nullopt);
      }
    });
  }
  threads.emplace_back([&settings] {
    uint64_t last = 0;
    for (int n = 0; n < 1000; ++n) {
      const uint64_t version = settings.version();
      EXPECT_GE(version, last);
      last = version;
      const std::shared_ptr<const Config> config = settings.Snapshot();
      if (version > 1) {
        EXPECT_EQ(config->timeout_s, config->tcp_keepalive_s);
      }
      EXPECT_EQ(Get(settings, {"t*"}).size(), 7U);
    }
  });
  for (std::thread& thread : threads) thread.join();
}

TEST(ConfigGet, NamesAreAnsweredAsWritten) {
  const Settings settings{Config{}};
  EXPECT_EQ(Get(settings, {"MaxMemory"}), (Answer{{"MaxMemory", "0"}}));
  EXPECT_EQ(Get(settings, {"maxmemory", "MAXMEMORY"}), (Answer{{"maxmemory", "0"}}));
  EXPECT_EQ(Get(settings, {"tcp_backlog"}), (Answer{{"tcp_backlog", "511"}}));
  EXPECT_EQ(Get(settings, {"nope", "", "include"}), Answer());
  EXPECT_EQ(Get(settings, {"maxmemory-samples"}), Answer());
  EXPECT_EQ(Get(settings, {"HASH-max-zipLIST-value", "hash-max-listpack-value"}),
            (Answer{{"HASH-max-zipLIST-value", "64"}, {"hash-max-listpack-value", "64"}}));
}

TEST(ConfigGet, Globs) {
  const Settings settings{Config{}};
  EXPECT_EQ(Get(settings, {"MAXMEM*y"}),
            (Answer{{"maxmemory", "0"}, {"maxmemory-policy", "noeviction"}}));
  EXPECT_EQ(Get(settings, {"maxmemor?", "maxmemory"}), (Answer{{"maxmemory", "0"}}));
  EXPECT_EQ(Get(settings, {"hash-*"}), (Answer{{"hash-max-listpack-entries", "512"},
                                               {"hash-max-ziplist-entries", "512"},
                                               {"hash-max-listpack-value", "64"},
                                               {"hash-max-ziplist-value", "64"}}));
  EXPECT_EQ(Get(settings, {"appendo*"}), (Answer{{"appendonly", "no"}}));
  const Answer all = Get(settings, {"*"});
  std::set<std::string> names;
  for (const auto& [name, value] : all) EXPECT_TRUE(names.insert(name).second) << name;
  EXPECT_GE(all.size(), SettingsTable().size());
}

TEST(ConfigGet, PrintsTheDetailsOfRedis) {
  Config config;
  config.bind = {"10.0.0.1", "::1"};
  config.unixsocketperm = 0770;
  config.maxmemory_policy = EvictionPolicy::kTtl;
  config.enable_protected_configs = ProtectedActions::kLocal;
  Settings settings{config};
  EXPECT_EQ(Set(&settings, {{"client-output-buffer-limit", "normal 1mb 2kb 3"}}), std::nullopt);
  EXPECT_EQ(GetOne(settings, "client-output-buffer-limit"),
            "normal 1048576 2048 3 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  EXPECT_EQ(GetOne(settings, "bind"), "10.0.0.1 ::1");
  EXPECT_EQ(GetOne(settings, "unixsocketperm"), "770");
  EXPECT_EQ(GetOne(settings, "maxmemory-policy"), "ttl");
  EXPECT_EQ(GetOne(settings, "enable-protected-configs"), "local");
}

}  // namespace
}  // namespace replete
