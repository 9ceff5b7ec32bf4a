#include "server/socket_batch.h"

#include <liburing.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

#include "core/keyspace/clock.h"
#include "server/socket_calls.h"

namespace replete {
namespace {

void RunAlone(Transfer& transfer, bool sends) {
  const ssize_t n = sends ? SendNow(transfer.descriptor, transfer.data, transfer.size)
                          : ReceiveNow(transfer.descriptor, transfer.data, transfer.size);
  transfer.result = n < 0 ? -errno : n;
}

// The least time that a batch of receives takes which find nothing.
int64_t NanosOfBatch(SocketBatch& batch, int descriptor) {
  constexpr int kRounds = 64;
  std::array<char, 16> to;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int round = 0; round < kRounds; ++round) {
    std::array<Transfer, SocketBatch::kMost> transfers;
    transfers.fill({descriptor, to.data(), to.size()});
    const int64_t start = MonotonicNanos();
    batch.Receive(transfers);
    least = std::min(least, MonotonicNanos() - start);
  }
  return least;
}

}  // namespace

bool SocketBatch::Pays() {
  std::array<int, 2> pair;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return false;
  }
  bool pays = false;
  try {
    SocketBatch ring(true);
    SocketBatch single(false);
    pays = NanosOfBatch(ring, pair[0]) < NanosOfBatch(single, pair[0]);
  } catch (const std::system_error&) {
    pays = false;
  }
  ::close(pair[0]);
  ::close(pair[1]);
  return pays;
}

SocketBatch::SocketBatch(bool ring) {
  if (!ring) return;
  auto made = std::make_unique<io_uring>();
  if (const int result = ::io_uring_queue_init(kMost, made.get(), 0); result < 0) {
    throw std::system_error(-result, std::system_category(), "io_uring");
  }
  ring_.reset(made.release());
}

SocketBatch::~SocketBatch() = default;

void SocketBatch::CloseRing::operator()(io_uring* ring) const {
  ::io_uring_queue_exit(ring);
  delete ring;
}

void SocketBatch::Run(std::span<Transfer> transfers, bool sends) {
  size_t done = 0;
  // One alone costs less as a call of its own.
  if (ring_ && transfers.size() > 1) done = RunOnRing(transfers, sends);
  for (Transfer& transfer : transfers.subspan(done)) RunAlone(transfer, sends);
}

// How many of them, from the first on, have run. Fewer than all: the system has refused, and the
// ring, in which the others still stand, is closed.
size_t SocketBatch::RunOnRing(std::span<Transfer> transfers, bool sends) {
  for (Transfer& transfer : transfers) {
    io_uring_sqe* entry = ::io_uring_get_sqe(ring_.get());
    if (sends) {
      ::io_uring_prep_send(entry, transfer.descriptor, transfer.data, transfer.size,
                           MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      ::io_uring_prep_recv(entry, transfer.descriptor, transfer.data, transfer.size, MSG_DONTWAIT);
    }
    ::io_uring_sqe_set_data(entry, &transfer);
  }
  size_t submitted = 0;
  while (submitted < transfers.size()) {
    const int n = ::io_uring_submit(ring_.get());
    if (n > 0) {
      submitted += static_cast<size_t>(n);
    } else if (n != -EINTR) {
      break;
    }
  }
  for (size_t done = 0; done < submitted;) {
    io_uring_cqe* completion = nullptr;
    if (::io_uring_wait_cqe(ring_.get(), &completion) < 0) continue;  // a signal
    static_cast<Transfer*>(::io_uring_cqe_get_data(completion))->result = completion->res;
    ::io_uring_cqe_seen(ring_.get(), completion);
    ++done;
  }
  if (submitted < transfers.size()) ring_.reset();
  return submitted;
}

}  // namespace replete
