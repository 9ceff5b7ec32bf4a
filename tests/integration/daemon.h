#pragma once

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/integration/connection.h"
#include "tests/integration/server_process.h"

namespace replete::test {

// REPLETE_SERVER from the environment, or the daemon of this build.
std::string ServerBinary();

// True when the tests run against a redis-server, to test the tests themselves.
bool TestingRedis();

// True when the daemons have a tier below their RAM: REPLETE_TEST_TIER, in core/tier/fake_tier.h's
// words, or "disk,hot_memory=N": all namespaces are on disk.
bool HasTier();
bool OnDisk();

// Polls until `condition` holds; false when it never does. `limit` only tells a hang.
bool Eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = kHang);

// A variable of the environment that daemons are started with; what it was comes back at the end.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value);
  ~ScopedVariable();
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* const name_;
  std::optional<std::string> before_;
};

// Counts a thread's work as done when it ends, by a failed assertion too, so that those who work
// "as long as the others do" end as well.
class CountDown {
 public:
  explicit CountDown(std::atomic<int>* left) : left_(left) {}
  CountDown(const CountDown&) = delete;
  CountDown& operator=(const CountDown&) = delete;
  ~CountDown() { --*left_; }

 private:
  std::atomic<int>* left_;
};

// A client as applications use one: hiredis, RESP2, one request at a time or pipelined. What
// hiredis cannot tell apart ($-1 and *-1) or does not speak (RESP3) is tested with Connection.
// One thread.
class Client {
 public:
  explicit Client(int port);

  Reply Run(const std::vector<std::string>& args);
  template <typename... Args>
  Reply Run(const char* command, const Args&... args) {
    return Run(std::vector<std::string>{command, Word(args)...});
  }

  // Pipelining: any number of Append, then as many Next.
  void Append(const std::vector<std::string>& args);
  Reply Next();

  // False once the connection was lost; Run then answers a Reply of type 0.
  bool connected() const { return context_ != nullptr && context_->err == 0; }
  int local_port() const;

 private:
  static std::string Word(const std::string& word) { return word; }
  static std::string Word(const char* word) { return word; }
  static std::string Word(long long number) { return std::to_string(number); }

  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  std::unique_ptr<redisContext, Free> context_;
};

// A daemon for one test. When the test is over it is stopped with SIGTERM and must end with
// status 0; its log is printed when it does not, or holds a sanitizer's report.
class Daemon {
 public:
  // Throws when it does not start.
  explicit Daemon(std::vector<std::string> args = {}, int threads = 0);
  ~Daemon();

  // SIGTERM and the exit status, for tests that look at it themselves.
  int Stop();
  void Kill9();
  bool Running() { return process_.Running(); }
  // Ends without a signal from us?
  bool EndsByItself() { return process_.Wait(kHang); }
  void Signal(int number) { ::kill(process_.pid(), number); }

  int port() const { return process_.port(); }
  pid_t pid() const { return process_.pid(); }
  std::string Log() const { return process_.Log(); }
  std::uint64_t Rss() const { return process_.Rss(); }

 private:
  void CheckLog() const;

  ServerProcess process_;
  bool started_ = false;
};

// Base of the tests: a daemon is started by the first Connect, or by Start with arguments.
class DaemonTest : public ::testing::Test {
 protected:
  Daemon& Start(std::vector<std::string> args = {}, int threads = 0);
  Daemon& daemon();
  Client Connect() { return Client(daemon().port()); }
  // A raw connection that has said HELLO when protocol is 3.
  Connection Raw(int protocol = 2);

 private:
  std::unique_ptr<Daemon> daemon_;
};

// Skips a test of what redis-server does not have, when the tests run against one.
#define REPLETE_ONLY() \
  if (::replete::test::TestingRedis()) GTEST_SKIP() << "redis-server has no such thing"

// Skips a test that opens a store where ThreadSanitizer watches: RocksDB, as Debian builds it, is
// not instrumented, and what its own threads do under its own locks looks like races.
#ifdef __SANITIZE_THREAD__
#define NEEDS_STORE() GTEST_SKIP() << "RocksDB is not instrumented"
#else
#define NEEDS_STORE() \
  if (::replete::test::HasTier()) GTEST_SKIP() << "it says itself what is on disk"
#endif

void PrintTo(const Reply& reply, std::ostream* out);

// The number behind `name` in INFO's `section`; -1 when it is not there.
long long InfoNumber(Client* client, const char* section, const std::string& name);

// The value behind `name` in a map (RESP3) or a flat array of pairs (RESP2); type 0 when absent.
Reply FieldOf(const Reply& map, std::string_view name);

}  // namespace replete::test
