#include "server/banner.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include "config/values.h"
#include "server/log.h"
#include "server/machine.h"
#include "server/server.h"

namespace replete {
namespace {

std::string OrNone(const std::string& text) { return text.empty() ? "none" : text; }

}  // namespace

void TellBanner(const Server& server) {
  const auto config = server.settings().Snapshot();
  LogNotice("Replete {}, process {}, {} thread{}", REPLETE_VERSION, ::getpid(), config->threads,
            config->threads == 1 ? "" : "s");
  LogNotice("transfers of several connections: {}",
            server.uses_io_uring() ? "together, by io_uring" : "one by one");
  LogNotice("configuration file: {}; directory: {}; unix socket: {}",
            OrNone(server.config_sources().file), config->dir, OrNone(config->unixsocket));
  LogNotice("maxmemory {}, {}; maxclients {}; {} numbered databases, {}",
            config->maxmemory == 0 ? "unlimited" : fmt::format("{} bytes", config->maxmemory),
            RedisEvictionPolicyWord(config->maxmemory_policy), config->maxclients,
            config->databases, config->requirepass.empty() ? "no password" : "password set");
  for (const auto& [name, keyspace] : server.namespaces().Current()->named) {
    std::vector<std::string> options;
    for (const DescribedOption& option : DescribeOptions(keyspace->settings())) {
      if (!option.value.empty()) options.push_back(fmt::format("{} {}", option.name, option.value));
    }
    LogNotice("namespace {}: {}", name, fmt::join(options, ", "));
  }
  for (const std::string& warning : Machine::Read().Warnings(*config)) LogWarning("{}", warning);
}

}  // namespace replete
