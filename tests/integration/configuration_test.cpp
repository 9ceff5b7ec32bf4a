// Configuration as an operator uses it: the file, variables, CONFIG REWRITE, SIGHUP, the log.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/integration/daemon.h"
#include "tests/temporary_folder.h"

namespace replete::test {
namespace {

class ConfigurationTest : public DaemonTest {
 protected:
  void Write(std::string_view text) { std::ofstream(file_) << text; }
  std::string Read(const std::filesystem::path& path) const {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  void StartWithFile(std::vector<std::string> args = {}) {
    args.insert(args.begin(), {"--config", file_.string()});
    Start(std::move(args));
  }
  bool Logged(const std::string& text) {
    return Eventually([&] { return daemon().Log().find(text) != std::string::npos; });
  }
  std::string Setting(Client& client, const std::string& name) {
    const Reply reply = client.Run("CONFIG", "GET", name);
    return reply.elements.size() == 2 ? reply.elements[1].text : "";
  }

  const TemporaryFolder folder_;
  const std::filesystem::path dir_ = folder_.path();
  const std::filesystem::path file_ = dir_ / "replete.toml";
};

TEST_F(ConfigurationTest, TheFileIsInForceAndOverriddenByVariablesAndOptions) {
  REPLETE_ONLY();
  Write(
      "[server]\ntimeout = 100\nmaxclients = 50\ntcp_keepalive = 7\n"
      "[namespace.llm]\nmax_entries = 3\nprefix = \"llm:\"\ndatabase = 5\n"
      "[namespace.2]\nmax_entries = 2\npolicy = \"lru\"\n");
  const ScopedVariable variable("REPLETE__SERVER__MAXCLIENTS", "60");
  const ScopedVariable option("REPLETE__NAMESPACE__LLM__DEFAULT_TTL", "0");
  StartWithFile({"--tcp-keepalive", "8"});
  Client client = Connect();
  EXPECT_EQ(Setting(client, "timeout"), "100");
  EXPECT_EQ(Setting(client, "maxclients"), "60");
  EXPECT_EQ(Setting(client, "tcp-keepalive"), "8");
  for (int i = 0; i < 10; ++i) client.Run("SET", "llm:" + std::to_string(i), "v");
  client.Run("SELECT", "5");
  EXPECT_EQ(client.Run("DBSIZE"), Int(3));
  EXPECT_EQ(client.Run("TTL", client.Run("RANDOMKEY").text), Int(-1));
  client.Run("SELECT", "2");
  for (int i = 0; i < 10; ++i) client.Run("SET", std::to_string(i), "v");
  EXPECT_EQ(client.Run("DBSIZE"), Int(2));
  EXPECT_EQ(client.Run("NAMESPACE", "ALTER", "2", "max_entries", "1"), Status("OK"));
  EXPECT_EQ(client.Run("DBSIZE"), Int(1));
  EXPECT_EQ(client.Run("NAMESPACE", "ALTER", "2", "prefix", "x:"),
            Error("ERR a numbered database has no prefix"));
}

TEST_F(ConfigurationTest, MistakesEndTheStartEachWithItsLine) {
  REPLETE_ONLY();
  Write("[server]\nmaxclients = 0\n[namespace.llm]\npolicy = \"best\"\n");
  ServerProcess process(ServerBinary(), {"--config", file_.string()});
  process.SpawnOnly();
  ASSERT_TRUE(process.Wait(kHang));
  EXPECT_EQ(process.status(), 1);
  EXPECT_NE(process.Log().find("replete.toml:2: maxclients '0': argument must be between 1"),
            std::string::npos)
      << process.Log();
  EXPECT_NE(process.Log().find("replete.toml:4: namespace 'llm': bad value 'best'"),
            std::string::npos);
  for (const char* flag : {"--config", "--check-config"}) {
    ServerProcess absent(ServerBinary(), {flag, (dir_ / "absent.toml").string()});
    absent.SpawnOnly();
    ASSERT_TRUE(absent.Wait(kHang));
    EXPECT_EQ(absent.status(), 1);
    EXPECT_NE(absent.Log().find("absent.toml: No such file or directory"), std::string::npos);
  }
  Write("[server]\nmaxclients = 5\n");
  ServerProcess check(ServerBinary(), {"--check-config", file_.string()});
  check.SpawnOnly();
  ASSERT_TRUE(check.Wait(kHang));
  EXPECT_EQ(check.status(), 0);
  EXPECT_EQ(check.Log(), "the configuration is valid\n");
}

TEST_F(ConfigurationTest, RewriteMakesLiveChangesLast) {
  REPLETE_ONLY();
  if (OnDisk()) GTEST_SKIP() << "the file cannot say what the test makes the default";
  Write("# Comment.\n[server]\ntimeout = 100 # seconds\n[namespace.gone]\n");
  StartWithFile();
  {
    Client client = Connect();
    client.Run("CONFIG", "SET", "timeout", "7", "maxmemory-policy", "allkeys-lru");
    client.Run("NAMESPACE", "CREATE", "made", "max_entries", "4", "prefix", "m:");
    client.Run("NAMESPACE", "DROP", "gone");
    EXPECT_EQ(client.Run("CONFIG", "REWRITE"), Status("OK"));
    EXPECT_NE(client.Run("INFO", "server").text.find("config_file:" + file_.string()),
              std::string::npos);
  }
  const std::string text = Read(file_);
  EXPECT_NE(text.find("# Comment.\n[server]\ntimeout = 7 # seconds\n"), std::string::npos) << text;
  StartWithFile();
  Client client = Connect();
  EXPECT_EQ(Setting(client, "timeout"), "7");
  EXPECT_EQ(Setting(client, "maxmemory-policy"), "allkeys-lru");
  Reply names = client.Run("NAMESPACE", "LIST");
  ASSERT_EQ(names.elements.size(), 2U);
  EXPECT_EQ(names.elements[1], Bulk("made"));
  for (int i = 0; i < 9; ++i) client.Run("SET", "m:" + std::to_string(i), "v");
  client.Run("NAMESPACE", "USE", "made");
  EXPECT_EQ(client.Run("DBSIZE"), Int(4));
}

TEST_F(ConfigurationTest, RewriteWithoutAFileOrIntoOneThatIsWrong) {
  Start({});
  EXPECT_EQ(Connect().Run("CONFIG", "REWRITE"),
            Error("ERR The server is running without a config file"));
  REPLETE_ONLY();
  Write("");
  StartWithFile();
  Client client = Connect();
  client.Run("CONFIG", "SET", "timeout", "7");
  Write("[server]\nport = \"x\"\n");
  const Reply refused = client.Run("CONFIG", "REWRITE");
  ASSERT_TRUE(refused.IsError());
  EXPECT_TRUE(refused.text.starts_with("ERR Rewriting config file: ")) << refused.text;
  EXPECT_EQ(Read(file_), "[server]\nport = \"x\"\n");
}

TEST_F(ConfigurationTest, HangUpReadsTheFileAgain) {
  REPLETE_ONLY();
  Write("[server]\ntimeout = 100\nmaxclients = 50\n[namespace.llm]\nmax_entries = 100\n");
  StartWithFile();
  Client client = Connect();
  client.Run("NAMESPACE", "USE", "llm");
  for (int i = 0; i < 50; ++i) client.Run("SET", std::to_string(i), "v");
  client.Run("CONFIG", "SET", "tcp-keepalive", "9");
  Write(
      "[server]\ntimeout = 200\ndatabases = 4\n[namespace.llm]\nmax_entries = 5\n"
      "[namespace.more]\n");
  daemon().Signal(SIGHUP);
  ASSERT_TRUE(Logged("namespace more: created"));
  EXPECT_EQ(Setting(client, "timeout"), "200");
  EXPECT_EQ(Setting(client, "maxclients"), "10000") << "no longer said: the default";
  EXPECT_EQ(Setting(client, "tcp-keepalive"), "300") << "as a restart would make it";
  EXPECT_EQ(Setting(client, "databases"), "16");
  EXPECT_TRUE(Logged("databases: '16' -> '4' (at the next start)"));
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE") == Int(5); }));
  EXPECT_EQ(client.Run("NAMESPACE", "USE", "more"), Status("OK"));
  daemon().Signal(SIGHUP);
  EXPECT_TRUE(Logged("databases"));
}

TEST_F(ConfigurationTest, AMistakeLetsAReloadChangeNothing) {
  REPLETE_ONLY();
  Write("[server]\ntimeout = 100\n");
  StartWithFile();
  Client client = Connect();
  Write("[server]\ntimeout = 200\nmaxclients = \"many\"\n");
  daemon().Signal(SIGHUP);
  ASSERT_TRUE(Logged("nothing was changed because of 1 mistake"));
  EXPECT_TRUE(Logged("replete.toml:3: maxclients 'many'"));
  EXPECT_EQ(Setting(client, "timeout"), "100");
  // Right by itself, but not beside the keys that there are.
  client.Run("SET", "taken:1", "v");
  Write("[server]\ntimeout = 300\n[namespace.llm]\nprefix = \"taken:\"\n");
  daemon().Signal(SIGHUP);
  ASSERT_TRUE(Logged("keys with this prefix exist already"));
  EXPECT_TRUE(Logged("not timeout: '100' -> '300'"));
  EXPECT_EQ(Setting(client, "timeout"), "100");
  EXPECT_EQ(client.Run("NAMESPACE", "LIST").elements.size(), 1U);
}

TEST_F(ConfigurationTest, TheLogAsTextAndAsJsonAndOpenedAnew) {
  REPLETE_ONLY();
  const auto log = dir_ / "replete.log";
  const auto pid = dir_ / "replete.pid";
  Start({"--logfile", log.string(), "--pidfile", pid.string()});
  EXPECT_EQ(Read(pid), std::to_string(daemon().pid()) + "\n");
  const auto has = [&](const std::string& text) {
    return Eventually([&] { return Read(log).find(text) != std::string::npos; });
  };
  EXPECT_TRUE(has("notice Replete "));
  EXPECT_TRUE(has("ready on port " + std::to_string(daemon().port())));
  Client client = Connect();
  client.Run("CONFIG", "SET", "log-format", "json");
  std::filesystem::rename(log, dir_ / "old.log");
  daemon().Signal(SIGUSR1);
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(log); }));
  EXPECT_TRUE(has(R"("level":"notice")"));
  EXPECT_TRUE(has(R"("message":"log opened anew"})"));
  const std::string before = Read(dir_ / "old.log");
  client.Run("CONFIG", "SET", "loglevel", "warning");
  daemon().Signal(SIGHUP);
  EXPECT_TRUE(Eventually([&] { return Setting(client, "loglevel") == "notice"; }))
      << "nothing says otherwise";
  EXPECT_TRUE(has("reload: loglevel"));
  EXPECT_EQ(Read(dir_ / "old.log"), before);
  EXPECT_EQ(daemon().Stop(), 0);
  EXPECT_TRUE(has("SIGTERM received: stopping"));
  EXPECT_FALSE(std::filesystem::exists(pid));
}

TEST_F(ConfigurationTest, AFileThatCannotBeOpenedEndsTheStart) {
  REPLETE_ONLY();
  for (const char* setting : {"--logfile", "--pidfile"}) {
    ServerProcess process(ServerBinary(), {setting, "/nowhere/file"});
    process.SpawnOnly();
    ASSERT_TRUE(process.Wait(kHang));
    EXPECT_EQ(process.status(), 1);
    EXPECT_NE(process.Log().find("/nowhere/file"), std::string::npos) << process.Log();
  }
}

}  // namespace
}  // namespace replete::test
