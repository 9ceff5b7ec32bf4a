#include "server/listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/loop.h"
#include "server/server.h"

namespace replete {

namespace asio = boost::asio;

Listener::Listener(Server& server) : server_(server) {}

Listener::~Listener() {
  if (local_) ::unlink(local_path_.c_str());
}

Problem Listener::Open(const Config& config) {
  port_ = config.port;
  if (config.port != 0) {
    for (const std::string& entry : config.bind) {
      const bool optional = !entry.empty() && entry[0] == '-';
      Problem problem = OpenTcp(config, optional ? entry.substr(1) : entry);
      if (problem && !optional) return problem;
    }
    if (tcp_.empty())
      return fmt::format("no address of 'bind' could be used (port {})", config.port);
  }
  if (!config.unixsocket.empty()) return OpenLocal(config);
  return {};
}

Problem Listener::OpenTcp(const Config& config, const std::string& address) {
  boost::system::error_code error;
  auto fail = [&] {
    return fmt::format("cannot listen on {} port {}: {}", address, config.port, error.message());
  };
  const std::string text = address == "*" ? "0.0.0.0" : address == "::*" ? "::" : address;
  const auto ip = asio::ip::make_address(text, error);
  if (error) return fail();
  const asio::ip::tcp::endpoint endpoint(ip, static_cast<unsigned short>(config.port));
  auto acceptor = std::make_unique<Tcp>(server_.loop(0).context());
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error && ip.is_v6()) acceptor->set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(config.tcp_backlog, error);
  if (!error) acceptor->native_non_blocking(true, error);
  if (error) return fail();
  tcp_.push_back(std::move(acceptor));
  return {};
}

Problem Listener::OpenLocal(const Config& config) {
  boost::system::error_code error;
  ::unlink(config.unixsocket.c_str());
  local_ = std::make_unique<Local>(server_.loop(0).context());
  local_->open(asio::local::stream_protocol(), error);
  if (!error) local_->bind(asio::local::stream_protocol::endpoint(config.unixsocket), error);
  if (!error) local_->listen(config.tcp_backlog, error);
  if (!error) local_->native_non_blocking(true, error);
  if (error) {
    local_.reset();
    return fmt::format("cannot listen on unixsocket {}: {}", config.unixsocket, error.message());
  }
  local_path_ = config.unixsocket;
  if (config.unixsocketperm != 0) {
    ::chmod(config.unixsocket.c_str(), static_cast<mode_t>(config.unixsocketperm));
  }
  return {};
}

void Listener::Start() {
  for (auto& acceptor : tcp_) Accept(*acceptor);
  if (local_) Accept(*local_);
}

void Listener::Close() {
  boost::system::error_code ignored;
  for (auto& acceptor : tcp_) acceptor->close(ignored);
  if (local_) local_->close(ignored);
}

template <class Acceptor>
void Listener::Accept(Acceptor& acceptor) {
  acceptor.async_wait(Acceptor::wait_read, [this, &acceptor](const boost::system::error_code& e) {
    if (e == asio::error::operation_aborted || !acceptor.is_open()) return;
    if (TakeSome(acceptor)) {
      Accept(acceptor);
      return;
    }
    // No descriptors left, most likely: the connection stays in the backlog, and trying again at
    // once would spin.
    auto pause = std::make_shared<asio::steady_timer>(server_.loop(0).context(),
                                                      std::chrono::milliseconds(50));
    pause->async_wait([this, &acceptor, pause](const boost::system::error_code&) {
      if (acceptor.is_open()) Accept(acceptor);
    });
  });
}

template <class Acceptor>
bool Listener::TakeSome(Acceptor& acceptor) {
  constexpr int kInTurn = 16;
  for (int i = 0; i < kInTurn; ++i) {
    const int descriptor =
        ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      Deal(descriptor, std::is_same_v<Acceptor, Tcp>);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return false;
    }
  }
  return true;
}

void Listener::Deal(int descriptor, bool tcp) {
  if (tcp) {
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int keepalive_s = server_.settings().Snapshot()->tcp_keepalive_s;
    if (keepalive_s > 0) {
      const int interval = std::max(1, keepalive_s / 3);
      const int count = 3;
      ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_s, sizeof keepalive_s);
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    }
  }
  server_.loop(next_loop_++ % server_.active_threads()).Adopt(descriptor);
}

}  // namespace replete
