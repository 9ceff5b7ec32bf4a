#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace replete {

// recv and send of a non-blocking socket, with their results and errno, as plain system calls: in
// the C library both are points where a thread may be cancelled, which costs two atomic operations
// a call, 1 % of a request that comes alone.
inline ssize_t ReceiveNow(int descriptor, char* to, size_t size) {
  return ::syscall(SYS_recvfrom, descriptor, to, size, 0, nullptr, nullptr);
}
inline ssize_t SendNow(int descriptor, const char* from, size_t size) {
  return ::syscall(SYS_sendto, descriptor, from, size, MSG_NOSIGNAL, nullptr, 0);
}

}  // namespace replete
