#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace replete::test {

// How long the tests wait for something that must happen. It only turns a hang into a failure.
inline constexpr std::chrono::seconds kHang{10};

// The part of a server's log that tells why: from the first report of a sanitizer or of a crash,
// else the end.
inline std::string Telling(const std::string& log) {
  constexpr std::size_t kLimit = 5000;
  for (const char* sign : {"ERROR: ", "WARNING: ThreadSanitizer", "runtime error:", "BUG REPORT"}) {
    const std::size_t at = log.find(sign);
    if (at != std::string::npos) return log.substr(at, kLimit);
  }
  return log.size() <= kLimit ? log : log.substr(log.size() - kLimit);
}

// One server under test: the real binary in a directory of its own, on a port of its own.
// Starts a redis-server just as well, so that the tests themselves can be tested.
// One owner, one thread. The process dies with its owner, whatever happens to the test.
class ServerProcess {
 public:
  explicit ServerProcess(std::string binary, std::vector<std::string> args = {}, int threads = 0)
      : binary_(std::move(binary)),
        args_(std::move(args)),
        threads_(threads),
        redis_(std::filesystem::path(binary_).filename() == "redis-server") {}
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() {
    Kill9();
    if (claim_ >= 0) ::close(claim_);
    std::error_code ignored;
    if (!dir_.empty()) std::filesystem::remove_all(dir_, ignored);
  }

  // True when the process answers PING; one that runs already is killed first. A port that somebody
  // else took meanwhile is retried.
  bool Start() {
    Kill9();
    if (dir_.empty() && !MakeDir()) return false;
    for (int attempt = 0; attempt < 5; ++attempt) {
      TakePort();
      Spawn();
      if (WaitForPing()) return true;
      Kill9();
    }
    return false;
  }

  // Starts it and does not wait, for a command line that must be refused.
  void SpawnOnly() {
    if (dir_.empty()) MakeDir();
    TakePort();
    Spawn();
  }

  // SIGTERM, then the exit status: 128 + n when signal n ended it, -1 when it had to be killed.
  int Stop(std::chrono::milliseconds limit = kHang) {
    if (pid_ <= 0) return last_status_;
    ::kill(pid_, SIGTERM);
    if (Wait(limit)) return last_status_;
    Kill9();
    last_status_ = -1;
    return -1;
  }

  void Kill9() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    Wait(std::chrono::minutes(1));
  }

  // Waits until the process has ended; false when it has not within `limit`.
  bool Wait(std::chrono::milliseconds limit) {
    const auto give_up = std::chrono::steady_clock::now() + limit;
    while (Running()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  bool Running() {
    if (pid_ <= 0) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
    pid_ = -1;
    last_status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return false;
  }

  std::string Log() const {
    std::ifstream in(dir_ / "log");
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }

  // Resident set of the process in bytes; 0 when it is gone.
  std::uint64_t Rss() const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/statm");
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    in >> total >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }

  int port() const { return port_; }
  int status() const { return last_status_; }  // of the process that has ended
  pid_t pid() const { return pid_; }
  bool redis() const { return redis_; }
  const std::filesystem::path& dir() const { return dir_; }
  const std::string& binary() const { return binary_; }

 private:
  bool MakeDir() {
    std::string name = (std::filesystem::temp_directory_path() / "replete-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return false;
    dir_ = name;
    return true;
  }

  // One that nobody listens on and no other test is about to: while our server starts, another
  // test's would take our requests, and end with its test.
  void TakePort() {
    for (;;) {
      port_ = FreePort();
      if (claim_ >= 0) ::close(claim_);
      claim_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      // An abstract name: the kernel forgets it with this process.
      const std::string name = "replete-test-port-" + std::to_string(port_);
      name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
      const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
      const int bound = ::bind(claim_, reinterpret_cast<sockaddr*>(&address), size);
      if (bound == 0 || errno != EADDRINUSE) return;
    }
  }

  // Below the range the kernel hands to outgoing connections, so that none of ours sits on it.
  static int FreePort() {
    static std::mt19937 random{std::random_device{}()};
    for (;;) {
      const int port = std::uniform_int_distribution<int>(12000, 32000)(random);
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<std::uint16_t>(port));
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      const int bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
      ::close(fd);
      if (bound == 0) return port;
    }
  }

  std::vector<std::string> CommandLine() const {
    std::vector<std::string> line = {binary_, "--port", std::to_string(port_), "--dir",
                                     dir_.string()};
    if (redis_) {
      line.insert(line.end(), {"--save", "", "--appendonly", "no", "--daemonize", "no"});
    } else {
      // Connections on all loops, however little they do.
      line.insert(line.end(), {"--elastic-threads", "no"});
      // Nor is a control group's limit to matter, unless a test says what does.
      const bool says = std::find(args_.begin(), args_.end(), "--config") != args_.end() ||
                        std::getenv("REPLETE__MEMORY__MAXMEMORY") != nullptr;
      if (!says) line.insert(line.end(), {"--maxmemory", "0"});
      if (threads_ > 0) line.insert(line.end(), {"--threads", std::to_string(threads_)});
    }
    line.insert(line.end(), args_.begin(), args_.end());
    return line;
  }

  void Spawn() {
    std::vector<std::string> line = CommandLine();
    std::vector<char*> argv;
    argv.reserve(line.size() + 1);
    for (std::string& word : line) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log = (dir_ / "log").string();
    last_status_ = 0;
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int in = ::open("/dev/null", O_RDONLY);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }

  bool WaitForPing() {
    const auto give_up = std::chrono::steady_clock::now() + 3 * kHang;
    while (Running() && std::chrono::steady_clock::now() < give_up) {
      if (AnswersPing()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  // +PONG, or -NOAUTH when the test set a password; not -LOADING.
  bool AnswersPing() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char reply[2] = {};
    timeval limit{3, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const bool answered =
        ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && ::recv(fd, reply, 2, MSG_WAITALL) == 2 &&
        reply[0] != '\0' && reply[1] != 'L';
    ::close(fd);
    return answered;
  }

  std::string binary_;
  std::vector<std::string> args_;
  int threads_;
  bool redis_;
  std::filesystem::path dir_;
  int port_ = 0;
  int claim_ = -1;  // on the port
  pid_t pid_ = -1;
  int last_status_ = 0;
};

}  // namespace replete::test
