// How writes reach others: there is nobody yet, and nothing is written to files.
#include "core/keyspace/clock.h"
#include "protocol/decimal.h"
#include "server/command_context.h"
#include "server/commands/groups.h"

namespace replete {
namespace {

// Milliseconds. False: an error has been replied.
bool ParseMillis(CommandContext& ctx, size_t i, int64_t* timeout_ms) {
  if (!ParseCanonicalInt64(ctx.arg(i), timeout_ms)) {
    ctx.reply().Error("ERR timeout is not an integer or out of range");
    return false;
  }
  if (*timeout_ms < 0) {
    ctx.reply().Error("ERR timeout is negative");
    return false;
  }
  int64_t until = 0;
  if (__builtin_add_overflow(*timeout_ms, MonotonicMillis(), &until)) {
    ctx.reply().Error("ERR timeout is out of range");
    return false;
  }
  return true;
}

void Wait(CommandContext& ctx) {
  int64_t replicas = 0;
  BlockRequest request{.on_timeout = OnTimeout::kZero};
  if (!ctx.Integer(1, &replicas) || !ParseMillis(ctx, 2, &request.timeout_ms)) return;
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
  if (!ParseMillis(ctx, 3, &request.timeout_ms)) return;
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
     .syntax = "numreplicas timeout", .reply = "integer", .handler = Wait},
    {.name = "waitaof", .arity = 4, .flags = command_flag::kNoScript,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "7.2.0",
     .summary = "Wait for all the write commands of the connection to be synced to files",
     .syntax = "numlocal numreplicas timeout", .reply = "array", .handler = WaitAof},
};
// clang-format on

}  // namespace

std::span<const Command> ReplicationCommands() { return kCommands; }

}  // namespace replete
