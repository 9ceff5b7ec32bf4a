#include "server/socket_poller.h"

#include <boost/system/system_error.hpp>

namespace replete {
namespace {

int MakeSet() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) {
    throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
  }
  return set;
}

}  // namespace

SocketPoller::SocketPoller(boost::asio::io_context& context) : set_(context, MakeSet()) {}

std::span<const epoll_event> SocketPoller::Poll() {
  const int n = ::epoll_wait(set_.native_handle(), events_.data(), kMost, 0);
  return {events_.data(), n > 0 ? static_cast<size_t>(n) : 0};
}

bool SocketPoller::Control(int what, int descriptor, Session* session, uint32_t more) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET | more;
  event.data.ptr = session;
  return ::epoll_ctl(set_.native_handle(), what, descriptor, &event) == 0;
}

}  // namespace replete
