// How writes reach others: there is nobody yet, and nothing is written to files.
#include "protocol/decimal.h"
#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/commands/timeout.h"

namespace replete {
namespace {

void Wait(CommandContext& ctx) {
  int64_t replicas = 0;
  BlockRequest request{.on_timeout = OnTimeout::kZero};
  if (!ctx.Integer(1, &replicas) || !ParseMillisTimeout(ctx, 2, &request.timeout_ms)) return;
  if (replicas <= 0 || ctx.in_transaction()) return ctx.reply().Integer(0);
  ctx.Block(request);
}

void WaitAof(CommandContext& ctx) {
  int64_t local = 0;
  int64_t replicas = 0;
  BlockRequest request{.on_timeout = OnTimeout::kTwoZeros};
  if (!ParseCanonicalInt64(ctx.arg(1), &local) || local < 0 || local > 1) {
    return ctx.reply().Error("ERR value is out of range, must be between 0 and 1");
  }
  if (!ctx.Integer(2, &replicas)) return;
  if (replicas < 0) return ctx.reply().Error("ERR value is out of range, must be positive");
  if (!ParseMillisTimeout(ctx, 3, &request.timeout_ms)) return;
  if (local > 0) {
    return ctx.reply().Error(
        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  if (replicas == 0 || ctx.in_transaction()) {
    ctx.reply().Array(2);
    ctx.reply().Integer(0);
    return ctx.reply().Integer(0);
  }
  ctx.Block(request);
}

// A member a line would hide the rows.
// clang-format off
constexpr Command kCommands[] = {
    {.name = "wait", .arity = 3, .flags = command_flag::kNoScript,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "3.0.0",
     .summary = "Wait for the synchronous replication of all the write commands sent in the "
         "context of the current connection",
     .syntax = "numreplicas timeout", .reply = "integer", .handler = Wait,
     .differs = "There are no replicas: it answers 0, at once or when its time is over."},
    {.name = "waitaof", .arity = 4, .flags = command_flag::kNoScript,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "7.2.0",
     .summary = "Wait for all the write commands of the connection to be synced to files",
     .syntax = "numlocal numreplicas timeout", .reply = "array", .handler = WaitAof,
     .differs = "There is no log of writes: it answers as a server with neither log nor "
         "replicas."},
};
// clang-format on

}  // namespace

std::span<const Command> ReplicationCommands() { return kCommands; }

}  // namespace replete
