#include "server/admin/http_server.h"

#include <fmt/format.h>
#include <pthread.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <list>
#include <optional>

#include "server/admin/metrics.h"
#include "server/log.h"
#include "server/server.h"

namespace replete {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

constexpr std::chrono::seconds kTimeout{10};
constexpr uint32_t kMostHeaderBytes = 8192;
constexpr size_t kMostConnections = 64;

// Takes as long for every word of a length, so that its time tells nothing.
bool SameSecret(std::string_view given, std::string_view secret) {
  unsigned char differs = given.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < given.size() && !secret.empty(); ++i) {
    differs |= static_cast<unsigned char>(given[i] ^ secret[i % secret.size()]);
  }
  return differs == 0;
}

// RFC 4648, section 4. What is no base64 decodes to nothing.
std::string DecodeBase64(std::string_view coded) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string decoded;
  uint32_t bits = 0;
  unsigned have = 0;
  while (!coded.empty() && coded.back() == '=') coded.remove_suffix(1);
  for (const char c : coded) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return {};
    bits = bits << 6 | static_cast<uint32_t>(digit);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    decoded.push_back(static_cast<char>(bits >> have));
  }
  return decoded;
}

// Basic authentication (RFC 7617): any user, this password.
bool Authorized(const Request& request, const std::string& password) {
  if (password.empty()) return true;
  const std::string_view field = request[http::field::authorization];
  if (field.size() < 6 || !beast::iequals(field.substr(0, 6), "Basic ")) return false;
  const std::string decoded = DecodeBase64(field.substr(6));
  const size_t colon = decoded.find(':');
  return colon != std::string::npos &&
         SameSecret(std::string_view(decoded).substr(colon + 1), password);
}

Response Answer(const Request& request, http::status status, std::string body) {
  Response response(status, request.version());
  response.set(http::field::server, "replete");
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(request.keep_alive());
  response.body() = std::move(body);
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();  // its length stays
  return response;
}

Response AnswerState(const Request& request, const std::string& problem) {
  return problem.empty() ? Answer(request, http::status::ok, "ok\n")
                         : Answer(request, http::status::service_unavailable, problem + "\n");
}

Response Serve(Server& server, const Request& request) {
  const std::string_view target = request.target();
  const std::string_view path = target.substr(0, target.find('?'));
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    Response refused = Answer(request, http::status::method_not_allowed, "GET and HEAD only\n");
    refused.set(http::field::allow, "GET, HEAD");
    return refused;
  }
  if (path == "/healthz") return AnswerState(request, server.HealthProblem());
  if (path == "/readyz") return AnswerState(request, server.ReadinessProblem());
  if (!Authorized(request, server.settings().Snapshot()->admin_password)) {
    Response refused = Answer(request, http::status::unauthorized, "a password is needed\n");
    refused.set(http::field::www_authenticate, "Basic realm=\"replete\", charset=\"UTF-8\"");
    return refused;
  }
  if (path != "/metrics") {
    return Answer(request, http::status::not_found, "there are /healthz, /readyz and /metrics\n");
  }
  Response response = Answer(request, http::status::ok, MetricsText(server));
  response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

// One connection; lives as long as a handler of it waits.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Server& server, tcp::socket socket, size_t* open)
      : server_(server), stream_(std::move(socket)), open_(open) {
    ++*open_;
  }
  ~HttpConnection() { --*open_; }

  void Read() {
    parser_.emplace();
    parser_->header_limit(kMostHeaderBytes);
    parser_->body_limit(0);
    stream_.expires_after(kTimeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& error, size_t) {
                       if (error) return self->Refuse(error);
                       self->Write(Serve(self->server_, self->parser_->get()));
                     });
  }

 private:
  // What is no request of HTTP is told so, if it can be; then the connection ends.
  void Refuse(const error_code& error) {
    if (error.category() != make_error_code(http::error::bad_method).category() ||
        error == http::error::end_of_stream || error == http::error::partial_message) {
      return;
    }
    Request none;
    none.version(11);
    none.keep_alive(false);
    Write(Answer(none, http::status::bad_request, error.message() + "\n"));
  }

  void Write(Response response) {
    response_ = std::move(response);
    stream_.expires_after(kTimeout);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](const error_code& error, size_t) {
                        if (error) return;
                        if (self->response_.keep_alive()) return self->Read();
                        error_code ignored;
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                      });
  }

  Server& server_;
  beast::tcp_stream stream_;
  size_t* const open_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
};

}  // namespace

struct HttpServer::State {
  explicit State(Server& the_server) : server(the_server) {}

  void Accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      // Over the limit a connection is closed at once: it can come again.
      if (!error && open < kMostConnections) {
        std::make_shared<HttpConnection>(server, std::move(socket), &open)->Read();
      }
      if (!error) return Accept(acceptor);
      // Out of descriptors, most likely.
      pause.expires_after(std::chrono::milliseconds(100));
      pause.async_wait([this, &acceptor](const error_code& stopped) {
        if (!stopped) Accept(acceptor);
      });
    });
  }

  Server& server;
  size_t open = 0;  // before what holds connections
  asio::io_context context{1};
  asio::steady_timer pause{context};
  std::list<tcp::acceptor> acceptors;
};

HttpServer::HttpServer(Server& server) : server_(server) {}

HttpServer::~HttpServer() {
  if (!state_) return;
  state_->context.stop();
  thread_.join();
}

Problem HttpServer::Start(const Config& config) {
  if (config.admin_port == 0) return std::nullopt;
  state_ = std::make_unique<State>(server_);
  for (const std::string& text : config.admin_bind) {
    error_code error;
    const asio::ip::address address = asio::ip::make_address(text, error);
    tcp::acceptor& acceptor = state_->acceptors.emplace_back(state_->context);
    const tcp::endpoint endpoint(address, static_cast<uint16_t>(config.admin_port));
    if (!error) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (error) {
      state_.reset();
      return fmt::format("admin-port: cannot listen on {}:{}: {}", text, config.admin_port,
                         error.message());
    }
    state_->Accept(acceptor);
  }
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "admin");
    state_->context.run();
  });
  LogNotice("admin port {}", config.admin_port);
  return std::nullopt;
}

int HttpServer::port() const {
  return state_ ? state_->acceptors.front().local_endpoint().port() : 0;
}

}  // namespace replete
