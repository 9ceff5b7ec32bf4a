#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/problem.h"

namespace replete {

class Loop;
class Server;

// The sockets that clients connect to. Accepts on the first loop and deals connections out in turn.
class Listener {
 public:
  explicit Listener(Server& server);
  ~Listener();

  // Binds and listens on all addresses of `config`; "-" before an address makes it optional.
  [[nodiscard]] Problem Open(const Config& config);
  void Start();
  // On the first loop.
  void Close();
  int port() const { return port_; }

 private:
  using Executor = boost::asio::io_context::executor_type;
  using Tcp = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
  using Local = boost::asio::basic_socket_acceptor<boost::asio::local::stream_protocol, Executor>;

  Problem OpenTcp(const Config& config, const std::string& address);
  Problem OpenLocal(const Config& config);
  template <class Acceptor>
  void Accept(Acceptor& acceptor);
  // False: the system has no room for another connection.
  template <class Acceptor>
  bool TakeSome(Acceptor& acceptor);
  void Deal(int descriptor, bool tcp);

  Server& server_;
  std::vector<std::unique_ptr<Tcp>> tcp_;
  std::unique_ptr<Local> local_;
  std::string local_path_;
  int port_ = 0;
  size_t next_loop_ = 0;
};

}  // namespace replete
