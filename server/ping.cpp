#include "server/ping.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <string_view>

namespace replete {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

template <class Socket, class Endpoint>
std::string Ask(const Endpoint& endpoint) {
  static constexpr std::string_view kRequest = "PING\r\n";
  asio::io_context context;
  Socket socket(context);
  std::string answer;
  error_code result = asio::error::timed_out;
  socket.async_connect(endpoint, [&](const error_code& error) {
    if (error) return void(result = error);
    asio::async_write(socket, asio::buffer(kRequest), [&](const error_code& failed, size_t) {
      if (failed) return void(result = failed);
      asio::async_read_until(socket, asio::dynamic_buffer(answer), '\n',
                             [&](const error_code& end, size_t) { result = end; });
    });
  });
  context.run_for(std::chrono::seconds(3));
  if (result) return result.message();
  for (const std::string_view good : {"+PONG", "-NOAUTH", "-LOADING"}) {
    if (answer.starts_with(good)) return {};
  }
  return answer.substr(0, answer.find('\r'));
}

}  // namespace

std::string PingProblem(const Config& config) {
  if (!config.unixsocket.empty()) {
    using Local = asio::local::stream_protocol;
    return Ask<Local::socket>(Local::endpoint(config.unixsocket));
  }
  if (config.port == 0) return "the configuration has neither port nor unixsocket";
  asio::ip::address address = asio::ip::address_v4::loopback();
  error_code ignored;
  for (std::string text : config.bind) {
    if (text.starts_with('-')) text.erase(0, 1);
    const auto bound = asio::ip::make_address(text, ignored);
    if (ignored) continue;
    if (!bound.is_unspecified()) address = bound;
    if (bound.is_unspecified() && bound.is_v6()) address = asio::ip::address_v6::loopback();
    break;
  }
  using asio::ip::tcp;
  return Ask<tcp::socket>(tcp::endpoint(address, static_cast<uint16_t>(config.port)));
}

}  // namespace replete
