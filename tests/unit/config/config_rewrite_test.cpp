// Writing live settings back into the file.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config_sources.h"
#include "config/file_writer.h"
#include "tests/temporary_folder.h"

namespace replete {
namespace {

class ConfigRewriteTest : public testing::Test {
 protected:
  ConfigRewriteTest() { sources_.file = dir_ / "replete.toml"; }

  void Write(std::string_view text) { std::ofstream(sources_.file) << text; }
  std::string Read() const {
    std::ostringstream text;
    text << std::ifstream(sources_.file).rdbuf();
    return text.str();
  }
  Configuration Load() const {
    Configuration loaded;
    for (const std::string& problem : sources_.Load(&loaded)) ADD_FAILURE() << problem;
    return loaded;
  }
  // `live` is written, and what is read again is `live`.
  void Rewrite(const Configuration& live) {
    std::vector<std::string> overruled;
    const Problem problem = RewriteConfig(sources_, live, &overruled);
    ASSERT_FALSE(problem) << *problem;
    EXPECT_TRUE(overruled.empty());
    const Configuration loaded = Load();
    for (const Setting& row : SettingsTable()) {
      EXPECT_EQ(row.get(loaded.config), row.get(live.config)) << row.name;
    }
    for (const DeclaredNamespace& one : live.namespaces) {
      const DeclaredNamespace* found = loaded.Find(one.name);
      if (found == nullptr) {
        EXPECT_EQ(one.settings, live.defaults.For(one.name)) << one.name;
      } else {
        EXPECT_EQ(found->settings, one.settings) << one.name;
      }
    }
  }

  const test::TemporaryFolder folder_;
  const std::filesystem::path dir_ = folder_.path();
  ConfigSources sources_;
};

TEST_F(ConfigRewriteTest, OnlyWhatIsDifferentChangesAndCommentsStay) {
  Write(R"(# The cache of the shop.
[server]
port = 7000          # not 6379
# How long?
timeout = 5
requirepass = "old"  # secret

# Memory below.
[memory]
maxmemory = "1gb"

[namespace.llm]
prefix = [
  "a:",  # first
  "b:",
]
max_entries = 1_000
)");
  Configuration live = Load();
  live.config.timeout_s = 60;
  live.config.requirepass = "new \"one\" \\ \n";
  live.config.maxmemory = 12345;
  live.config.maxmemory_policy = EvictionPolicy::kLfu;
  live.config.slowlog_max_len = 9;
  live.config.bind = {"127.0.0.1", "::1"};
  live.namespaces[0].settings.prefixes = {"c:", "with blank:"};
  live.namespaces[0].settings.max_memory = 1 << 20;
  Rewrite(live);
  EXPECT_EQ(Read(), R"(# The cache of the shop.
[server]
port = 7000          # not 6379
# How long?
timeout = 60
requirepass = "new \"one\" \\ \u000A"  # secret
bind = "127.0.0.1 ::1"

# Memory below.
[memory]
maxmemory = 12345
maxmemory-policy = "allkeys-lfu"

[namespace.llm]
prefix = ["c:", "with blank:"]
max_entries = 1_000
max_memory = 1048576

[observation]
slowlog-max-len = 9
)");
}

TEST_F(ConfigRewriteTest, WhatIsAsBeforeLeavesTheFileAlone) {
  const std::string text = "[server]\nport=7000";
  Write(text);
  struct stat before = {};
  struct stat after = {};
  ::stat(sources_.file.c_str(), &before);
  Rewrite(Load());
  ::stat(sources_.file.c_str(), &after);
  EXPECT_EQ(Read(), text);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(ConfigRewriteTest, NamespacesComeAndGo) {
  Write(R"([namespace.one]
max_entries = 1
# about the next
[namespace.two]
max_entries = 2

[namespace.three]
max_entries = 3
)");
  Configuration live = Load();
  live.namespaces.erase(live.namespaces.begin());
  live.namespaces.pop_back();
  live.namespaces.push_back({"dotted.name", "", NamespaceSettings()});
  live.namespaces.push_back({"default", "", NamespaceSettings()});
  live.namespaces.push_back({"3", "", NumberedDatabase(3, EvictionPolicy::kNone)});
  live.namespaces.back().settings.max_entries = 4;
  Rewrite(live);
  EXPECT_EQ(Read(), R"(# about the next
[namespace.two]
max_entries = 2


[namespace.3]
max_entries = 4

[namespace."dotted.name"]
)");
}

TEST_F(ConfigRewriteTest, AnEmptyFileGrows) {
  Write("");
  Configuration live = Load();
  live.config.port = 1;
  Rewrite(live);
  EXPECT_EQ(Read(), "[server]\nport = 1\n");
}

TEST_F(ConfigRewriteTest, EverySettingAndOptionCanBeWrittenAndReadAgain) {
  Write("");
  Configuration live = Load();
  for (const Setting& row : SettingsTable()) {
    std::string value = row.get(live.config);
    switch (row.kind) {
      case ValueKind::kInteger:
      case ValueKind::kMemory:
        value = std::to_string(std::max<int64_t>(row.min, 3) + 2'000'000 % row.max);
        if (std::stoull(value) > row.max) value = std::to_string(row.max);
        break;
      case ValueKind::kOctal:
        value = "640";
        break;
      case ValueKind::kYesNo:
        value = value == "yes" ? "no" : "yes";
        break;
      case ValueKind::kWords:
        if (!row.words.empty()) value = row.words.back().word;
        if (row.words.empty()) value = "allkeys-random";
        break;
      default:
        break;
    }
    ASSERT_FALSE(row.set(row, value, &live.config)) << row.name << " " << value;
  }
  live.config.bind = {"10.0.0.1"};
  live.config.unixsocket = "/tmp/\u00fc \"x\"";
  ASSERT_FALSE(ParseOutputBufferLimits("normal 1 2 3", &live.config.client_output_buffer_limit));
  live.config.notify_keyspace_events = 3;
  live.config.latency_tracking_info_percentiles = {1, 2.5};
  Rewrite(live);
}

TEST_F(ConfigRewriteTest, WhatEnvironmentOrCommandLineDecideIsTold) {
  Write("[server]\ntimeout = 1\n");
  sources_.command_line.settings.push_back({"--timeout", "timeout", "2"});
  sources_.environment.namespaces.push_back({"X", "llm", "max_entries", {"5"}});
  Configuration live = Load();
  live.config.timeout_s = 3;
  live.namespaces[0].settings.max_entries = 6;
  std::vector<std::string> overruled;
  ASSERT_FALSE(RewriteConfig(sources_, live, &overruled));
  EXPECT_EQ(overruled, (std::vector<std::string>{"timeout", "namespace.llm.max_entries"}));
  EXPECT_EQ(Read(), "[server]\ntimeout = 3\n\n[namespace.llm]\nmax_entries = 6\n");
}

TEST_F(ConfigRewriteTest, WithoutAFileOrWithMistakesInItNothingIsWritten) {
  std::vector<std::string> overruled;
  EXPECT_EQ(RewriteConfig({}, {}, &overruled), "The server is running without a config file");
  Configuration live;
  live.config.port = 1;
  EXPECT_NE(RewriteConfig(sources_, live, &overruled)->find("No such file"), std::string::npos);
  const std::string text = "[server]\nport = \"x\"\n";
  Write(text);
  EXPECT_NE(RewriteConfig(sources_, live, &overruled)->find("replete.toml:2: port 'x'"),
            std::string::npos);
  EXPECT_EQ(Read(), text);
}

TEST_F(ConfigRewriteTest, AFileIsReplacedWithItsModeAndALinkStaysOne) {
  Write("old");
  ::chmod(sources_.file.c_str(), 0640);
  const auto link = dir_ / "link";
  std::filesystem::create_symlink(sources_.file, link);
  ASSERT_FALSE(ReplaceFile(link, "new text"));
  EXPECT_EQ(Read(), "new text");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  struct stat after = {};
  ::stat(sources_.file.c_str(), &after);
  EXPECT_EQ(after.st_mode & 07777, 0640U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_), {}), 2) << "nothing beside it";
}

// As with a mount point: no new file can take its place.
TEST_F(ConfigRewriteTest, WhereNothingCanTakeItsPlaceItIsWrittenOver) {
  for (const char* text : {"a longer text than before", "short"}) {
    Write("old text");
    struct stat before = {};
    ::stat(sources_.file.c_str(), &before);
    // The name of the file beside it is taken.
    std::ofstream(sources_.file + "." + std::to_string(::getpid()) + ".new") << "x";
    ASSERT_FALSE(ReplaceFile(sources_.file, text));
    EXPECT_EQ(Read(), text);
    struct stat after = {};
    ::stat(sources_.file.c_str(), &after);
    EXPECT_EQ(before.st_ino, after.st_ino);
  }
}

}  // namespace
}  // namespace replete
