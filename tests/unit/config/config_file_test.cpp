// What the configuration file says, and over it environment and command line.
#include "config/config_file.h"

#include <gtest/gtest.h>

#include <sstream>

#include "config/environment.h"
#include "config/toml_text.h"

namespace replete {
namespace {

struct Composed {
  Configuration configuration;
  std::vector<std::string> problems;
};

Composed From(std::string_view text, const std::vector<const char*>& variables = {}) {
  ConfigFile file = ParseConfigFile(text, "replete.toml");
  Composed composed;
  composed.problems = file.problems;
  std::vector<const char*> environment = variables;
  environment.push_back(nullptr);
  ConfigSource source;
  for (std::string& problem : ReadEnvironment(environment.data(), &source)) {
    composed.problems.push_back(std::move(problem));
  }
  const ConfigSource* const sources[] = {&file.source, &source};
  for (std::string& problem : Compose({}, sources, &composed.configuration)) {
    composed.problems.push_back(std::move(problem));
  }
  return composed;
}

// The only problem of a text.
std::string Mistake(std::string_view text, const std::vector<const char*>& variables = {}) {
  const Composed composed = From(text, variables);
  EXPECT_EQ(composed.problems.size(), 1U) << text;
  return composed.problems.empty() ? "" : composed.problems[0];
}

TEST(ConfigFileTest, EveryKindOfValue) {
  const Composed composed = From(R"(
# A comment.
[server]
bind = ["127.0.0.1", "-::1"]
port = 7000
tcp_backlog = "5"
unixsocketperm = "700"
auto-create = true
enable_protected_configs = "local"
loglevel = "debug"
appendonly = "no"
client_output_buffer_limit = ["normal 1 2 3", "pubsub 32mb 8mb 60"]
[memory]
maxmemory = "2gb"
maxmemory_policy = "allkeys-lru"
[observation]
latency-tracking-info-percentiles = [50, 99.9]
[namespace.llm]
max_entries = 1000
max_memory = "64mb"
policy = "lfu"
prefix = ["llm:", "with blank:"]
flushall = true
database = 5
[namespace.plain]
[namespace."dotted.name"]
default_ttl = 0
[namespace.0]
max_entries = 10
)");
  ASSERT_TRUE(composed.problems.empty()) << composed.problems[0];
  const Config& config = composed.configuration.config;
  EXPECT_EQ(config.bind, (std::vector<std::string>{"127.0.0.1", "-::1"}));
  EXPECT_EQ(config.port, 7000);
  EXPECT_EQ(config.tcp_backlog, 5);
  EXPECT_EQ(config.unixsocketperm, 0700);
  EXPECT_TRUE(config.auto_create);
  EXPECT_EQ(config.enable_protected_configs, ProtectedActions::kLocal);
  EXPECT_EQ(config.loglevel, LogLevel::kDebug);
  EXPECT_EQ(config.client_output_buffer_limit.of(ClientClass::kNormal),
            (OutputBufferLimit{1, 2, 3}));
  EXPECT_EQ(config.maxmemory, uint64_t{2} << 30);
  EXPECT_EQ(config.maxmemory_policy, EvictionPolicy::kLru);
  EXPECT_EQ(config.latency_tracking_info_percentiles, (std::vector<double>{50, 99.9}));
  ASSERT_EQ(composed.configuration.namespaces.size(), 4U);
  EXPECT_EQ(composed.configuration.namespaces[0].name, "llm") << "in their order";
  const NamespaceSettings& llm = composed.configuration.Find("llm")->settings;
  EXPECT_EQ(llm.max_entries, 1000U);
  EXPECT_EQ(llm.max_memory, uint64_t{64} << 20);
  EXPECT_EQ(llm.policy, EvictionPolicy::kLfu);
  EXPECT_EQ(llm.prefixes, (std::vector<std::string>{"llm:", "with blank:"}));
  EXPECT_TRUE(llm.flushall);
  EXPECT_EQ(llm.database, 5);
  EXPECT_EQ(composed.configuration.Find("plain")->settings, NamespaceSettings());
  EXPECT_EQ(composed.configuration.Find("dotted.name")->settings.default_ttl_s, 0U);
  EXPECT_EQ(composed.configuration.Find("0")->settings.max_entries, 10U);
  EXPECT_EQ(composed.configuration.Find("0")->settings.policy, EvictionPolicy::kLru)
      << "that of maxmemory-policy";
}

TEST(ConfigFileTest, MistakesNameFileLineKeyValueAndWhatIsAllowed) {
  EXPECT_EQ(Mistake("[server]\nport = \"abc\"\n"),
            "replete.toml:2: port 'abc': argument couldn't be parsed into an integer (allowed: an "
            "integer from 0 to 65535)");
  EXPECT_EQ(Mistake("[server]\n\nport = true\n"),
            "replete.toml:3: port takes an integer, not a boolean");
  EXPECT_EQ(Mistake("[server]\nrequirepass = 1234\n"),
            "replete.toml:2: requirepass takes a string, not an integer");
  EXPECT_EQ(Mistake("[server]\nrequirepass = [\"a\"]\n"),
            "replete.toml:2: requirepass takes a string, not an array");
  EXPECT_EQ(Mistake("[server]\nunixsocketperm = 700\n"),
            "replete.toml:2: unixsocketperm takes a string of octal digits, not an integer");
  EXPECT_EQ(Mistake("[server]\nprot = 1\n"),
            "replete.toml:2: prot: no such setting; --help lists them");
  EXPECT_EQ(Mistake("[server]\nmaxmemory = 1\n"),
            "replete.toml:2: maxmemory belongs in section 'memory'");
  EXPECT_EQ(Mistake("port = 1\n"), "replete.toml:1: port: it belongs in section [server]");
  EXPECT_EQ(Mistake("[sever]\nport = 1\n"),
            "replete.toml:1: no section 'sever'; there are server, memory, disk, events, types, "
            "observation, namespace");
  EXPECT_EQ(Mistake("[server]\ntcp-backlog = 1\ntcp_backlog = 2\n"),
            "replete.toml:3: tcp_backlog is given twice");
  EXPECT_EQ(Mistake("[server]\nappendonly = \"yes\"\n"),
            "replete.toml:2: appendonly 'yes': use engine = \"disk\" for a namespace that must "
            "outlive the daemon; namespaces in memory write no "
            "files");
  EXPECT_EQ(Mistake("[namespace.llm]\nmax_entires = 5\n"),
            "replete.toml:2: namespace 'llm': unknown option 'max_entires'");
  EXPECT_EQ(Mistake("[namespace.llm]\nmax_entries = -5\n"),
            "replete.toml:2: namespace 'llm': bad value '-5' for option 'max_entries': argument "
            "must be between 0 and 9223372036854775807 inclusive");
  EXPECT_EQ(Mistake("[namespace.llm]\npolicy = [1]\n"),
            "replete.toml:2: namespace 'llm': option 'policy' takes a string, not an array");
  EXPECT_EQ(Mistake("[namespace.llm]\nengine = \"upstream\"\n"),
            "replete.toml:2: namespace 'llm': engine 'upstream' is not available in this version");
  EXPECT_EQ(Mistake("[namespace.llm]\npassword = \"x\"\n"),
            "replete.toml:2: namespace 'llm': option 'password' is not available in this version");
  EXPECT_EQ(Mistake("[namespace.\"1st\"]\n"),
            "replete.toml:1: '1st': there is no numbered database '1st': databases is 16");
  EXPECT_EQ(Mistake("[namespace.\"a b\"]\n"),
            "replete.toml:1: 'a b': invalid namespace name: a letter, then at most 63 letters, "
            "digits, '.', '_' or '-'");
  EXPECT_EQ(Mistake("[namespace.16]\n"),
            "replete.toml:1: '16': there is no numbered database '16': databases is 16");
  EXPECT_EQ(Mistake("[namespace.1]\nprefix = \"a\"\n"),
            "replete.toml:2: namespace '1': option 'prefix' is for named namespaces");
  EXPECT_EQ(Mistake("[namespace.llm]\nhot_memory = \"1mb\"\n"),
            "replete.toml:2: namespace 'llm': option 'hot_memory' is for namespaces on disk");
  EXPECT_EQ(Mistake("[namespace.0]\ndurability = \"sync\"\nengine = \"memory\"\n"),
            "replete.toml:2: namespace '0': option 'durability' is for namespaces on disk");
  EXPECT_EQ(Mistake("[[warming]]\nname = \"x\"\n"),
            "replete.toml:1: section 'warming' is not available in this version");
  EXPECT_EQ(Mistake("[server\nport = 1\n").substr(0, 26), "replete.toml:1: '[server':");
  EXPECT_EQ(Mistake("[server]\nport 6379\n").substr(0, 29), "replete.toml:2: 'port 6379': ");
}

TEST(ConfigFileTest, TheEngineIsTheOneThatIsSaidLast) {
  const Composed composed =
      From("[namespace.llm]\nhot_memory = \"1mb\"\n", {"REPLETE__NAMESPACE__LLM__ENGINE=disk"});
  EXPECT_TRUE(composed.problems.empty());
  EXPECT_EQ(composed.configuration.Find("llm")->settings.hot_memory, 1U << 20);
}

TEST(ConfigFileTest, MistakesBetweenNamespaces) {
  EXPECT_EQ(Mistake("[namespace.a]\ndatabase = 3\n[namespace.b]\ndatabase = 3\n"),
            "replete.toml:3: namespace 'b': database 3 belongs to namespace 'a'");
  EXPECT_EQ(Mistake("[namespace.a]\nprefix = \"x:\"\n[namespace.b]\nprefix = [\"y:\", \"x:\"]\n"),
            "replete.toml:3: namespace 'b': prefix 'x:' belongs to namespace 'a'");
  EXPECT_EQ(Mistake("[namespace.a]\ndatabase = 16\n"),
            "replete.toml:1: namespace 'a': database 16 is out of range: databases is 16");
  EXPECT_EQ(Mistake("[namespace.a]\ndatabase = 3\n[namespace.3]\nmax_entries = 1\n"),
            "replete.toml:3: database 3 belongs to namespace 'a'");
}

TEST(ConfigFileTest, EveryMistakeIsToldAndNothingIsTaken) {
  const Composed composed =
      From("[server]\nport = 70000\ntimeout = \"x\"\n[namespace.a]\npolicy = \"best\"\n",
           {"REPLETE__SERVER__PROT=1"});
  EXPECT_EQ(composed.problems.size(), 4U);
  EXPECT_EQ(composed.configuration.config, Config());
  EXPECT_TRUE(composed.configuration.namespaces.empty());
}

TEST(ConfigFileTest, TheEnvironmentOverridesTheFile) {
  const Composed composed =
      From("[server]\nport = 7000\ntimeout = 5\n[namespace.LLM-v2]\nmax_entries = 1\n",
           {"HOME=/", "REPLETE__SERVER__PORT=7001", "REPLETE__MEMORY__MAXMEMORY_POLICY=allkeys-lfu",
            "REPLETE__SERVER__REQUIREPASS=", "REPLETE_SERVICE_PORT=tcp://10.0.0.1:6379",
            "REPLETE__NAMESPACE__LLM_V2__MAX_ENTRIES=9", "REPLETE__NAMESPACE__NEW__PREFIX=a: b:"});
  ASSERT_TRUE(composed.problems.empty()) << composed.problems[0];
  EXPECT_EQ(composed.configuration.config.port, 7001);
  EXPECT_EQ(composed.configuration.config.timeout_s, 5);
  EXPECT_EQ(composed.configuration.config.maxmemory_policy, EvictionPolicy::kLfu);
  ASSERT_EQ(composed.configuration.namespaces.size(), 2U);
  EXPECT_EQ(composed.configuration.Find("LLM-v2")->settings.max_entries, 9U);
  EXPECT_EQ(composed.configuration.Find("new")->settings.prefixes,
            (std::vector<std::string>{"a:", "b:"}));
}

TEST(ConfigFileTest, MistakesInVariablesNameThem) {
  EXPECT_EQ(Mistake("", {"REPLETE__SERVER__PORT=x"}),
            "REPLETE__SERVER__PORT 'x': argument couldn't be parsed into an integer (allowed: an "
            "integer from 0 to 65535)");
  EXPECT_EQ(Mistake("", {"REPLETE__PORT=1"}),
            "REPLETE__PORT: a variable is REPLETE__SECTION__NAME or "
            "REPLETE__NAMESPACE__NAME__OPTION");
  EXPECT_EQ(Mistake("", {"REPLETE__SERVER__MAXMEMORY=1"}),
            "REPLETE__SERVER__MAXMEMORY: maxmemory belongs in section 'memory'");
  EXPECT_EQ(Mistake("", {"REPLETE__NAMESPACE__A=1"}),
            "REPLETE__NAMESPACE__A: names no option: REPLETE__NAMESPACE__NAME__OPTION");
  EXPECT_EQ(Mistake("", {"REPLETE__NAMESPACE__A__NOPE=1"}),
            "REPLETE__NAMESPACE__A__NOPE: unknown option 'nope'");
}

// Every default of the sample file is one, and its text can be used as it is.
TEST(ConfigFileTest, TheSampleSaysTheDefaults) {
  const std::string sample = SampleConfig();
  EXPECT_TRUE(From(sample).problems.empty());
  EXPECT_EQ(From(sample).configuration.config, Config());
  std::istringstream lines(sample);
  std::string used;
  for (std::string line; std::getline(lines, line);) {
    const bool depends = line == "#threads = 0" || line == "#dir = \"\"" || line == "#database = 0";
    if (line.starts_with('#') && !line.starts_with("# ") && !depends) line.erase(0, 1);
    used += line + "\n";
  }
  // On disk, for some of its options are for no other engine.
  const Composed composed = From(used, {"REPLETE__NAMESPACE__NAME__ENGINE=disk"});
  ASSERT_TRUE(composed.problems.empty()) << composed.problems[0];
  EXPECT_EQ(composed.configuration.config, Config());
  NamespaceSettings on_disk;
  on_disk.engine = Engine::kDisk;
  EXPECT_EQ(composed.configuration.Find("NAME")->settings, on_disk);
}

TEST(ConfigFileTest, TheNamespaceCalledMcpHasADefaultOfItsOwn) {
  NamespaceDefaults defaults;
  const auto variable = [](const char* name) {
    if (std::string_view(name) == "CODOMYRMEX_MCP_CACHE_TTL") return "42";
    return std::string_view(name) == "CACHE_TTL_DEFAULT" ? "7" : nullptr;
  };
  ASSERT_FALSE(ReadNamespaceDefaults(variable, &defaults));
  EXPECT_EQ(defaults.For("mcp").default_ttl_s, 42U);
  EXPECT_EQ(defaults.For("llm").default_ttl_s, 7U);
}

}  // namespace
}  // namespace replete
