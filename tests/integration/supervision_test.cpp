// What watches over the daemon: reports of crashes and stalls, a service manager.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

class SupervisionTest : public DaemonTest {
 protected:
  void SetUp() override { REPLETE_ONLY(); }
  bool Logged(const std::string& text) {
    return Eventually([&] { return daemon().Log().find(text) != std::string::npos; });
  }
};

TEST_F(SupervisionTest, ACrashLeavesTheCommandAndTheStackBehind) {
  if (kSanitized) GTEST_SKIP() << "sanitizers have a report of their own";
  ServerProcess process(ServerBinary(), {"--enable-protected-configs", "local"});
  ASSERT_TRUE(process.Start());
  Client client(process.port());
  client.Run("DEBUG", "SEGFAULT");
  ASSERT_TRUE(process.Wait(kHang));
  EXPECT_EQ(process.status(), 128 + SIGSEGV);
  const std::string log = process.Log();
  EXPECT_NE(log.find("crashed: signal 11"), std::string::npos) << log;
  EXPECT_NE(log.find("=== command: segfault"), std::string::npos) << log;
  EXPECT_NE(log.find("replete-server(+0x"), std::string::npos) << log;
}

TEST_F(SupervisionTest, ACommandThatHoldsAThreadUpIsNamed) {
  const ScopedVariable tests("REPLETE_TEST_COMMANDS", "yes");
  Start({"--stall-threshold", "50"}, 1);
  Client client = Connect();
  client.Run("TESTSPIN", "400");
  EXPECT_TRUE(Logged("it runs testspin"));
  EXPECT_TRUE(Logged("thread 0 goes on, it had been held up for "));
}

// As `top -H` and `ps -L` show them.
TEST_F(SupervisionTest, ThreadsHaveNames) {
  Start({}, 3);
  const std::filesystem::path tasks = "/proc/" + std::to_string(daemon().pid()) + "/task";
  const auto names = [&] {
    std::multiset<std::string> all;
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
      std::string name;
      std::getline(std::ifstream(task.path() / "comm"), name);
      all.insert(name);
    }
    return all;
  };
  // Each gives itself its name once it runs.
  EXPECT_TRUE(Eventually([&] {
    const std::multiset<std::string> all = names();
    return all.count("loop 1") == 1 && all.count("loop 2") == 1 && all.count("worker") == 2 &&
           all.count("disposal") == 1 && all.count("report") == 1 && all.count("watchdog") == 1;
  })) << ::testing::PrintToString(names());
}

// man 3 sd_notify.
TEST_F(SupervisionTest, AServiceManagerIsTold) {
  const std::string path = "/tmp/replete-notify-" + std::to_string(::getpid());
  ::unlink(path.c_str());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const timeval limit{kHang.count(), 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const auto next = [&] {
    char bytes[256];
    const ssize_t got = ::recv(socket, bytes, sizeof bytes, 0);
    return std::string(bytes, got > 0 ? static_cast<size_t>(got) : 0);
  };
  {
    const ScopedVariable notify("NOTIFY_SOCKET", path);
    const ScopedVariable watchdog("WATCHDOG_USEC", "100000");
    Start();
  }
  EXPECT_NE(Connect().Run("INFO", "server").text.find("process_supervised:systemd"),
            std::string::npos);
  EXPECT_EQ(next(), "READY=1");
  EXPECT_EQ(next(), "WATCHDOG=1");
  EXPECT_EQ(next(), "WATCHDOG=1");
  EXPECT_EQ(daemon().Stop(), 0);
  std::string last;
  while ((last = next()) == "WATCHDOG=1") {
  }
  EXPECT_EQ(last, "STOPPING=1");
  ::close(socket);
  ::unlink(path.c_str());
}

TEST_F(SupervisionTest, CommandsCanBeRenamedAndDisabled) {
  Start({"--rename-command", "FLUSHALL", "wipe-all", "DEBUG", "", "--disabled-commands", "KEYS"});
  Client client = Connect();
  for (const char* name : {"FLUSHALL", "DEBUG", "KEYS"}) {
    EXPECT_TRUE(client.Run(name, "*").text.starts_with("ERR unknown command '")) << name;
    EXPECT_EQ(client.Run("COMMAND", "INFO", name).elements[0], Nil()) << name;
  }
  client.Run("SET", "k", "v");
  EXPECT_EQ(client.Run("Wipe-All"), Status("OK"));
  EXPECT_EQ(client.Run("DBSIZE"), Int(0));
  for (const auto& [args, problem] : std::map<std::vector<std::string>, std::string>{
           {{"--rename-command", "nope", "x"}, "rename-command: no such command 'nope'"},
           {{"--rename-command", "get", "set"},
            "rename-command: there are two commands called 'set'"},
           {{"--rename-command", "get", "x", "get", "y"}, "rename-command: 'get' is named twice"},
           {{"--disabled-commands", "get", "gte"}, "disabled-commands: no such command 'gte'"}}) {
    ServerProcess process(ServerBinary(), args);
    process.SpawnOnly();
    ASSERT_TRUE(process.Wait(kHang));
    EXPECT_EQ(process.status(), 1);
    EXPECT_NE(process.Log().find(problem), std::string::npos) << process.Log();
  }
}

}  // namespace
}  // namespace replete::test
