#include "tests/bench/load/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace replete::bench {
namespace {

constexpr size_t kInitialInput = 64 * 1024;

void AppendHeader(std::string* out, char type, size_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out->push_back(type);
  out->append(digits, end);
  out->append("\r\n");
}

uint64_t ReadClock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

void Fatal(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::_Exit(1);
}

uint64_t NowNs() { return ReadClock(CLOCK_MONOTONIC); }
uint64_t WallNs() { return ReadClock(CLOCK_REALTIME); }

void SleepUntil(uint64_t monotonic_ns) {
  timespec until{};
  until.tv_sec = static_cast<time_t>(monotonic_ns / 1'000'000'000);
  until.tv_nsec = static_cast<long>(monotonic_ns % 1'000'000'000);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

Connection::Connection(int port, std::string_view setup) : input_(kInitialInput) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) Fatal(std::string("socket: ") + std::strerror(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Fatal(std::string("connect: ") + std::strerror(errno));
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SetReceiveTimeout(120'000);
  while (!setup.empty()) {
    const size_t cut = setup.find(';');
    const std::string command(setup.substr(0, cut));
    setup = cut == std::string_view::npos ? std::string_view{} : setup.substr(cut + 1);
    AddWords(command);
    Flush();
    const Reply reply = Read();
    if (reply.IsError()) Fatal(command + ": " + std::string(reply.text));
  }
}

Connection::~Connection() {
  if (fd_ >= 0) close(fd_);
}

void Connection::Abort() {
  const linger reset{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd_);
  fd_ = -1;
}

void Connection::SetReceiveTimeout(uint64_t milliseconds) {
  timeval limit{};
  limit.tv_sec = static_cast<time_t>(milliseconds / 1000);
  limit.tv_usec = static_cast<suseconds_t>(milliseconds % 1000 * 1000);
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

void Connection::Add(std::initializer_list<std::string_view> arguments) {
  AppendHeader(&output_, '*', arguments.size());
  for (const std::string_view argument : arguments) {
    AppendHeader(&output_, '$', argument.size());
    output_.append(argument);
    output_.append("\r\n");
  }
}

void Connection::AddWords(std::string_view command_line) {
  std::vector<std::string_view> words;
  size_t at = 0;
  while ((at = command_line.find_first_not_of(' ', at)) != std::string_view::npos) {
    const size_t stop = std::min(command_line.find(' ', at), command_line.size());
    words.push_back(command_line.substr(at, stop - at));
    at = stop;
  }
  AppendHeader(&output_, '*', words.size());
  for (const std::string_view word : words) {
    AppendHeader(&output_, '$', word.size());
    output_.append(word);
    output_.append("\r\n");
  }
}

void Connection::Flush() {
  size_t sent = 0;
  while (sent < output_.size()) {
    const ssize_t n = send(fd_, output_.data() + sent, output_.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) Fatal(std::string("send: ") + std::strerror(errno));
    sent += static_cast<size_t>(n);
  }
  output_.clear();
}

bool Connection::Receive() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (end_ == input_.size()) {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ == input_.size()) input_.resize(input_.size() * 2);
  }
  for (;;) {
    const ssize_t n = recv(fd_, input_.data() + end_, input_.size() - end_, 0);
    if (n > 0) {
      end_ += static_cast<size_t>(n);
      return true;
    }
    if (n == 0)
      Fatal("the server closed the connection" + (first_error_.empty() ? "" : ": " + first_error_));
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    Fatal(std::string("recv: ") + std::strerror(errno));
  }
}

// Consumes one element (a leaf, or the header of an aggregate) if it is there; the reply stays
// resumable, so an array of millions is walked once however it arrives.
bool Connection::ParseElement() {
  const char* const start = input_.data() + begin_;
  const size_t available = end_ - begin_;
  const auto* const newline = static_cast<const char*>(std::memchr(start, '\n', available));
  if (newline == nullptr) return false;
  const size_t line = static_cast<size_t>(newline - start) + 1;
  if (line < 3) Fatal("malformed reply");
  const char type = start[0];
  const std::string_view body(start + 1, line - 3);
  int64_t number = 0;
  size_t used = line;
  std::string_view text = body;
  bool is_nil = type == '_';
  switch (type) {
    case '$':
    case '=':
    case '!':
      std::from_chars(body.data(), body.data() + body.size(), number);
      if (number < 0) {
        is_nil = true;
        break;
      }
      used = line + static_cast<size_t>(number) + 2;
      if (used > available) return false;
      text = std::string_view(start + line, static_cast<size_t>(number));
      break;
    case '*':
    case '~':
    case '>':
    case '%':
      std::from_chars(body.data(), body.data() + body.size(), number);
      if (number < 0) is_nil = true;
      if (number > 0) remaining_ += type == '%' ? 2 * number : number;
      break;
    default:
      break;
  }
  if (current_.elements++ == 0) {
    current_.type = type;
    current_.is_nil = is_nil;
  }
  current_.text = text;
  begin_ += used;
  --remaining_;
  return true;
}

bool Connection::Next(Reply* reply) {
  if (remaining_ == 0) {
    current_ = Reply{};
    remaining_ = 1;
  }
  while (remaining_ > 0) {
    if (begin_ == end_ || !ParseElement()) return false;
  }
  *reply = current_;
  if (reply->IsError()) {
    ++errors_;
    if (reply->text.substr(0, 3) == "OOM") ++oom_errors_;
    if (first_error_.empty()) {
      for (const char c : reply->text.substr(0, 120)) {
        first_error_.push_back(c == '"' || c == '\\' || c < ' ' ? '\'' : c);
      }
    }
  }
  return true;
}

Reply Connection::Read() {
  Reply reply;
  while (!Next(&reply)) {
    if (!Receive()) Fatal("no reply within the timeout");
  }
  return reply;
}

}  // namespace replete::bench
