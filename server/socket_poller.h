#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <span>

namespace replete {

class Session;

// Which connections of a loop have something to do: one edge-triggered epoll set for all of them,
// which the loop's io_context watches as one descriptor. A request costs one receive, one send and
// its share of a wait. Asio's own sockets cost a second receive that finds nothing, or a system
// call that arms them again, with every request (see man 7 epoll, "Level-triggered and
// edge-triggered", for what a reader owes in return: it reads until it gets less than it asked
// for).
//
// One thread. Failing to make the set throws boost::system::system_error.
class SocketPoller {
 public:
  explicit SocketPoller(boost::asio::io_context& context);

  // False: the system refuses. A socket that is closed leaves by itself.
  bool Add(int descriptor, Session* session) { return Control(EPOLL_CTL_ADD, descriptor, session); }
  bool Remove(int descriptor) { return Control(EPOLL_CTL_DEL, descriptor, nullptr); }
  // Whether the session is also told when it can write; tells at once if it can.
  bool SetWrites(int descriptor, Session* session, bool writes) {
    return Control(EPOLL_CTL_MOD, descriptor, session, writes ? uint32_t{EPOLLOUT} : 0);
  }

  // What has happened since the last call, without waiting; `data.ptr` is the session. Valid until
  // the next call.
  std::span<const epoll_event> Poll();
  static constexpr size_t kMost = 128;  // of one Poll

  // Calls `handler` once when Poll would have something.
  template <class Handler>
  void Await(Handler handler) {
    set_.async_wait(Set::wait_read, std::move(handler));
  }

 private:
  using Set = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  bool Control(int what, int descriptor, Session* session, uint32_t more = 0);

  Set set_;
  std::array<epoll_event, kMost> events_;
};

}  // namespace replete
