// replete-server: reads the command line, makes the server, runs it until a signal.
#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "config/command_line.h"
#include "server/loop.h"
#include "server/reference.h"
#include "server/server.h"
#include "server/worker_pool.h"

#if REPLETE_JEMALLOC
#include <jemalloc/jemalloc.h>

// Freed memory goes back to the system within a second or so, by threads of the allocator.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "background_thread:false,dirty_decay_ms:800,muzzy_decay_ms:0,narenas:4,abort_conf:true";
}
#endif

namespace replete {
namespace {

// A thread has the scheduling of the thread that makes it (man 7 sched): those of the allocator are
// to take no core from a loop, like the one that frees what was dropped.
void StartAllocatorThreads([[maybe_unused]] Server& server) {
#if REPLETE_JEMALLOC
  server.disposal().Post([] {
    bool on = true;
    mallctl("background_thread", nullptr, nullptr, &on, sizeof on);
  });
#endif
}

int Main(int argc, char** argv) {
  CommandLine line = ParseCommandLine(argc, argv);
  switch (line.action) {
    case CommandLine::Action::kPrint:
      std::fputs(line.text.c_str(), stdout);
      return 0;
    case CommandLine::Action::kCommands:
      std::fputs(CommandReference().c_str(), stdout);
      return 0;
    case CommandLine::Action::kFail:
      std::fputs(line.text.c_str(), stderr);
      return 1;
    default:
      break;
  }
  ServerOptions options;
  options.config = line.config;
  if (auto problem = ReadNamespaceDefaults([](const char* name) { return std::getenv(name); },
                                           &options.namespace_defaults)) {
    fmt::print(stderr, "replete-server: {}\n", *problem);
    return 1;
  }
  if (line.action == CommandLine::Action::kCheck) return 0;
  const char* test_commands = std::getenv("REPLETE_TEST_COMMANDS");
  options.with_test_commands = test_commands != nullptr && test_commands == std::string_view("yes");
  options.moves_sessions =
      options.with_test_commands && std::getenv("REPLETE_TEST_MOVES") != nullptr;
  options.always_pauses =
      options.with_test_commands && std::getenv("REPLETE_TEST_PAUSES") != nullptr;
  if (const char* text = std::getenv("REPLETE_TEST_TIER");
      text != nullptr && options.with_test_commands) {
    std::string problem;
    if (!ParseFakeTierOptions(text, &options.fake_tier.emplace(), &problem)) {
      fmt::print(stderr, "replete-server: {}\n", problem);
      return 1;
    }
  }

  std::signal(SIGPIPE, SIG_IGN);
  Server server(std::move(options));
  if (auto problem = server.Listen()) {
    fmt::print(stderr, "replete-server: {}\n", *problem);
    return 1;
  }
  StartAllocatorThreads(server);
  boost::asio::signal_set signals(server.loop(0).context(), SIGTERM, SIGINT);
  signals.async_wait([&server](const boost::system::error_code& error, int) {
    if (!error) server.Stop();
  });
  fmt::print("replete-server {} ready on port {}\n", REPLETE_VERSION, server.port());
  std::fflush(stdout);
  server.Run();
  return 0;
}

}  // namespace
}  // namespace replete

int main(int argc, char** argv) {
  try {
    return replete::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "replete-server: %s\n", error.what());
    return 1;
  }
}
