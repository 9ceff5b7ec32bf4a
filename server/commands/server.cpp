// The server about itself.
#include "server/server.h"

#include <time.h>

#include <cstdint>

#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/info.h"

namespace replete {
namespace {

void Info(CommandContext& ctx) {
  ctx.reply().Verbatim("txt", InfoText(ctx.server(), ctx.args().subspan(1)));
}

bool TakesLong(CommandContext& ctx) { return InfoTakesLong(ctx.server(), ctx.args().subspan(1)); }

// The wall clock as it is now, not the one that deadlines are measured with.
void Time(CommandContext& ctx) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  ctx.reply().Array(2);
  ctx.reply().BulkInteger(now.tv_sec);
  ctx.reply().BulkInteger(now.tv_nsec / 1000);
}

using namespace command_flag;

// clang-format off
constexpr Command kCommands[] = {
    {.name = "info", .arity = -1, .flags = kLoading | kStale | kLong | kReport,
     .categories = category::kDangerous,
     .scope = Scope::kNone, .keys = {}, .since = "1.0.0",
     .summary = "Get information and statistics about the server",
     .syntax = "[section [section ...]]", .reply = "verbatim", .handler = Info,
     .is_long = TakesLong,
     .differs = "Has `# Namespaces` as well; fields of what is not there are 0 or absent."},
    {.name = "time", .arity = 1, .flags = kLoading | kStale | kFast, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "2.6.0",
     .summary = "Return the current server time", .syntax = "", .reply = "array",
     .handler = Time},
};
// clang-format on

}  // namespace

std::span<const Command> ServerCommands() { return kCommands; }

}  // namespace replete
