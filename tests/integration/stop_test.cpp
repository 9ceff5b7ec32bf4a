// Starting and stopping.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class StopTest : public DaemonTest {};

// redis/docker-library-redis #386, #4; redis/redis #6971.
TEST_F(StopTest, SigtermAndSigintEndItWithStatusZero) {
  EXPECT_EQ(Start().Stop(), 0);
  Daemon& interrupted = Start();
  interrupted.Signal(SIGINT);
  EXPECT_TRUE(interrupted.EndsByItself());
  EXPECT_EQ(interrupted.Stop(), 0);
}

TEST_F(StopTest, ClientsInEveryStateDoNotHoldItUp) {
  Daemon& daemon = Start();
  Connection waiter = Raw();
  waiter.Request({"BLPOP", "k", "0"});
  Connection subscriber = Raw(3);
  subscriber.Ask({"SUBSCRIBE", "a"});
  Connection transaction = Raw();
  transaction.Ask({"MULTI"});
  Connection half = Raw();
  half.Send("*2\r\n$3\r\nGET\r\n$100\r\nabc");
  // One that does not read what waits for it.
  Connection deaf = Raw();
  deaf.Ask({"SET", "big", std::string(1 << 20, 'v')});
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += Encode({"GET", "big"});
  deaf.Send(bytes);
  EXPECT_EQ(daemon.Stop(), 0);
  EXPECT_TRUE(waiter.ClosedByPeer());
  EXPECT_TRUE(transaction.ClosedByPeer());
}

// Counts the replies of one connection that writes until the server closes.
struct Writer {
  Connection connection;
  long long replies = 0;
  std::string wrong;

  void Run(const std::string& key) {
    std::string bytes;
    for (int i = 0; i < 16; ++i) bytes += Encode({"INCR", key});
    while (connection.Send(bytes)) {
      for (int i = 0; i < 16; ++i) {
        const auto reply = connection.Read();
        if (!reply) return Finish();
        if (*reply != Int(++replies)) wrong = ToString(*reply);
      }
    }
    Finish();
  }
  void Finish() {
    // The stream must end where a reply ends, not within one.
    if (!connection.unread().empty()) wrong = "cut: " + Quoted(connection.unread());
  }
};

TEST_F(StopTest, UnderLoadItEndsCleanlyAndCutsNoReply) {
  Daemon& daemon = Start({}, 2);
  std::vector<Writer> writers(8);
  for (Writer& writer : writers) writer.connection = Raw();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < writers.size(); ++i) {
    threads.emplace_back([&writers, i] { writers[i].Run("n" + std::to_string(i)); });
  }
  Client client = Connect();
  EXPECT_TRUE(Eventually(
      [&] {
        const Reply counters = client.Run("MGET", "n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7");
        for (const Reply& counter : counters.elements) {
          if (counter.Integer() < 500) return false;
        }
        return true;
      },
      6 * kHang));
  EXPECT_EQ(daemon.Stop(), 0);
  for (std::thread& thread : threads) thread.join();
  for (const Writer& writer : writers) {
    EXPECT_EQ(writer.wrong, "");
    EXPECT_GE(writer.replies, 500);
  }
}

// A thread's share of many busy clients: each sends and reads in turn until the server closes.
void KeepBusy(std::vector<Writer>* writers, std::size_t begin, std::size_t end) {
  constexpr int kAtOnce = 4;
  std::size_t open = end - begin;
  std::vector<bool> done(writers->size());
  while (open > 0) {
    for (std::size_t i = begin; i < end; ++i) {
      if (done[i]) continue;
      std::string bytes;
      for (int n = 0; n < kAtOnce; ++n) bytes += Encode({"INCR", "n" + std::to_string(i)});
      (*writers)[i].connection.Send(bytes);
    }
    for (std::size_t i = begin; i < end; ++i) {
      Writer& writer = (*writers)[i];
      for (int n = 0; n < kAtOnce && !done[i]; ++n) {
        const auto reply = writer.connection.Read();
        if (!reply) {
          writer.Finish();
          done[i] = true;
          --open;
        } else if (*reply != Int(++writer.replies)) {
          writer.wrong = ToString(*reply);
        }
      }
    }
  }
}

TEST_F(StopTest, ThousandsOfBusyClientsGetWholeRepliesAndTheEnd) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::size_t kClients = 1000;
#else
  constexpr std::size_t kClients = 5000;
#endif
  constexpr std::size_t kThreads = 4;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, kClients + 200);
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < kClients + 200) GTEST_SKIP() << "too few files may be open";
  Daemon& daemon = Start({}, 2);
  std::vector<Writer> writers(kClients);
  for (Writer& writer : writers) writer.connection = Raw();
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back(KeepBusy, &writers, t * kClients / kThreads,
                         (t + 1) * kClients / kThreads);
  }
  Client client = Connect();
  const std::string last = "n" + std::to_string(kClients - 1);
  EXPECT_TRUE(Eventually([&] { return client.Run("GET", last).text > "1"; }, 6 * kHang));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(daemon.Stop(), 0);
  const auto took = std::chrono::steady_clock::now() - start;
  RecordProperty(
      "stop_ms",
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  for (std::thread& thread : threads) thread.join();
  for (const Writer& writer : writers) EXPECT_EQ(writer.wrong, "");
}

TEST_F(StopTest, AfterAKillItStartsAgainAtTheSamePlace) {
  Start();
  EXPECT_EQ(Connect().Run("SET", "k", "v"), Status("OK"));
  daemon().Kill9();
  Start();
  EXPECT_EQ(Connect().Run("PING"), Status("PONG"));
}

// A setting that is wrong is told before anything is served, and the status says so.
TEST_F(StopTest, AWrongCommandLineIsRefused) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{"--port", "99999"},
                                               {"--maxmemory", "lots"},
                                               {"--nosuchsetting", "1"}}) {
    ServerProcess process(ServerBinary(), args);
    process.SpawnOnly();
    ASSERT_TRUE(process.Wait(kHang)) << args[0];
    EXPECT_NE(process.status(), 0) << args[0];
    EXPECT_LT(process.status(), 128) << args[0];
    EXPECT_NE(process.Log().find(args[0].substr(2)), std::string::npos) << process.Log();
  }
}

}  // namespace
}  // namespace replete::test
