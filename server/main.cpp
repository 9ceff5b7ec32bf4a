// replete-server: reads the command line, makes the server, runs it until a signal.
#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "config/command_line.h"
#include "config/environment.h"
#include "core/tier/disk_faults.h"
#include "server/admin/http_server.h"
#include "server/banner.h"
#include "server/crash_report.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/machine.h"
#include "server/pid_file.h"
#include "server/ping.h"
#include "server/reference.h"
#include "server/reload.h"
#include "server/server.h"
#include "server/service_manager.h"
#include "server/stall_watchdog.h"
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

// Freed memory counts towards the limit of a control group until it is given back: where that limit
// is tight it goes back at once, at the price of system calls.
void TightenAllocator([[maybe_unused]] const Machine& machine) {
#if REPLETE_JEMALLOC
  constexpr uint64_t kTight = 512 << 20;
  if (machine.memory_limit.value_or(kTight) >= kTight) return;
  ssize_t at_once = 0;
  mallctl("arenas.dirty_decay_ms", nullptr, nullptr, &at_once, sizeof at_once);
  unsigned arenas = 0;
  size_t size = sizeof arenas;
  mallctl("arenas.narenas", &arenas, &size, nullptr, 0);
  for (unsigned i = 0; i < arenas; ++i) {
    const std::string name = fmt::format("arena.{}.dirty_decay_ms", i);
    mallctl(name.c_str(), nullptr, nullptr, &at_once, sizeof at_once);
  }
#endif
}

// False: what is wrong has been printed.
bool Configure(CommandLine line, ServerOptions* options) {
  ConfigSources& sources = options->sources;
  std::vector<std::string> problems = ReadEnvironment(environ, &sources.environment);
  if (Problem problem = ReadNamespaceDefaults([](const char* name) { return std::getenv(name); },
                                              &sources.defaults.namespaces)) {
    problems.push_back(std::move(*problem));
  }
  if (!line.file.empty()) sources.file = std::filesystem::absolute(line.file);
  sources.command_line = std::move(line.source);
  sources.defaults.config.maxmemory = Machine::Read().DefaultMaxMemory();
  Configuration configuration;
  for (std::string& problem : sources.Load(&configuration)) problems.push_back(std::move(problem));
  if (Problem problem = ReadCommandNames(configuration.config, &options->command_names)) {
    problems.push_back(std::move(*problem));
  }
  for (const std::string& problem : problems) {
    fmt::print(stderr, "replete-server: {}\n", problem);
  }
  options->config = std::move(configuration.config);
  options->namespace_defaults = std::move(configuration.defaults);
  options->namespaces = std::move(configuration.namespaces);
  return problems.empty();
}

// Every namespace of the configuration and every one that is made later is on disk.
void PutAllOnDisk(uint64_t hot_memory, ServerOptions* options) {
  const auto put = [hot_memory](NamespaceSettings* settings) {
    settings->engine = Engine::kDisk;
    settings->hot_memory = hot_memory;
  };
  put(&options->namespace_defaults.named);
  for (DeclaredNamespace& one : options->namespaces) put(&one.settings);
  for (int i = 0; i < options->config.databases; ++i) {
    DeclaredNamespace database;
    database.name = std::to_string(i);
    const bool declared =
        std::any_of(options->namespaces.begin(), options->namespaces.end(),
                    [&](const DeclaredNamespace& one) { return one.name == database.name; });
    if (declared) continue;
    database.settings = NumberedDatabase(i, options->config.maxmemory_policy);
    put(&database.settings);
    options->namespaces.push_back(std::move(database));
  }
}

// False: what is wrong has been printed.
bool ReadTestOptions(ServerOptions* options) {
  const char* test_commands = std::getenv("REPLETE_TEST_COMMANDS");
  options->with_test_commands =
      test_commands != nullptr && test_commands == std::string_view("yes");
  if (!options->with_test_commands) return true;
  options->moves_sessions = std::getenv("REPLETE_TEST_MOVES") != nullptr;
  options->always_pauses = std::getenv("REPLETE_TEST_PAUSES") != nullptr;
  std::string problem;
  if (const char* faults = std::getenv("REPLETE_TEST_DISK")) {
    options->disk_faults = std::make_shared<DiskFaults>();
    if (!options->disk_faults->Set(faults, &problem)) {
      fmt::print(stderr, "replete-server: {}\n", problem);
      return false;
    }
  }
  const char* text = std::getenv("REPLETE_TEST_TIER");
  if (text == nullptr) return true;
  constexpr std::string_view kDisk = "disk,hot_memory=";
  if (std::string_view(text).starts_with(kDisk)) {
    PutAllOnDisk(std::strtoull(text + kDisk.size(), nullptr, 10), options);
    return true;
  }
  if (ParseFakeTierOptions(text, &options->fake_tier.emplace(), &problem)) return true;
  fmt::print(stderr, "replete-server: {}\n", problem);
  return false;
}

void WaitForSignals(boost::asio::signal_set* signals, Server* server) {
  signals->async_wait([signals, server](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGUSR1) {
      Log::Get().Reopen();
      LogNotice("log opened anew");
    } else if (signal == SIGHUP) {
      server->workers().Post([server] { ReloadConfiguration(*server); });
    } else {
      LogNotice("{} received: stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT");
      ServiceManager::Tell("STOPPING=1");
      return server->Stop();
    }
    WaitForSignals(signals, server);
  });
}

int Ping(const Config& config) {
  const std::string problem = PingProblem(config);
  if (problem.empty()) return 0;
  fmt::print(stderr, "replete-server: {}\n", problem);
  return 1;
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
  const CommandLine::Action action = line.action;
  if (!Configure(std::move(line), &options)) return 1;
  if (action == CommandLine::Action::kCheck) {
    std::puts("the configuration is valid");
    return 0;
  }
  if (action == CommandLine::Action::kPing) return Ping(options.config);
  if (!ReadTestOptions(&options)) return 1;
  const auto fail = [](const Problem& problem) {
    fmt::print(stderr, "replete-server: {}\n", *problem);
    return 1;
  };
  if (Problem problem = Log::Get().Open(options.config)) return fail(problem);

  std::signal(SIGPIPE, SIG_IGN);
  const std::string& log = options.config.logfile;
  CrashReport::Install(log.empty() ? "" : std::filesystem::absolute(log).c_str());
  const std::string pidfile = options.config.pidfile;
  Server server(std::move(options));
  if (Problem problem = server.Listen()) return fail(problem);
  const PidFile written(pidfile);
  if (written.problem()) return fail(written.problem());
  HttpServer http(server);
  if (Problem problem = http.Start(*server.settings().Snapshot())) return fail(problem);
  TightenAllocator(Machine::Read());
  StartAllocatorThreads(server);
  boost::asio::signal_set signals(server.loop(0).context(), SIGTERM, SIGINT, SIGHUP);
  signals.add(SIGUSR1);
  WaitForSignals(&signals, &server);
  TellBanner(server);
  LogNotice("replete-server {} ready on port {}", REPLETE_VERSION, server.port());
  if (!server.loading()) ServiceManager::Tell("READY=1");  // else once it has read its keys back
  const StallWatchdog watchdog(server);
  return server.Run() ? 0 : 1;
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
