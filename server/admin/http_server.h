#pragma once

#include <memory>
#include <thread>

#include "config/config.h"
#include "config/problem.h"

namespace replete {

class Server;

// The admin port: HTTP/1.1, GET and HEAD of
//   /healthz   200 while the loops run, else 503 and which does not
//   /readyz    200 while the daemon serves clients, else 503 and why not
//   /metrics   MetricsText
// The first two for anybody who reaches the port, the rest only with admin-password, when there is
// one (Basic, any user). A thread of its own, so that no scrape keeps a client waiting; few
// connections, small requests, all with timeouts.
class HttpServer {
 public:
  explicit HttpServer(Server& server);
  ~HttpServer();  // ends the thread
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // As the settings say; nothing where admin-port is 0. The problem names address and port.
  [[nodiscard]] Problem Start(const Config& config);
  // 0: not started.
  int port() const;

 private:
  struct State;
  Server& server_;
  std::unique_ptr<State> state_;
  std::thread thread_;
};

}  // namespace replete
