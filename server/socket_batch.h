#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <span>

struct io_uring;

namespace replete {

// One receive or send of a non-blocking socket.
struct Transfer {
  int descriptor;
  char* data;  // is only read by a send
  size_t size;
  ssize_t result = 0;  // bytes, or the negated errno
};

// Receives or sends of several sockets by one system call: an io_uring to which they are submitted
// together and where they have all run, without ever waiting, by the time the call is back (man 7
// io_uring). Entering the kernel is what a short transfer costs most where page tables are switched
// on the way (a tenth of a microsecond elsewhere, one here and there). Without a ring, which
// containers often forbid, they are made one by one.
//
// One thread at a time.
class SocketBatch {
 public:
  static constexpr size_t kMost = 8;  // transfers of one call

  // Whether a ring costs less than single calls on this machine: both are timed, for about a
  // millisecond. False also where there are no rings.
  static bool Pays();

  // With a ring if `ring`. Throws std::system_error if the system refuses to make it.
  explicit SocketBatch(bool ring);
  ~SocketBatch();
  SocketBatch(const SocketBatch&) = delete;
  SocketBatch& operator=(const SocketBatch&) = delete;

  // Each as recv, respectively send without SIGPIPE, answers in its `result`. No socket twice.
  void Receive(std::span<Transfer> transfers) { Run(transfers, false); }
  void Send(std::span<Transfer> transfers) { Run(transfers, true); }

 private:
  struct CloseRing {
    void operator()(io_uring* ring) const;
  };

  void Run(std::span<Transfer> transfers, bool sends);
  size_t RunOnRing(std::span<Transfer> transfers, bool sends);

  std::unique_ptr<io_uring, CloseRing> ring_;
};

}  // namespace replete
