// Every setting that may change while the daemon runs, by every way it can be said: the file, a
// variable, the command line, CONFIG SET, and the file read again. What counts is what the daemon
// does, not what CONFIG GET says.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/integration/daemon.h"
#include "tests/temporary_folder.h"

namespace replete::test {
namespace {

struct Probe {
  std::string section;
  std::string name;
  std::string value;
  // Whether the daemon behaves so. Keys are the probe's own.
  std::function<bool(Daemon&)> in_force;
};

long long SlowEntries(Client& client) { return client.Run("SLOWLOG", "LEN").Integer(); }

// A connection that has been closed by the daemon.
bool IsCut(Connection& connection) {
  connection.ClosedByPeer(std::chrono::seconds(3));
  return connection.closed();
}

// The timer of the daemon's side of a connection, as the kernel tells it; 02 is keepalive.
std::string TimerOf(int port, int peer) {
  std::ifstream table("/proc/net/tcp");
  char local[16];
  char remote[16];
  std::snprintf(local, sizeof local, ":%04X", port);
  std::snprintf(remote, sizeof remote, ":%04X", peer);
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string index, from, to, state, queues, timer;
    words >> index >> from >> to >> state >> queues >> timer;
    if (from.ends_with(local) && to.ends_with(remote)) return timer.substr(0, 2);
  }
  return "";
}

std::vector<Probe> Probes() {
  std::vector<Probe> all;
  const auto add = [&all](const char* section, const char* name, const char* value,
                          std::function<bool(Daemon&)> in_force) {
    all.push_back({section, name, value, std::move(in_force)});
  };
  add("server", "auto-create", "yes", [](Daemon& daemon) {
    return Client(daemon.port()).Run("SELECT", "made-by-use") == Status("OK");
  });
  add("server", "maxclients", "2", [](Daemon& daemon) {
    Client first(daemon.port());
    Client second(daemon.port());
    first.Run("PING");
    second.Run("PING");
    return Client(daemon.port()).Run("PING").text != "PONG";
  });
  add("server", "timeout", "1", [](Daemon& daemon) {
    Connection idle(daemon.port());
    idle.Ask({"PING"});
    return IsCut(idle);
  });
  add("server", "tcp-keepalive", "0", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("PING");
    return TimerOf(daemon.port(), client.local_port()) != "02";
  });
  add("server", "proto-max-bulk-len", "1mb", [](Daemon& daemon) {
    Connection connection(daemon.port());
    connection.Send("*2\r\n$3\r\nGET\r\n$2000000\r\n");
    return IsCut(connection);
  });
  add("server", "client-query-buffer-limit", "1mb", [](Daemon& daemon) {
    Connection connection(daemon.port());
    connection.Send("*2\r\n$4\r\nECHO\r\n$3000000\r\n" + std::string(2'000'000, 'x'));
    return IsCut(connection);
  });
  add("server", "client-output-buffer-limit", "normal 100000 0 0", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("SET", "probe:big", std::string(1 << 20, 'v'));
    Connection deaf(daemon.port());
    const auto id = deaf.Ask({"CLIENT", "ID"});
    if (!id) return false;
    std::string requests;
    for (int i = 0; i < 40; ++i) requests += Encode({"GET", "probe:big"});
    deaf.Send(requests);
    return Eventually([&] { return client.Run("CLIENT", "LIST", "ID", id->text).text.empty(); },
                      std::chrono::seconds(2));
  });
  add("server", "requirepass", "s3cret", [](Daemon& daemon) {
    Client client(daemon.port());
    return client.Run("PING").text.starts_with("NOAUTH") &&
           client.Run("AUTH", "s3cret") == Status("OK");
  });
  add("memory", "maxmemory", "8mb", [](Daemon& daemon) {
    Client client(daemon.port());
    for (int i = 0; i < 12; ++i) {
      const Reply reply =
          client.Run("SET", "probe:" + std::to_string(i), std::string(1 << 20, 'v'));
      if (reply.text.starts_with("OOM")) return true;
    }
    return false;
  });
  add("memory", "maxmemory-policy", "allkeys-lfu", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("SET", "probe:used", "v");
    return !client.Run("OBJECT", "FREQ", "probe:used").IsError();
  });
  add("events", "notify-keyspace-events", "KEA", [](Daemon& daemon) {
    Connection listener(daemon.port());
    listener.Ask({"SUBSCRIBE", "__keyspace@0__:probe:event", "probe:end"});
    listener.Read();
    Client client(daemon.port());
    client.Run("SET", "probe:event", "v");
    client.Run("PUBLISH", "probe:end", "x");
    const auto message = listener.Read();
    return message && message->elements.size() == 3 && message->elements[2].text == "set";
  });
  add("types", "hash-max-listpack-entries", "2", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("HSET", "probe:hash", "a", "1", "b", "2", "c", "3");
    return client.Run("OBJECT", "ENCODING", "probe:hash").text == "hashtable";
  });
  add("types", "hash-max-listpack-value", "3", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("HSET", "probe:hash2", "a", "long value");
    return client.Run("OBJECT", "ENCODING", "probe:hash2").text == "hashtable";
  });
  add("types", "list-max-listpack-size", "1", [](Daemon& daemon) {
    Client client(daemon.port());
    for (int i = 0; i < 1000; ++i) client.Run("RPUSH", "probe:list", "v");
    // A node an element.
    return client.Run("MEMORY", "USAGE", "probe:list").Integer() > 16'000;
  });
  add("types", "hll-sparse-max-bytes", "20", [](Daemon& daemon) {
    Client client(daemon.port());
    for (int i = 0; i < 50; ++i) client.Run("PFADD", "probe:hll", std::to_string(i));
    return client.Run("PFDEBUG", "ENCODING", "probe:hll").text == "dense";
  });
  add("observation", "slowlog-log-slower-than", "0", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("PING");
    return SlowEntries(client) > 0;
  });
  add("observation", "slowlog-max-len", "0", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("CONFIG", "SET", "slowlog-log-slower-than", "0");
    client.Run("PING");
    return SlowEntries(client) == 0;
  });
  add("observation", "latency-monitor-threshold", "1", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("TESTSPIN", "5");
    return !client.Run("LATENCY", "LATEST").elements.empty();
  });
  add("observation", "stall-threshold", "50", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("TESTSPIN", "400");
    return daemon.Log().find("it runs testspin") != std::string::npos;
  });
  add("observation", "latency-tracking", "no", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("ECHO", "x");
    return client.Run("INFO", "latencystats").text.find("_echo:") == std::string::npos;
  });
  add("observation", "latency-tracking-info-percentiles", "12.5", [](Daemon& daemon) {
    Client client(daemon.port());
    client.Run("ECHO", "x");
    return client.Run("INFO", "latencystats").text.find("p12.5=") != std::string::npos;
  });
  return all;
}

// Those with a test elsewhere, and why it is there.
const std::set<std::string> kElsewhere = {
    "loglevel",           // ConfigurationTest
    "log-format",         // ConfigurationTest
    "admin-password",     // AdminTest
    "maxmemory-clients",  // MisuseTest
    "protected-mode",     // needs an address that is not the loopback: MisuseTest
    "wake-pacing",        // nothing but the time of a reply: PacingTest
};

class SettingsTest : public DaemonTest, public testing::WithParamInterface<Probe> {
 protected:
  void SetUp() override {
    REPLETE_ONLY();
    if (HasTier()) GTEST_SKIP() << "what is away takes no memory; the rest is the same";
  }

  std::string File() const { return folder_.path() / "replete.toml"; }
  void WriteFile() const {
    std::ofstream(File()) << "[" << GetParam().section << "]\n"
                          << GetParam().name << " = \"" << GetParam().value << "\"\n";
  }
  std::string Variable() const {
    std::string name = "REPLETE__" + GetParam().section + "__" + GetParam().name;
    for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
    return name;
  }
  bool InForce() { return GetParam().in_force(daemon()); }

 private:
  const ScopedVariable tests_{"REPLETE_TEST_COMMANDS", "yes"};
  const TemporaryFolder folder_;
};

TEST_P(SettingsTest, HasTheSameEffectHoweverItIsSaid) {
  const Probe& probe = GetParam();
  Start({}, 1);
  EXPECT_FALSE(InForce()) << "by default";

  WriteFile();
  Start({"--config", File()}, 1);
  EXPECT_TRUE(InForce()) << "from the file";
  {
    const std::string name = Variable();
    const ScopedVariable variable(name.c_str(), probe.value);
    Start({}, 1);
  }
  EXPECT_TRUE(InForce()) << "from " << Variable();
  Start({"--" + probe.name + "=" + probe.value}, 1);
  EXPECT_TRUE(InForce()) << "from the command line";

  Start({}, 1);
  EXPECT_EQ(Connect().Run("CONFIG", "SET", probe.name, probe.value), Status("OK"));
  EXPECT_TRUE(InForce()) << "by CONFIG SET";

  std::ofstream(File()) << "";
  Start({"--config", File()}, 1);
  WriteFile();
  daemon().Signal(SIGHUP);
  ASSERT_TRUE(Eventually([&] {
    return daemon().Log().find("reload: " + probe.name + ": ") != std::string::npos;
  })) << daemon().Log();
  EXPECT_TRUE(InForce()) << "by SIGHUP";
}

INSTANTIATE_TEST_SUITE_P(All, SettingsTest, testing::ValuesIn(Probes()), [](const auto& probe) {
  std::string name = probe.param.name;
  std::erase(name, '-');
  return name;
});

// A setting that may change and has no test of what it does would be listed here.
TEST(SettingsTable, EveryLiveSettingHasATestOfItsEffect) {
  REPLETE_ONLY();
  std::set<std::string> tested = kElsewhere;
  for (const Probe& probe : Probes()) tested.insert(probe.name);
  FILE* pipe = ::popen((ServerBinary() + " --help").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char line[4096];
  int live = 0;
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    const std::string text = line;
    if (!text.starts_with("* --")) continue;
    ++live;
    const std::string name = text.substr(4, text.find(' ', 4) - 4);
    EXPECT_TRUE(tested.contains(name)) << name;
  }
  ::pclose(pipe);
  EXPECT_GT(live, 20);
}

}  // namespace
}  // namespace replete::test
