// What clients and tools ask at start, answered for a single node with one user and no modules.
#include <fmt/format.h>
#include <time.h>

#include "core/keyspace/clock.h"
#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/server.h"
#include "server/version.h"

namespace replete {
namespace {

void Role(CommandContext& ctx) {
  ctx.reply().Array(3);
  ctx.reply().Bulk("master");
  ctx.reply().Integer(0);
  ctx.reply().Array(0);
}

// Nothing is saved; as in Redis the start counts as the first time.
void LastSave(CommandContext& ctx) {
  const int64_t age_ms = MonotonicMillis() - ctx.server().started_ms();
  ctx.reply().Integer((ctx.server().clock().NowMs() - age_ms) / 1000);
}

void Lolwut(CommandContext& ctx) {
  if (ctx.argc() >= 3 && ctx.ArgIs(1, "version")) {
    int64_t version = 0;
    if (!ctx.Integer(2, &version)) return;
  }
  constexpr std::string_view kArt =
      "  ___________\n"
      " /___/___/__/|\n"
      "|   |   |   ||\n"
      "|___|___|___||\n"
      "|   |   |   ||\n"
      "|___|___|___|/\n"
      "    replete\n\n";
  ctx.reply().Verbatim("txt", fmt::format("{}Replete ver. {}\n", kArt, kRepleteVersion));
}

// Every request is shown from now on, until RESET.
void Monitor(CommandContext& ctx) {
  if (ctx.in_transaction()) {
    return ctx.reply().Error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  }
  Client& client = ctx.client();
  if (!client.info->monitors.exchange(true)) ctx.server().monitors().Add(client.subscriber.lock());
  ctx.reply().Ok();
}

void Shutdown(CommandContext& ctx) {
  bool save = false;
  bool no_save = false;
  bool abort = false;
  for (size_t i = 1; i < ctx.argc(); ++i) {
    if (ctx.ArgIs(i, "save")) {
      save = true;
    } else if (ctx.ArgIs(i, "nosave")) {
      no_save = true;
    } else if (ctx.ArgIs(i, "abort")) {
      abort = true;
    } else if (!ctx.ArgIs(i, "now") && !ctx.ArgIs(i, "force")) {
      return ctx.SyntaxError();
    }
  }
  if ((save && no_save) || (abort && ctx.argc() > 2)) return ctx.SyntaxError();
  if (abort) return ctx.reply().Error("ERR No shutdown in progress.");
  if (save) {
    return ctx.reply().Error(
        "ERR SHUTDOWN SAVE is not available in this version: data in memory is not saved");
  }
  ctx.server().Stop();
  // As in Redis there is no reply: the connection ends.
  ctx.client().close_after_reply = true;
}

void WhoAmI(CommandContext& ctx) { ctx.reply().Bulk("default"); }

void ListModules(CommandContext& ctx) { ctx.reply().Array(0); }

using namespace command_flag;

// clang-format off
constexpr Command kAclSubcommands[] = {
    {.name = "whoami", .arity = 2, .flags = kNoScript | kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "6.0.0",
     .summary = "Return the name of the user associated to the current connection", .syntax = "",
     .reply = "bulk", .handler = WhoAmI},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "6.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kModuleSubcommands[] = {
    {.name = "list", .arity = 2, .flags = kAdmin | kNoScript, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "4.0.0",
     .summary = "List all modules loaded by the server", .syntax = "", .reply = "array",
     .handler = ListModules},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "5.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kCommands[] = {
    {.name = "role", .arity = 1, .flags = kNoScript | kLoading | kStale | kFast,
     .categories = category::kAdmin | category::kDangerous, .scope = Scope::kNone, .keys = {},
     .since = "2.8.12",
     .summary = "Return the role of the instance in the context of replication", .syntax = "",
     .reply = "array", .handler = Role},
    {.name = "lastsave", .arity = 1, .flags = kLoading | kStale | kFast,
     .categories = category::kAdmin | category::kDangerous, .scope = Scope::kNone, .keys = {},
     .since = "1.0.0",
     .summary = "Get the UNIX time stamp of the last successful save to disk", .syntax = "",
     .reply = "integer", .handler = LastSave},
    {.name = "lolwut", .arity = -1, .flags = kReadonly | kFast, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "5.0.0",
     .summary = "Display some computer art and the Redis version",
     .syntax = "[VERSION version]", .reply = "verbatim", .handler = Lolwut,
     .differs = "One line of text."},
    {.name = "monitor", .arity = 1, .flags = kAdmin | kNoScript | kLoading | kStale,
     .categories = 0, .scope = Scope::kNone, .keys = {}, .since = "1.0.0",
     .summary = "Listen for all requests received by the server in real time", .syntax = "",
     .reply = "simple", .handler = Monitor,
     .differs = "Values of secret settings and passwords are left out."},
    {.name = "shutdown", .arity = -1,
     .flags = kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "1.0.0",
     .summary = "Synchronously save the dataset to disk and then shut down the server",
     .syntax = "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]", .reply = "nothing", .handler = Shutdown,
     .differs = "SAVE is an error: there is nothing to save to."},
    {.name = "acl", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "6.0.0", .summary = "A container for Access List Control commands ",
     .syntax = "", .reply = "", .handler = nullptr, .subcommands = kAclSubcommands},
    {.name = "module", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "4.0.0", .summary = "A container for module commands", .syntax = "",
     .reply = "", .handler = nullptr, .subcommands = kModuleSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> SingleNodeCommands() { return kCommands; }

}  // namespace replete
