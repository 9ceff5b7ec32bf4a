// The admin port, as Prometheus and Kubernetes use it.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <sstream>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;
};

// One connection; what the daemon sends until it closes it, or until the body is whole.
class HttpClient {
 public:
  explicit HttpClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{3 * kHang.count(), 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~HttpClient() { ::close(socket_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool connected() const { return connected_; }
  void Send(const std::string& bytes) { ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  HttpReply Get(const std::string& path, const std::string& headers = "",
                const std::string& method = "GET") {
    Send(method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
    return Read(method != "HEAD");
  }
  HttpReply Read(bool has_body = true) {
    HttpReply reply;
    size_t end = 0;
    while ((end = left_.find("\r\n\r\n")) == std::string::npos) {
      if (!More()) return reply;
    }
    std::istringstream head(left_.substr(0, end));
    left_.erase(0, end + 4);
    std::string line;
    std::getline(head, line);
    if (line.size() > 12) reply.status = std::stoi(line.substr(9, 3));
    while (std::getline(head, line)) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      const size_t colon = line.find(": ");
      reply.headers[line.substr(0, colon)] = line.substr(colon + 2);
    }
    const size_t size = std::stoul(reply.headers["Content-Length"]);
    while (has_body && left_.size() < size && More()) {
    }
    if (has_body) {
      reply.body = left_.substr(0, size);
      left_.erase(0, size);
    }
    return reply;
  }
  // Closed by the other side, with nothing more to read.
  bool Closed() { return left_.empty() && !More(); }

 private:
  bool More() {
    char bytes[4096];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got > 0) left_.append(bytes, static_cast<size_t>(got));
    return got > 0;
  }

  const int socket_;
  bool connected_ = false;
  std::string left_;
};

class AdminTest : public DaemonTest {
 protected:
  void SetUp() override { REPLETE_ONLY(); }

  void StartWithAdmin(std::vector<std::string> args = {}) {
    for (int attempt = 0; attempt < 5; ++attempt) {
      port_ = 32001 + static_cast<int>(::getpid() * 7 + attempt * 131) % 700;
      std::vector<std::string> all = {"--admin-port", std::to_string(port_)};
      all.insert(all.end(), args.begin(), args.end());
      try {
        Start(std::move(all));
        return;
      } catch (const std::runtime_error&) {
        // Somebody has the port.
      }
    }
    FAIL() << "no port";
  }
  HttpReply Get(const std::string& path, const std::string& headers = "") {
    return HttpClient(port_).Get(path, headers);
  }
  // The value of a sample; -1 when it is not there.
  static double Value(const std::string& metrics, const std::string& sample) {
    const size_t at = ("\n" + metrics).find("\n" + sample + " ");
    return at == std::string::npos ? -1 : std::stod(metrics.substr(at + sample.size() + 1));
  }

  int port_ = 0;
};

TEST_F(AdminTest, HealthAndReadiness) {
  StartWithAdmin();
  for (const char* path : {"/healthz", "/readyz", "/healthz?verbose"}) {
    const HttpReply reply = Get(path);
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.body, "ok\n");
  }
  EXPECT_EQ(Get("/").status, 404);
  EXPECT_EQ(Get("/metricsx").status, 404);
}

TEST_F(AdminTest, MetricsAreWhatHappened) {
  StartWithAdmin();
  Client client = Connect();
  client.Run("NAMESPACE", "CREATE", "llm", "max_entries", "3");
  client.Run("SET", "a", "v");
  client.Run("SET", "b", "v", "EX", "100");
  client.Run("GET", "a");
  client.Run("GET", "absent");
  client.Run("INCR", "a");
  client.Run("GET");
  client.Run("CONFIG", "SET", "maxmemory", "100mb");
  client.Run("NAMESPACE", "USE", "llm");
  for (int i = 0; i < 10; ++i) client.Run("SET", std::to_string(i), "v");
  const HttpReply reply = Get("/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  const std::string& text = reply.body;
  EXPECT_EQ(Value(text, "redis_up"), 1);
  EXPECT_EQ(Value(text, "redis_connected_clients"), 1);
  EXPECT_EQ(Value(text, "redis_memory_max_bytes"), 100 << 20);
  EXPECT_EQ(Value(text, "redis_db_keys{db=\"db0\"}"), 2);
  EXPECT_EQ(Value(text, "redis_db_keys_expiring{db=\"db0\"}"), 1);
  EXPECT_EQ(Value(text, "redis_keyspace_hits_total"), 1);
  EXPECT_EQ(Value(text, "redis_keyspace_misses_total"), 1);
  EXPECT_EQ(Value(text, "replete_namespace_misses_total{namespace=\"0\"}"), 1);
  EXPECT_EQ(Value(text, "replete_namespace_entries{namespace=\"llm\"}"), 3);
  EXPECT_EQ(Value(text, "replete_namespace_max_entries{namespace=\"llm\"}"), 3);
  EXPECT_EQ(Value(text, "replete_namespace_evicted_total{namespace=\"llm\"}"), 7);
  EXPECT_EQ(Value(text, "redis_evicted_keys_total"), 7);
  EXPECT_EQ(Value(text, "redis_commands_total{cmd=\"set\"}"), 12);
  EXPECT_EQ(Value(text, "redis_commands_failed_calls_total{cmd=\"incr\"}"), 1);
  EXPECT_EQ(Value(text, "redis_commands_rejected_calls_total{cmd=\"get\"}"), 1);
  EXPECT_EQ(Value(text, "redis_commands_total{cmd=\"config|set\"}"), 1);
  EXPECT_EQ(Value(text, "redis_errors_total{err=\"ERR\"}"), 2);
  EXPECT_EQ(Value(text, "replete_command_duration_seconds_count{cmd=\"set\"}"), 12);
  EXPECT_EQ(Value(text, "replete_command_duration_seconds_bucket{cmd=\"set\",le=\"+Inf\"}"), 12);
  EXPECT_GT(Value(text, "replete_command_duration_seconds_sum{cmd=\"set\"}"), 0);
  EXPECT_EQ(Value(text, "replete_namespace_entries{namespace=\"7\"}"), -1) << "never used";
}

TEST_F(AdminTest, APasswordKeepsMetricsButNotHealth) {
  StartWithAdmin({"--admin-password", "s3cret:x"});
  EXPECT_EQ(Get("/healthz").status, 200);
  const HttpReply refused = Get("/metrics");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.headers.at("WWW-Authenticate").starts_with("Basic "));
  // "prometheus:s3cret:x", then without a colon, another password, no base64, another scheme.
  EXPECT_EQ(Get("/metrics", "Authorization: Basic cHJvbWV0aGV1czpzM2NyZXQ6eA==\r\n").status, 200);
  for (const char* wrong : {"Basic cHJvbWV0aGV1cw==", "Basic cHJvbWV0aGV1czpzM2NyZXQ6eQ==",
                            "Basic !!!", "Basic", "Bearer s3cret:x", ""}) {
    EXPECT_EQ(Get("/metrics", std::string("Authorization: ") + wrong + "\r\n").status, 401)
        << wrong;
  }
  EXPECT_EQ(Get("/else").status, 401) << "what there is is not told either";
  Client client = Connect();
  client.Run("CONFIG", "SET", "admin-password", "");
  EXPECT_EQ(Get("/metrics").status, 200);
}

TEST_F(AdminTest, SeveralRequestsOnAConnectionAndOtherMethods) {
  StartWithAdmin();
  HttpClient client(port_);
  EXPECT_EQ(client.Get("/healthz").status, 200);
  const HttpReply head = client.Get("/healthz", "", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("Content-Length"), "3");
  const HttpReply post = client.Get("/healthz", "", "POST");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.headers.at("Allow"), "GET, HEAD");
  EXPECT_EQ(client.Get("/readyz", "Connection: close\r\n").status, 200);
  EXPECT_TRUE(client.Closed());
}

TEST_F(AdminTest, WhatIsNoRequestEndsTheConnectionAndNothingElse) {
  StartWithAdmin();
  const std::string requests[] = {
      "*1\r\n$4\r\nPING\r\n", "\x16\x03\x01\x02", std::string(100'000, 'x'),
      "GET /healthz HTTP/1.1\r\n" + std::string(20'000, 'x') + ": y\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"};
  for (const std::string& bytes : requests) {
    HttpClient client(port_);
    client.Send(bytes + "\r\n\r\n");
    const HttpReply reply = client.Read();
    EXPECT_TRUE(reply.status == 0 || reply.status == 400)
        << reply.status << " for " << bytes.substr(0, 30);
    EXPECT_TRUE(client.Closed());
  }
  EXPECT_EQ(Get("/healthz").status, 200);
}

TEST_F(AdminTest, ManyConnectionsAreBounded) {
  StartWithAdmin();
  std::vector<std::unique_ptr<HttpClient>> idle;
  for (int i = 0; i < 200; ++i) idle.push_back(std::make_unique<HttpClient>(port_));
  int served = 0;
  for (auto& client : idle) served += client->Get("/healthz").status == 200 ? 1 : 0;
  EXPECT_EQ(served, 64);
  idle.clear();
  EXPECT_TRUE(Eventually([&] { return Get("/healthz").status == 200; }));
}

TEST_F(AdminTest, APortThatIsTakenEndsTheStart) {
  StartWithAdmin();
  ServerProcess second(ServerBinary(), {"--admin-port", std::to_string(port_)});
  second.SpawnOnly();
  ASSERT_TRUE(second.Wait(kHang));
  EXPECT_EQ(second.status(), 1);
  EXPECT_NE(second.Log().find("cannot listen on 127.0.0.1:" + std::to_string(port_)),
            std::string::npos)
      << second.Log();
}

}  // namespace
}  // namespace replete::test
