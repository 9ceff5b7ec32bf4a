#include "config/command_line.h"

#include <gtest/gtest.h>

namespace replete {
namespace {

using Action = CommandLine::Action;

CommandLine Parse(const std::vector<const char*>& arguments) {
  std::vector<const char*> argv = {"replete-server"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

// What it makes of the defaults.
Config ConfigOf(const CommandLine& line) {
  const ConfigSource* const sources[] = {&line.source};
  Configuration configuration;
  EXPECT_TRUE(Compose({}, sources, &configuration).empty());
  return configuration.config;
}

// The text of a refused command line without the program's name.
std::string Refusal(const std::vector<const char*>& arguments) {
  const CommandLine line = Parse(arguments);
  EXPECT_EQ(line.action, Action::kFail);
  const std::string prefix = "replete-server: ";
  EXPECT_TRUE(line.text.starts_with(prefix) && line.text.ends_with('\n')) << line.text;
  if (line.text.size() <= prefix.size()) return line.text;
  return line.text.substr(prefix.size(), line.text.size() - prefix.size() - 1);
}

TEST(ConfigCommandLine, NothingMeansTheDefaults) {
  const CommandLine line = Parse({});
  EXPECT_EQ(line.action, Action::kRun);
  EXPECT_EQ(ConfigOf(line), Config());
  EXPECT_TRUE(line.source.settings.empty());
}

TEST(ConfigCommandLine, BothFormsBothSpellings) {
  const CommandLine line =
      Parse({"--port", "7000", "--tcp_backlog=5", "--MAXMEMORY", "2gb", "--maxmemory-policy",
             "fifo", "--requirepass=--secret", "--list-max-ziplist-size", "-3", "--threads", "3"});
  ASSERT_EQ(line.action, Action::kRun) << line.text;
  EXPECT_EQ(ConfigOf(line).port, 7000);
  EXPECT_EQ(ConfigOf(line).tcp_backlog, 5);
  EXPECT_EQ(ConfigOf(line).maxmemory, 2147483648U);
  EXPECT_EQ(ConfigOf(line).maxmemory_policy, EvictionPolicy::kFifo);
  EXPECT_EQ(ConfigOf(line).requirepass, "--secret");
  EXPECT_EQ(ConfigOf(line).list_max_listpack_size, -3);
  EXPECT_EQ(ConfigOf(line).threads, 3);
  ASSERT_EQ(line.source.settings.size(), 7U);
  EXPECT_EQ(line.source.settings[0].origin, "--port");
  EXPECT_EQ(line.source.settings[0].value, "7000");
}

TEST(ConfigCommandLine, SeveralWords) {
  const CommandLine line =
      Parse({"--bind", "10.0.0.1", "::1", "--client-output-buffer-limit", "normal", "1", "2", "3",
             "--client-output-buffer-limit", "pubsub 4 5 6", "--port", "1", "--port", "2"});
  ASSERT_EQ(line.action, Action::kRun) << line.text;
  EXPECT_EQ(ConfigOf(line).bind, (std::vector<std::string>{"10.0.0.1", "::1"}));
  EXPECT_EQ(ConfigOf(line).client_output_buffer_limit.of(ClientClass::kNormal),
            (OutputBufferLimit{1, 2, 3}));
  EXPECT_EQ(ConfigOf(line).client_output_buffer_limit.of(ClientClass::kPubSub),
            (OutputBufferLimit{4, 5, 6}));
  EXPECT_EQ(ConfigOf(line).port, 2);
  EXPECT_EQ(ConfigOf(Parse({"--bind", "10.0.0.1 ::1"})).bind, ConfigOf(line).bind);
  EXPECT_TRUE(ConfigOf(Parse({"--bind="})).bind.empty());
}

TEST(ConfigCommandLine, WhatEveryScriptForRedisPasses) {
  const CommandLine line =
      Parse({"--save", "", "--appendonly", "no", "--daemonize", "no", "--cluster-enabled", "no",
             "--protected-mode", "no", "--port", "0", "--unixsocket", "/tmp/x", "--save"});
  EXPECT_EQ(line.action, Action::kRun) << line.text;
  EXPECT_EQ(ConfigOf(line).port, 0);
  EXPECT_EQ(ConfigOf(line).unixsocket, "/tmp/x");
  EXPECT_FALSE(ConfigOf(line).protected_mode);
}

TEST(ConfigCommandLine, ProblemsNameArgumentValueAndWhatIsAllowed) {
  EXPECT_EQ(Refusal({"--port", "abc"}),
            "--port 'abc': argument couldn't be parsed into an integer (allowed: an integer from 0 "
            "to 65535)");
  EXPECT_EQ(Refusal({"--port=70000"}),
            "--port '70000': argument must be between 0 and 65535 inclusive (allowed: an integer "
            "from 0 to 65535)");
  EXPECT_EQ(Refusal({"--port"}), "--port needs a value: an integer from 0 to 65535");
  EXPECT_EQ(Refusal({"--port", "1", "2"}),
            "--port takes one value, not '1 2' (allowed: an integer from 0 to 65535)");
  EXPECT_EQ(Refusal({"--requirepass", "my", "secret"}),
            "--requirepass takes one value, not '***' (allowed: any text)");
  EXPECT_EQ(Refusal({"--auto-create", "maybe"}),
            "--auto-create 'maybe': argument must be 'yes' or 'no' (allowed: yes or no)");
  EXPECT_EQ(Refusal({"--proto-max-bulk-len", "1"}),
            "--proto-max-bulk-len '1': argument must be between 1048576 and 9223372036854775807 "
            "inclusive (allowed: at least 1mb, in bytes or with a unit such as 64kb, 512mb, 2gb)");
  EXPECT_EQ(Refusal({"--unixsocketperm", "888"}),
            "--unixsocketperm '888': argument couldn't be parsed as an octal number (allowed: an "
            "octal number from 0 to 777)");
  EXPECT_EQ(Refusal({"--loglevel", "loud"}),
            "--loglevel 'loud': argument(s) must be one of the following: debug, verbose, notice, "
            "warning (allowed: one of debug, verbose, notice, warning)");
  EXPECT_EQ(Refusal({"--maxmemory-policy", "tinylfu"}),
            "--maxmemory-policy 'tinylfu': policy 'tinylfu' is not available in this "
            "version (allowed: " +
                std::string(kAvailablePolicies) + ")");
  EXPECT_EQ(Refusal({"--dir", "/nope"}),
            "--dir '/nope': No such file or directory (allowed: an existing directory)");
  std::vector<const char*> many(18, "::1");
  many[0] = "--bind";
  EXPECT_NE(Refusal(many).find("Too many bind addresses specified."), std::string::npos);
  EXPECT_EQ(Refusal({"--nope", "1"}), "--nope: no such setting; --help lists them");
  EXPECT_EQ(Refusal({"--port", "1", "--timeout", "x"}),
            "--timeout 'x': argument couldn't be parsed into an integer (allowed: an integer from "
            "0 to 2147483647)");
}

TEST(ConfigCommandLine, SettingsWithoutMeaningGiveTheReason) {
  EXPECT_EQ(Refusal({"--appendonly", "yes"}),
            "--appendonly 'yes': use engine = \"disk\" for a namespace that must outlive the "
            "daemon; namespaces in memory write no files");
  EXPECT_EQ(Refusal({"--io-threads", "4"}), "--io-threads '4': use threads");
  EXPECT_EQ(Refusal({"--daemonize", "yes"}),
            "--daemonize 'yes': the daemon runs in the foreground; leave that to systemd, a "
            "container or the shell");
  EXPECT_EQ(Refusal({"--cluster-enabled", "yes"}),
            "--cluster-enabled 'yes': there is no cluster mode; one daemon holds all caches");
  EXPECT_EQ(Refusal({"--replicaof", "127.0.0.1", "6379"}),
            "--replicaof '127.0.0.1 6379': replication is not available in this version");
  EXPECT_EQ(Refusal({"--loadmodule", "x.so"}), "--loadmodule 'x.so': modules cannot be loaded");
}

TEST(ConfigCommandLine, TheConfigurationFile) {
  EXPECT_EQ(Parse({"--config", "replete.toml"}).file, "replete.toml");
  EXPECT_EQ(Parse({"--config=replete.toml", "--port", "1"}).file, "replete.toml");
  EXPECT_EQ(Parse({"/etc/replete.toml", "--port", "1"}).file, "/etc/replete.toml");
  EXPECT_EQ(Parse({"--port", "1"}).file, "");
  EXPECT_EQ(Refusal({"--port", "1", "--config"}), "--config takes one file");
  EXPECT_EQ(Refusal({"--config", "a", "b"}), "--config takes one file");
  EXPECT_EQ(Refusal({"a.toml", "--config", "b.toml"}),
            "--config 'b.toml': there is one configuration file, 'a.toml' already");
  EXPECT_EQ(Refusal({"a.toml", "b.toml"}), "'b.toml': neither an option nor a file");
  EXPECT_EQ(Refusal({"-"}), "'-': neither an option nor a file");
  EXPECT_EQ(Refusal({"--"}), "'--': neither an option nor a file");
}

TEST(ConfigCommandLine, OptionsOfNamespaces) {
  const CommandLine line =
      Parse({"--namespace.llm.v2.max_entries", "7", "--namespace.llm.v2.prefix",
             "a:", "b:", "--namespace.0.max-memory=1mb"});
  ASSERT_EQ(line.action, Action::kRun) << line.text;
  const ConfigSource* const sources[] = {&line.source};
  Configuration made;
  ASSERT_TRUE(Compose({}, sources, &made).empty());
  ASSERT_EQ(made.namespaces.size(), 2U);
  EXPECT_EQ(made.Find("llm.v2")->settings.max_entries, 7U);
  EXPECT_EQ(made.Find("llm.v2")->settings.prefixes, (std::vector<std::string>{"a:", "b:"}));
  EXPECT_EQ(made.Find("0")->settings.max_memory, 1U << 20);
  EXPECT_EQ(made.Find("0")->settings.default_ttl_s, 0U) << "a numbered database follows Redis";
  EXPECT_EQ(Refusal({"--namespace.llm", "7"}),
            "--namespace.llm: write --namespace.NAME.OPTION VALUE");
  EXPECT_EQ(Refusal({"--namespace.llm.max_entries"}), "--namespace.llm.max_entries needs a value");
  EXPECT_EQ(Refusal({"--namespace.llm.policy", "lru", "lfu"}),
            "--namespace.llm.policy takes one value, not 'lru lfu'");
}

TEST(ConfigCommandLine, VersionHelpAndCheck) {
  for (const char* argument : {"--version", "-v"}) {
    const CommandLine line = Parse({argument});
    EXPECT_EQ(line.action, Action::kPrint);
    EXPECT_EQ(line.text, "replete-server " REPLETE_VERSION "\n");
  }
  for (const char* argument : {"--help", "-h"}) {
    const CommandLine line = Parse({argument});
    EXPECT_EQ(line.action, Action::kPrint);
    for (const Setting& setting : SettingsTable()) {
      EXPECT_NE(line.text.find("--" + std::string(setting.name) + "  " + DescribeAllowed(setting)),
                std::string::npos)
          << setting.name;
      EXPECT_NE(line.text.find(setting.doc), std::string::npos) << setting.name;
    }
  }
  EXPECT_EQ(Parse({"--check-config", "--port", "7"}).action, Action::kCheck);
  EXPECT_EQ(ConfigOf(Parse({"--check-config", "--port", "7"})).port, 7);
  EXPECT_EQ(Parse({"--check-config", "--port", "x"}).action, Action::kFail);
  EXPECT_EQ(Parse({"--check-config", "x.toml"}).file, "x.toml");
}

}  // namespace
}  // namespace replete
