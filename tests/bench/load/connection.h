// A client connection of the load generator: requests out, replies in, nothing kept of a reply but
// what a measurement needs. One thread uses a connection at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace replete::bench {

// Ends the process with a message on stderr: a load generator has nothing to recover.
[[noreturn]] void Fatal(const std::string& what);

uint64_t NowNs();   // CLOCK_MONOTONIC
uint64_t WallNs();  // CLOCK_REALTIME, what absolute deadlines are given in
void SleepUntil(uint64_t monotonic_ns);

struct Reply {
  char type = 0;          // of the outermost element
  bool is_nil = false;    // of the outermost element
  int64_t elements = 0;   // leaves and headers it was made of
  std::string_view text;  // of its last leaf; valid until the next call on the connection

  bool IsError() const { return type == '-' || type == '!'; }
};

class Connection {
 public:
  // Connects to a loopback port. `setup` holds commands separated by ';', each of which must be
  // accepted ("SELECT 1", "NAMESPACE USE bench").
  Connection(int port, std::string_view setup);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Queues a request; nothing is sent before Flush.
  void Add(std::initializer_list<std::string_view> arguments);
  void AddWords(std::string_view command_line);
  void Flush();

  // The next reply, waited for; an error reply is counted and is a reply like any other.
  Reply Read();
  // The next reply if it has arrived whole.
  bool Next(Reply* reply);
  // Reads what the socket has, waiting for something to come. False when the timeout passed.
  bool Receive();
  void SetReceiveTimeout(uint64_t milliseconds);
  // Closes with a reset, so that thousands of sockets do not linger.
  void Abort();

  int fd() const { return fd_; }
  uint64_t errors() const { return errors_; }
  uint64_t oom_errors() const { return oom_errors_; }
  const std::string& first_error() const { return first_error_; }

 private:
  bool ParseElement();

  int fd_ = -1;
  std::string output_;
  std::vector<char> input_;
  size_t begin_ = 0;       // of what is not parsed yet
  size_t end_ = 0;         // of what has arrived
  int64_t remaining_ = 0;  // elements of the reply in progress that are still to come
  Reply current_;
  uint64_t errors_ = 0;
  uint64_t oom_errors_ = 0;
  std::string first_error_;
};

}  // namespace replete::bench
