#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/integration/server_process.h"

namespace replete::test {

// A reply exactly as it came: the type byte of the wire is kept, so that a bulk string where a
// status was due, or an integer sent as text, is a difference.
struct Reply {
  char type = 0;                // + - : $ * _ # , ( = ~ % > |   and 0 for none
  bool null = false;            // $-1, *-1 and _
  std::string text;             // everything that is not an aggregate, as written
  std::vector<Reply> elements;  // a map's are key, value, key, value

  bool IsError() const { return type == '-'; }
  bool IsAggregate() const { return type == '*' || type == '%' || type == '~' || type == '>'; }
  long long Integer() const { return std::atoll(text.c_str()); }
  bool operator==(const Reply&) const = default;
};

// Bytes made printable, as redis-cli prints them.
inline std::string Printable(std::string_view bytes, std::string_view escaped = "\"\\") {
  static const char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (escaped.find(c) != std::string_view::npos) {
      out += {'\\', c};
    } else if (byte >= 32 && byte < 127) {
      out += c;
    } else {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

inline std::string Quoted(std::string_view bytes, std::size_t limit = 200) {
  std::string out = "\"" + Printable(bytes.substr(0, limit)) + "\"";
  if (bytes.size() > limit) out += "...(" + std::to_string(bytes.size()) + " bytes)";
  return out;
}

inline Reply Status(std::string text) { return {'+', false, std::move(text), {}}; }
inline Reply Error(std::string text) { return {'-', false, std::move(text), {}}; }
inline Reply Int(long long value) { return {':', false, std::to_string(value), {}}; }
inline Reply Bulk(std::string text) { return {'$', false, std::move(text), {}}; }
inline Reply Nil() { return {'$', true, "", {}}; }       // $-1
inline Reply NilArray() { return {'*', true, "", {}}; }  // *-1
inline Reply Null() { return {'_', true, "", {}}; }      // RESP3
inline Reply Array(std::vector<Reply> elements, char type = '*') {
  return {type, false, "", std::move(elements)};
}

// One line a reply: +OK -ERR text :1 "bulk" nil *nil _ [a, b] {k: v} ~[a] >[push] ,1.5 #t
inline std::string ToString(const Reply& reply) {
  if (reply.type == 0) return "(none)";
  if (reply.null) return reply.type == '$' ? "nil" : reply.type == '*' ? "*nil" : "_";
  if (reply.type == '$') return Quoted(reply.text);
  if (!reply.IsAggregate()) return reply.type + Printable(reply.text, "");
  std::string out = reply.type == '*'   ? "["
                    : reply.type == '%' ? "{"
                                        : reply.type + std::string("[");
  for (std::size_t i = 0; i < reply.elements.size(); ++i) {
    if (i > 0) out += reply.type == '%' && i % 2 == 1 ? ": " : ", ";
    out += ToString(reply.elements[i]);
  }
  return out + (reply.type == '%' ? "}" : "]");
}

// The multibulk form of a request.
inline std::string Encode(const std::vector<std::string>& args) {
  std::string out = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string& arg : args) {
    out += "$" + std::to_string(arg.size()) + "\r\n";
    out += arg;
    out += "\r\n";
  }
  return out;
}

// A blocking socket with a reply reader for RESP2 and RESP3, written apart from the server's own,
// so that a mistake in one is not repaired by the same mistake in the other. One thread.
class Connection {
 public:
  Connection() = default;
  explicit Connection(int port) { Open(port); }
  Connection(Connection&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        in_(std::move(other.in_)),
        at_(other.at_),
        closed_(other.closed_),
        broken_(std::move(other.broken_)) {}
  Connection& operator=(Connection&& other) noexcept {
    if (this == &other) return *this;
    Close();
    fd_ = std::exchange(other.fd_, -1);
    in_ = std::move(other.in_);
    at_ = other.at_;
    closed_ = other.closed_;
    broken_ = std::move(other.broken_);
    return *this;
  }
  ~Connection() { Close(); }

  bool Open(int port) {
    Close();
    in_.clear();
    at_ = 0;
    closed_ = false;
    broken_.clear();
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval hang{3 * kHang.count(), 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &hang, sizeof hang);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return true;
    Close();
    return false;
  }

  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  // False when the peer is gone, or takes no more, before all is written.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool Request(const std::vector<std::string>& args) { return Send(Encode(args)); }

  // The next reply or push; nothing when the peer closed, the bytes are no reply, or `limit`
  // passed.
  std::optional<Reply> Read(std::chrono::milliseconds limit = kHang) {
    const auto give_up = std::chrono::steady_clock::now() + limit;
    for (;;) {
      std::size_t at = at_;
      Reply reply;
      if (Parse(&at, &reply)) {
        at_ = at;
        if (at_ == in_.size()) {
          in_.clear();
          at_ = 0;
        }
        return reply;
      }
      if (!broken_.empty() || !Receive(give_up)) return std::nullopt;
    }
  }

  std::optional<Reply> Ask(const std::vector<std::string>& args) {
    if (!Request(args)) closed_ = true;
    return Read();
  }

  // True when the peer closes within `limit` and sends nothing more.
  bool ClosedByPeer(std::chrono::milliseconds limit = kHang) {
    const auto give_up = std::chrono::steady_clock::now() + limit;
    while (Receive(give_up)) {
    }
    return closed_ && at_ == in_.size();
  }

  bool open() const { return fd_ >= 0 && !closed_; }
  bool closed() const { return closed_; }  // by the peer
  int fd() const { return fd_; }
  const std::string& broken() const { return broken_; }  // why the bytes are no reply
  std::string_view unread() const { return std::string_view(in_).substr(at_); }

 private:
  bool Receive(std::chrono::steady_clock::time_point give_up) {
    if (fd_ < 0) return false;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        give_up - std::chrono::steady_clock::now());
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(left.count() > 0 ? left.count() : 0)) <= 0) return false;
    if (at_ > (1U << 20)) {
      in_.erase(0, at_);
      at_ = 0;
    }
    const std::size_t size = in_.size();
    in_.resize(size + kChunk);
    const ssize_t got = ::recv(fd_, in_.data() + size, kChunk, 0);
    in_.resize(size + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got <= 0) closed_ = true;
    return got > 0;
  }

  bool Line(std::size_t* at, std::string* line) {
    const std::size_t end = in_.find("\r\n", *at);
    if (end == std::string::npos) return false;
    line->assign(in_, *at, end - *at);
    *at = end + 2;
    return true;
  }

  bool Parse(std::size_t* at, Reply* reply) {
    if (*at >= in_.size()) return false;
    reply->type = in_[(*at)++];
    std::string line;
    if (!Line(at, &line)) return false;
    switch (reply->type) {
      case '+':
      case '-':
      case ':':
      case '#':
      case ',':
      case '(':
        reply->text = std::move(line);
        return true;
      case '_':
        reply->null = true;
        return Check(line.empty(), "text after a null");
      case '$':
      case '=':
        return ParseBulk(at, line, reply);
      case '*':
      case '%':
      case '~':
      case '>':
        return ParseElements(at, line, reply);
      default:
        return Check(false, "unknown type byte " + Quoted(in_.substr(*at, 20)));
    }
  }

  bool ParseBulk(std::size_t* at, const std::string& line, Reply* reply) {
    const long long length = std::atoll(line.c_str());
    reply->null = line == "-1";
    if (reply->null) return true;
    if (!Check(length >= 0 && line == std::to_string(length), "bad length " + line)) return false;
    const auto size = static_cast<std::size_t>(length);
    if (in_.size() - *at < size + 2) return false;
    reply->text.assign(in_, *at, size);
    *at += size + 2;
    return Check(in_[*at - 2] == '\r' && in_[*at - 1] == '\n', "no CRLF after a bulk");
  }

  bool ParseElements(std::size_t* at, const std::string& line, Reply* reply) {
    long long count = std::atoll(line.c_str());
    reply->null = line == "-1" && reply->type == '*';
    if (reply->null) return true;
    if (!Check(count >= 0 && line == std::to_string(count), "bad count " + line)) return false;
    if (reply->type == '%') count *= 2;
    for (long long i = 0; i < count; ++i) {
      if (!Parse(at, &reply->elements.emplace_back())) return false;
    }
    return true;
  }

  bool Check(bool good, const std::string& why) {
    if (!good && broken_.empty()) broken_ = why;
    return good;
  }

  static constexpr std::size_t kChunk = 64 * 1024;
  int fd_ = -1;
  std::string in_;
  std::size_t at_ = 0;
  bool closed_ = false;
  std::string broken_;
};

}  // namespace replete::test
