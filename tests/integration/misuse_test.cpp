// Overload and misuse: what the daemon does with too many, too slow and vanished clients.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class MisuseTest : public DaemonTest {};

// Connections over what the system allows wait until others go; nobody who is served notices.
TEST_F(MisuseTest, WithoutDescriptorsNewConnectionsWaitAndOthersAreServed) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan opens a pipe to see whether an object is one, and takes no pipe for no";
#endif
  Daemon& daemon = Start();
  Client client = Connect();
  client.Run("SET", "k", "v");
  const rlimit few{60, 60};
  ASSERT_EQ(::prlimit(daemon.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  std::vector<Connection> many;
  for (int i = 0; i < 200; ++i) {
    many.emplace_back(daemon.port());
    many.back().Request({"PING"});
  }
  EXPECT_EQ(client.Run("GET", "k"), Bulk("v"));
  EXPECT_TRUE(many[0].Read().has_value());
  int answered = 1;
  // Each that goes makes room for one that waits.
  for (std::size_t i = 1; i < many.size(); ++i) {
    many[i - 1].Close();
    answered += many[i].Read().has_value() ? 1 : 0;
  }
  EXPECT_EQ(answered, 200);
  EXPECT_EQ(client.Run("GET", "k"), Bulk("v"));
}

TEST_F(MisuseTest, AStormOfConnectionsIsServed) {
  Daemon& daemon = Start();
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        Connection connection(daemon.port());
        const auto reply = connection.Ask({"PING"});
        if (reply && *reply == Status("PONG")) ++served;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, kThreads * kEach);
  Client client = Connect();
  EXPECT_TRUE(Eventually([&] { return InfoNumber(&client, "clients", "connected_clients") == 1; }));
  EXPECT_EQ(InfoNumber(&client, "stats", "total_connections_received"), kThreads * kEach + 2)
      << "the one that waited for the start, and this one";
}

// Half a request each: they hold next to nothing, and others do not wait for them.
TEST_F(MisuseTest, SlowWritersHoldNobodyUp) {
  Daemon& daemon = Start();
  std::vector<Connection> slow;
  for (int i = 0; i < 500; ++i) {
    slow.emplace_back(daemon.port());
    slow.back().Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n");
  }
  Client client = Connect();
  EXPECT_TRUE(
      Eventually([&] { return InfoNumber(&client, "clients", "connected_clients") == 501; }));
  const std::uint64_t before = daemon.Rss();
  for (int round = 0; round < 10; ++round) {
    for (Connection& connection : slow) connection.Send("x");
    EXPECT_EQ(client.Run("PING"), Status("PONG"));
  }
  EXPECT_LT(daemon.Rss(), before + (50U << 20)) << "a byte each is not 100,000";
  for (Connection& connection : slow) connection.Send(std::string(100'000 - 10, 'x') + "\r\n");
  for (Connection& connection : slow) EXPECT_EQ(connection.Read(), Status("OK"));
}

// A peer that has vanished without a word: the kernel asks after it as tcp-keepalive says.
TEST_F(MisuseTest, ThePeersOfIdleConnectionsAreAskedAfter) {
  REPLETE_ONLY();
  Start({"--tcp-keepalive", "30"});
  Client client = Connect();
  client.Run("PING");
  std::ifstream table("/proc/net/tcp");
  char ends[64];
  std::snprintf(ends, sizeof ends, ":%04X 0100007F:%04X", daemon().port(), client.local_port());
  std::string timer;
  for (std::string line; std::getline(table, line);) {
    if (line.find(ends) == std::string::npos) continue;
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 6; ++i) words >> word;
    timer = word;
  }
  // "02:" is the keepalive timer, then the time left in hundredths of a second.
  ASSERT_EQ(timer.substr(0, 3), "02:") << timer;
  EXPECT_LE(std::stol(timer.substr(3), nullptr, 16), 3000);
}

// A client that has closed its half and waits for the replies gets them.
// One's request runs on a worker, the other's waits for its keys.
TEST_F(MisuseTest, ALongCommandIsAnsweredToAPeerThatSendsNothingMore) {
  const ScopedVariable commands("REPLETE_TEST_COMMANDS", "yes");
  Start({}, 1);
  std::vector<Connection> connections;
  for (int i = 0; i < 2; ++i) {
    connections.push_back(Raw());
    ASSERT_TRUE(
        connections.back().Send(Encode({"TESTLONG", "100000", "a", "b"}) + Encode({"GET", "b"})));
    ::shutdown(connections.back().fd(), SHUT_WR);
  }
  long long sum = 0;
  for (Connection& connection : connections) {
    const std::optional<Reply> added = connection.Read();
    ASSERT_TRUE(added && added->type == ':');
    sum += added->Integer();
    EXPECT_EQ(connection.Read()->type, '$');
    EXPECT_TRUE(connection.ClosedByPeer());
  }
  EXPECT_EQ(sum, 2 + 4) << "each adds one to both";
}

TEST_F(MisuseTest, RepliesReachAPeerThatSendsNothingMore) {
  Daemon& daemon = Start();
  Connection connection(daemon.port());
  constexpr int kReplies = 200;  // more than the kernel takes at once
  std::string requests = Encode({"SET", "k", std::string(100'000, 'v')});
  for (int i = 0; i < kReplies; ++i) requests += Encode({"GET", "k"});
  connection.Send(requests);
  ::shutdown(connection.fd(), SHUT_WR);
  EXPECT_EQ(connection.Read(), Status("OK"));
  for (int i = 0; i < kReplies; ++i) {
    const auto reply = connection.Read();
    ASSERT_TRUE(reply) << "cut after " << i;
    ASSERT_EQ(reply->text.size(), 100'000U);
  }
  EXPECT_TRUE(connection.ClosedByPeer());
}

// A client that asks for much and reads nothing.
Connection Deaf(Daemon& daemon, int megabytes, bool may_be_evicted) {
  Connection connection(daemon.port());
  connection.Ask({"CLIENT", "NO-EVICT", may_be_evicted ? "off" : "on"});
  connection.Ask({"SET", "big", std::string(1 << 20, 'v')});
  std::string requests;
  for (int i = 0; i < megabytes; ++i) requests += Encode({"GET", "big"});
  connection.Send(requests);
  return connection;
}

TEST_F(MisuseTest, WhatWaitsForClientsCountsAndTheLargestGo) {
  REPLETE_ONLY();
  Daemon& daemon = Start({"--client-query-buffer-limit", "1gb"});
  Client client = Connect();
  const long long before = InfoNumber(&client, "memory", "used_memory");
  Connection largest = Deaf(daemon, 60, true);
  Connection kept = Deaf(daemon, 50, false);
  Connection small = Deaf(daemon, 20, true);
  // The kernel takes some megabytes of each, and a client's turn ends when much is unsent.
  ASSERT_TRUE(
      Eventually([&] { return InfoNumber(&client, "memory", "mem_clients_normal") > (3 << 20); }));
  EXPECT_GT(InfoNumber(&client, "memory", "used_memory"), before + (3 << 20));
  EXPECT_EQ(client.Run("CONFIG", "SET", "maxmemory-clients", "2mb"), Status("OK"));
  EXPECT_TRUE(Eventually([&] { return InfoNumber(&client, "stats", "evicted_clients") >= 1; }));
  EXPECT_NE(daemon.Log().find("maxmemory-clients is 2097152"), std::string::npos);
  const std::string list = client.Run("CLIENT", "LIST").text;
  EXPECT_NE(list.find("flags=e"), std::string::npos) << "the one that may not be evicted: " << list;
  EXPECT_EQ(client.Run("PING"), Status("PONG"));
  kept.Close();
  largest.Close();
  small.Close();
  EXPECT_TRUE(Eventually([&] {
    return InfoNumber(&client, "memory", "mem_clients_normal") < 100'000;
  })) << "what was counted is taken off again";
}

// What waits for clients takes the place of entries, but of a quarter of maxmemory at most.
TEST_F(MisuseTest, WhoReadsSlowlyDoesNotEvictEverybodysData) {
  REPLETE_ONLY();
  if (HasTier()) GTEST_SKIP() << "values that are away need no room";
  Daemon& daemon = Start();
  Client client = Connect();
  constexpr long long kMiB = 1 << 20;
  client.Run("SET", "big", std::string(kMiB, 'v'));
  const long long limit = InfoNumber(&client, "memory", "used_memory") + 40 * kMiB;
  client.Run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory",
             std::to_string(limit));
  for (int i = 0; i < 360; ++i) {
    ASSERT_EQ(client.Run("SET", "k" + std::to_string(i), std::string(100'000, 'v')), Status("OK"));
  }
  const long long before = client.Run("DBSIZE").Integer();
  std::vector<Connection> deaf;
  const auto waiting = [&] { return InfoNumber(&client, "memory", "mem_clients_normal"); };
  while (deaf.size() < 100 && waiting() < 25 * kMiB) deaf.push_back(Deaf(daemon, 30, true));
  ASSERT_GE(waiting(), 25 * kMiB);
  // A quarter is 10 MiB, some 90 to 105 entries as allocators go; not 25 MiB, which are 220.
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE").Integer() <= before - 40; }));
  for (int i = 0; i < 50; ++i) client.Run("SET", "more", "v");
  EXPECT_GE(client.Run("DBSIZE").Integer(), before - 150);
}

// An address of this machine that is not the loopback; empty when there is none.
std::string OtherAddress() {
  ifaddrs* all = nullptr;
  std::string found;
  if (::getifaddrs(&all) != 0) return found;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    const in_addr address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr;
    if ((ntohl(address.s_addr) >> 24) == 127) continue;
    char text[INET_ADDRSTRLEN];
    found = ::inet_ntop(AF_INET, &address, text, sizeof text);
    break;
  }
  ::freeifaddrs(all);
  return found;
}

// One request from that address; the line that comes back.
std::string AskFrom(const std::string& address, int port, const std::string& request) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  const timeval limit{kHang.count(), 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string line;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    ::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
    char byte = 0;
    while (line.size() < 2000 && ::recv(socket, &byte, 1, 0) == 1 && byte != '\n') line += byte;
  }
  ::close(socket);
  return line;
}

TEST_F(MisuseTest, ProtectedModeRefusesStrangersAndSaysHowToLetThemIn) {
  const std::string address = OtherAddress();
  if (address.empty()) GTEST_SKIP() << "this machine has only the loopback";
  Start({"--bind", "0.0.0.0"});
  Client client = Connect();
  const auto ask = [&] { return AskFrom(address, daemon().port(), "PING\r\n"); };
  EXPECT_TRUE(ask().starts_with("-DENIED ")) << ask();
  client.Run("CONFIG", "SET", "requirepass", "x");
  EXPECT_TRUE(ask().starts_with("-NOAUTH ")) << ask();
  client.Run("CONFIG", "SET", "requirepass", "", "protected-mode", "no");
  EXPECT_EQ(ask(), "+PONG\r");
}

}  // namespace
}  // namespace replete::test
