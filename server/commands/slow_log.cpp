// SLOWLOG: commands that took long.
#include "server/slow_log.h"

#include <limits>

#include "protocol/decimal.h"
#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/server.h"

namespace replete {
namespace {

void Get(CommandContext& ctx) {
  int64_t count = 10;
  if (ctx.argc() > 3) return ctx.WrongSubcommand();
  if (ctx.argc() == 3) {
    if (!ParseCanonicalInt64(ctx.arg(2), &count) || count < -1) {
      return ctx.reply().Error("ERR count should be greater than or equal to -1");
    }
  }
  const auto records = ctx.server().slow_log().Latest(count < 0 ? std::numeric_limits<size_t>::max()
                                                                : static_cast<size_t>(count));
  ctx.reply().Array(records.size());
  for (const SlowLog::Record& record : records) {
    ctx.reply().Array(6);
    ctx.reply().Integer(static_cast<int64_t>(record.id));
    ctx.reply().Integer(record.time_s);
    ctx.reply().Integer(record.micros);
    ctx.reply().Array(record.args.size());
    for (const std::string& arg : record.args) ctx.reply().Bulk(arg);
    ctx.reply().Bulk(record.address);
    ctx.reply().Bulk(record.client_name);
  }
}

void Len(CommandContext& ctx) {
  ctx.reply().Integer(static_cast<int64_t>(ctx.server().slow_log().size()));
}

void Reset(CommandContext& ctx) {
  ctx.server().slow_log().Clear();
  ctx.reply().Ok();
}

using namespace command_flag;

constexpr uint32_t kAsked = kAdmin | kLoading | kStale;

// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "get", .arity = -2, .flags = kAsked, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.2.12", .summary = "Get the slow log's entries",
     .syntax = "[count]", .reply = "array", .handler = Get,
     .differs = "The time includes the wait for locks."},
    {.name = "len", .arity = 2, .flags = kAsked, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.2.12", .summary = "Get the slow log's length", .syntax = "",
     .reply = "integer", .handler = Len},
    {.name = "reset", .arity = 2, .flags = kAsked, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.2.12", .summary = "Clear all entries from the slow log",
     .syntax = "", .reply = "simple", .handler = Reset},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "6.2.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kCommands[] = {
    {.name = "slowlog", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.2.12", .summary = "A container for slow log commands",
     .syntax = "", .reply = "", .handler = nullptr, .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> SlowLogCommands() { return kCommands; }

}  // namespace replete
