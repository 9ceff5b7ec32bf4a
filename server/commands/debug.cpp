// DEBUG: what tests of client libraries use. Only where enable-protected-configs allows it.
#include <fmt/format.h>

#include <csignal>

#include "core/tier/stored_value.h"
#include "core/types/number.h"
#include "server/command_context.h"
#include "server/commands/encoding.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/server.h"

namespace replete {
namespace {

// False: an error has been replied.
bool IsAllowed(CommandContext& ctx) {
  if (ctx.may_act_protected()) return true;
  ctx.reply().Error(
      "ERR DEBUG command not allowed. If the enable-protected-configs option is set to \"local\", "
      "you can run it from a local connection, otherwise you need to set this option when the "
      "daemon is started.");
  return false;
}

// The client alone waits; in Redis everybody does.
void Sleep(CommandContext& ctx) {
  if (!IsAllowed(ctx)) return;
  double seconds = 0;
  if (!ParseDouble(ctx.arg(2), &seconds) || !(seconds >= 0 && seconds < 1e6)) {
    return ctx.reply().Error("ERR value is not a valid float");
  }
  const auto millis = static_cast<int64_t>(seconds * 1000);
  if (millis == 0) return ctx.reply().Ok();
  if (ctx.in_transaction()) {
    return ctx.reply().Error("ERR DEBUG SLEEP is not available in a transaction");
  }
  ctx.Block({.timeout_ms = millis, .on_timeout = OnTimeout::kOk});
}

void Error(CommandContext& ctx) {
  if (!IsAllowed(ctx)) return;
  std::string text(ctx.arg(2));
  for (char& c : text) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  ctx.reply().Error(text);
}

void SegFault(CommandContext& ctx) {
  if (IsAllowed(ctx)) ::raise(SIGSEGV);
}

void SetActiveExpire(CommandContext& ctx) {
  if (!IsAllowed(ctx)) return;
  ctx.server().set_sweeps(ctx.arg(2) != "0");
  ctx.reply().Ok();
}

void WriteSample(CommandContext& ctx, std::string_view kind) {
  ReplyWriter& reply = ctx.reply();
  constexpr int64_t kElements = 3;
  if (WordIs(kind, "string")) return reply.Bulk("Hello World");
  if (WordIs(kind, "integer")) return reply.Integer(12345);
  if (WordIs(kind, "double")) return reply.Double(3.141);
  if (WordIs(kind, "null")) return reply.Null();
  if (WordIs(kind, "true")) return reply.Boolean(true);
  if (WordIs(kind, "false")) return reply.Boolean(false);
  if (WordIs(kind, "bignum")) return reply.BigNumber("1234567999999999999999999999999999999");
  if (WordIs(kind, "verbatim")) return reply.Verbatim("txt", "This is a verbatim\nstring");
  if (WordIs(kind, "array") || WordIs(kind, "set")) {
    WordIs(kind, "array") ? reply.Array(kElements) : reply.Set(kElements);
    for (int64_t i = 0; i < kElements; ++i) reply.Integer(i);
    return;
  }
  if (WordIs(kind, "map")) {
    reply.Map(kElements);
    for (int64_t i = 0; i < kElements; ++i) {
      reply.Integer(i);
      reply.Boolean(i == 1);
    }
    return;
  }
  reply.Error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|null|array|set|map|verbatim|true|false|bignum");
}

void Protocol(CommandContext& ctx) {
  if (IsAllowed(ctx)) WriteSample(ctx, ctx.arg(2));
}

// The line's fields are those that client libraries read; the clock is the second of the last use.
void Object(CommandContext& ctx) {
  if (!IsAllowed(ctx)) return;
  const Entry* entry = ctx.access().Peek(ctx.key(0));
  if (entry == nullptr) return ctx.reply().Error("ERR no such key");
  constexpr bool kCompress = false;
  const size_t type_byte = 1;
  const size_t serialized = EncodeValue(*entry, kCompress).size() - type_byte;
  const Shard& shard = *ctx.key(0).shard;
  const uint32_t now = ctx.server().clock().second();
  const bool dated = shard.keyspace().tracks_use() && !shard.keyspace().tracks_frequency();
  const uint32_t used = dated ? shard.dates.SecondOf(entry->clock(), shard.clock) : now;
  ctx.reply().Simple(fmt::format(
      "Value at:{} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
      fmt::ptr(entry), EncodingOf(*entry), serialized, used, now - used));
}

using namespace command_flag;

constexpr uint32_t kAny = kAdmin | kNoScript | kLoading | kStale;

// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "segfault", .arity = 2, .flags = kAny, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "1.0.0", .summary = "Ends the daemon as a crash would", .syntax = "",
     .reply = "error", .handler = SegFault},
    {.name = "sleep", .arity = 3, .flags = kAny, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "1.0.0", .summary = "Answers after so many seconds",
     .syntax = "seconds", .reply = "simple", .handler = Sleep},
    {.name = "error", .arity = 3, .flags = kAny, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "1.0.0", .summary = "Answers this error", .syntax = "string",
     .reply = "error", .handler = Error},
    {.name = "object", .arity = 3, .flags = kAny, .categories = 0, .scope = Scope::kKeys,
     .keys = {KeySpec{.first = 2, .last = 2, .use = KeyUse::kRead}}, .since = "1.0.0",
     .summary = "How a value is held, and when it was used", .syntax = "key", .reply = "simple",
     .handler = Object},
    {.name = "protocol", .arity = 3, .flags = kAny, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "1.0.0", .summary = "Answers a reply of this type", .syntax = "type",
     .reply = "any", .handler = Protocol},
    {.name = "set-active-expire", .arity = 3, .flags = kAny, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "1.0.0",
     .summary = "With 0 expired keys stay until they are looked for", .syntax = "value",
     .reply = "simple", .handler = SetActiveExpire},
    {.name = "help", .arity = 2, .flags = kAny, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "1.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kCommands[] = {
    {.name = "debug", .arity = -2, .flags = kAny | command_flag::kSysCmd, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "1.0.0", .summary = "A container for debugging commands",
     .syntax = "", .reply = "", .handler = nullptr, .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> DebugCommands() { return kCommands; }

}  // namespace replete
