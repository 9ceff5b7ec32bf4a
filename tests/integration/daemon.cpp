#include "tests/integration/daemon.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <ostream>
#include <stdexcept>
#include <utility>

namespace replete::test {
namespace {

Reply FromHiredis(const redisReply& from) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_STATUS:
      return Status(std::string(from.str, from.len));
    case REDIS_REPLY_ERROR:
      return Error(std::string(from.str, from.len));
    case REDIS_REPLY_INTEGER:
      return Int(from.integer);
    case REDIS_REPLY_STRING:
      return Bulk(std::string(from.str, from.len));
    case REDIS_REPLY_NIL:
      return Nil();
    default:
      reply.type = '*';
      for (std::size_t i = 0; i < from.elements; ++i) {
        reply.elements.push_back(FromHiredis(*from.element[i]));
      }
      return reply;
  }
}

}  // namespace

std::string ServerBinary() {
  const char* named = std::getenv("REPLETE_SERVER");
  return named != nullptr ? named : REPLETE_SERVER;
}

ScopedVariable::ScopedVariable(const char* name, const std::string& value) : name_(name) {
  if (const char* before = std::getenv(name)) before_ = before;
  ::setenv(name, value.c_str(), 1);
}

ScopedVariable::~ScopedVariable() {
  if (before_) {
    ::setenv(name_, before_->c_str(), 1);
  } else {
    ::unsetenv(name_);
  }
}

long long InfoNumber(Client* client, const char* section, const std::string& name) {
  const std::string info = "\n" + client->Run("INFO", section).text;
  const std::size_t at = info.find("\n" + name + ":");
  return at == std::string::npos ? -1 : std::stoll(info.substr(at + name.size() + 2));
}

bool HasTier() { return std::getenv("REPLETE_TEST_TIER") != nullptr; }

bool OnDisk() { return HasTier() && std::getenv("REPLETE_TEST_TIER")[0] == 'd'; }

bool TestingRedis() { return ServerProcess(ServerBinary()).redis(); }

bool Eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

Client::Client(int port) {
  const timeval limit{3 * kHang.count(), 0};
  context_.reset(redisConnectWithTimeout("127.0.0.1", port, limit));
  if (connected()) redisSetTimeout(context_.get(), limit);
}

Reply Client::Run(const std::vector<std::string>& args) {
  Append(args);
  return Next();
}

void Client::Append(const std::vector<std::string>& args) {
  if (!connected()) return;
  std::vector<const char*> words;
  std::vector<std::size_t> sizes;
  for (const std::string& arg : args) {
    words.push_back(arg.data());
    sizes.push_back(arg.size());
  }
  redisAppendCommandArgv(context_.get(), static_cast<int>(args.size()), words.data(), sizes.data());
}

Reply Client::Next() {
  void* raw = nullptr;
  if (!connected() || redisGetReply(context_.get(), &raw) != REDIS_OK) return {};
  auto* from = static_cast<redisReply*>(raw);
  Reply reply = FromHiredis(*from);
  freeReplyObject(from);
  return reply;
}

int Client::local_port() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(context_->fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Daemon::Daemon(std::vector<std::string> args, int threads)
    : process_(ServerBinary(), std::move(args), threads) {
  started_ = process_.Start();
  // Ends the test: what follows could only wait for nobody.
  if (!started_) throw std::runtime_error("cannot start " + ServerBinary() + "\n" + Telling(Log()));
}

Daemon::~Daemon() {
  if (!started_) return;
  EXPECT_TRUE(Running()) << "the daemon is gone, its log:\n" << Telling(Log());
  EXPECT_EQ(Stop(), 0) << Telling(Log());
}

int Daemon::Stop() {
  started_ = false;
  const int status = process_.Stop();
  CheckLog();
  return status;
}

void Daemon::Kill9() {
  started_ = false;
  process_.Kill9();
  CheckLog();
}

void Daemon::CheckLog() const {
  const std::string log = Log();
  for (const char* sign : {"Sanitizer:", "runtime error:", "REDIS BUG REPORT"}) {
    EXPECT_EQ(log.find(sign), std::string::npos) << Telling(log);
  }
}

Daemon& DaemonTest::Start(std::vector<std::string> args, int threads) {
  daemon_.reset();
  daemon_ = std::make_unique<Daemon>(std::move(args), threads);
  return *daemon_;
}

Daemon& DaemonTest::daemon() { return daemon_ == nullptr ? Start() : *daemon_; }

Connection DaemonTest::Raw(int protocol) {
  Connection connection(daemon().port());
  if (protocol == 3) {
    const auto hello = connection.Ask({"HELLO", "3"});
    EXPECT_TRUE(hello && hello->type == '%') << (hello ? ToString(*hello) : "closed");
  }
  return connection;
}

void PrintTo(const Reply& reply, std::ostream* out) { *out << ToString(reply); }

Reply FieldOf(const Reply& map, std::string_view name) {
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i].text == name) return map.elements[i + 1];
  }
  return {};
}

}  // namespace replete::test
