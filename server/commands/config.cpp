// CONFIG: the live settings.
#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/types/glob.h"
#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/info.h"
#include "server/reload.h"
#include "server/server.h"

namespace replete {
namespace {

void Get(CommandContext& ctx) {
  const auto found = ctx.server().settings().Get(
      ctx.args().subspan(2),
      [](std::string_view pattern, std::string_view text) { return GlobMatch(pattern, text); });
  ctx.reply().Map(found.size());
  for (const auto& [name, value] : found) {
    ctx.reply().Bulk(name);
    ctx.reply().Bulk(value);
  }
}

Settings::Access AccessOf(CommandContext& ctx) {
  return ctx.may_act_protected() ? Settings::Access::kProtected : Settings::Access::kPlain;
}

void Set(CommandContext& ctx) {
  if (ctx.argc() % 2 != 0) {
    ctx.SyntaxError();
    return;
  }
  std::vector<Settings::NameValue> pairs;
  for (size_t i = 2; i < ctx.argc(); i += 2) pairs.push_back({ctx.arg(i), ctx.arg(i + 1)});
  if (const std::optional<std::string> error = ctx.server().settings().Set(pairs, AccessOf(ctx))) {
    ctx.reply().Error(*error);
  } else {
    ctx.reply().Ok();
  }
}

void ResetStat(CommandContext& ctx) {
  ResetInfoStatistics(ctx.server());
  ctx.reply().Ok();
}

void Rewrite(CommandContext& ctx) {
  if (const Problem problem = RewriteConfiguration(ctx.server())) {
    const bool has_file = !ctx.server().config_sources().file.empty();
    return ctx.reply().Error(
        fmt::format("ERR {}{}", has_file ? "Rewriting config file: " : "", *problem));
  }
  ctx.reply().Ok();
}

using namespace command_flag;

constexpr uint32_t kFlags = kAdmin | kNoScript | kLoading | kStale;

// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "get", .arity = -3, .flags = kFlags, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.0.0", .summary = "Get the values of configuration parameters",
     .syntax = "parameter [parameter ...]", .reply = "map", .handler = Get},
    {.name = "set", .arity = -4, .flags = kFlags, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.0.0", .summary = "Set configuration parameters to the given values",
     .syntax = "parameter value [parameter value ...]", .reply = "simple", .handler = Set, .secrets = Secrets::kSettings,
     .differs = "Settings of Redis that have no meaning here are refused with the reason."},
    {.name = "resetstat", .arity = 2, .flags = kFlags, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.0.0", .summary = "Reset the stats returned by INFO", .syntax = "",
     .reply = "simple", .handler = ResetStat},
    {.name = "rewrite", .arity = 2, .flags = kFlags | kLong, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.8.0",
     .summary = "Rewrite the configuration file with the in memory configuration", .syntax = "",
     .reply = "simple", .handler = Rewrite},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "5.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kCommands[] = {
    {.name = "config", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.0.0", .summary = "A container for server configuration commands",
     .syntax = "", .reply = "", .handler = nullptr, .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> ConfigCommands() { return kCommands; }

}  // namespace replete
