// When keys end: EXPIRE and its kin, TTL and its kin, PERSIST.
#include <fmt/format.h>

#include <algorithm>

#include "server/commands/errors.h"
#include "server/commands/expire_options.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"

namespace replete {
namespace {

struct Conditions {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;

  // Whether a key that ends at `current` may be made to end at `deadline`. A key without a deadline
  // lives for ever, which kNoDeadline being the largest number expresses.
  bool Hold(int64_t current, int64_t deadline) const {
    if (nx && current != kNoDeadline) return false;
    if (xx && current == kNoDeadline) return false;
    if (gt && deadline <= current) return false;
    return !(lt && deadline >= current);
  }
};

// False: an error has been replied.
bool ParseConditions(CommandContext& ctx, Conditions* conditions) {
  for (size_t i = 3; i < ctx.argc(); ++i) {
    if (ctx.ArgIs(i, "nx")) {
      conditions->nx = true;
    } else if (ctx.ArgIs(i, "xx")) {
      conditions->xx = true;
    } else if (ctx.ArgIs(i, "gt")) {
      conditions->gt = true;
    } else if (ctx.ArgIs(i, "lt")) {
      conditions->lt = true;
    } else {
      ctx.reply().Error(
          fmt::format("ERR Unsupported option {}", ctx.arg(i).substr(0, ctx.arg(i).find('\0'))));
      return false;
    }
  }
  const auto [nx, xx, gt, lt] = *conditions;
  if (nx && (xx || gt || lt)) {
    ctx.reply().Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (gt && lt) {
    ctx.reply().Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// Unlike in SET, a time that is zero, negative or past is taken: the key ends at once.
template <ExpireUnit kUnit>
void Expire(CommandContext& ctx) {
  constexpr bool kInSeconds = kUnit == ExpireUnit::kSeconds || kUnit == ExpireUnit::kAtSeconds;
  Conditions conditions;
  if (ctx.argc() > 3 && !ParseConditions(ctx, &conditions)) return;
  int64_t deadline = 0;
  if (!ctx.Integer(2, &deadline)) return;
  const int64_t base = IsAbsolute(kUnit) ? 0 : ctx.now();
  if ((kInSeconds && __builtin_mul_overflow(deadline, int64_t{1000}, &deadline)) ||
      __builtin_add_overflow(deadline, base, &deadline)) {
    return InvalidExpireTime(ctx);
  }
  deadline = std::min(deadline, kNoDeadline - 1);

  const Key& key = ctx.key(0);
  const Entry* entry = ctx.access().Use(key);
  if (entry == nullptr || !conditions.Hold(entry->deadline(), deadline)) {
    return ctx.reply().Integer(0);
  }
  if (deadline <= ctx.now()) {
    ctx.access().Remove(key, Departure::kDeleted);
    ctx.Notify(event_flags::kGeneric, "del", key);
  } else {
    ctx.access().SetDeadline(key, deadline);
    ctx.Notify(event_flags::kGeneric, "expire", key);
  }
  ctx.reply().Integer(1);
}

// Rounded to the nearest second.
int64_t ToSeconds(int64_t millis) { return millis / 1000 + (millis % 1000 >= 500 ? 1 : 0); }

template <ExpireUnit kUnit>
void TimeToLive(CommandContext& ctx) {
  const Entry* entry = InspectKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Integer(-2);
  if (!entry->has(Entry::kDeadline)) return ctx.reply().Integer(-1);
  const int64_t time = entry->deadline() - (IsAbsolute(kUnit) ? 0 : ctx.now());
  constexpr bool kInSeconds = kUnit == ExpireUnit::kSeconds || kUnit == ExpireUnit::kAtSeconds;
  ctx.reply().Integer(kInSeconds ? ToSeconds(time) : time);
}

void Persist(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  const Entry* entry = ctx.access().Use(key);
  if (entry == nullptr || !entry->has(Entry::kDeadline)) return ctx.reply().Integer(0);
  ctx.access().SetDeadline(key, kNoDeadline);
  ctx.Notify(event_flags::kGeneric, "persist", key);
  ctx.reply().Integer(1);
}

using command_flag::kFast;
using command_flag::kReadonly;
using command_flag::kWrite;

constexpr KeySpec kUpdated = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "update", .reads = kNeedsNoValues};
constexpr KeySpec kAsked = {
    .first = 1, .last = 1, .use = KeyUse::kRead, .what = "access", .reads = kNeedsNoValues};

// A member a line would hide the rows.
// clang-format off
constexpr Command kCommands[] = {
    {.name = "expire", .arity = -3, .flags = kWrite | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kUpdated}, .since = "1.0.0",
     .summary = "Set a key's time to live in seconds", .syntax = "key seconds [NX | XX | GT | LT]",
     .reply = "integer", .handler = Expire<ExpireUnit::kSeconds>},
    {.name = "pexpire", .arity = -3, .flags = kWrite | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kUpdated}, .since = "2.6.0",
     .summary = "Set a key's time to live in milliseconds",
     .syntax = "key milliseconds [NX | XX | GT | LT]", .reply = "integer",
     .handler = Expire<ExpireUnit::kMillis>},
    {.name = "expireat", .arity = -3, .flags = kWrite | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kUpdated}, .since = "1.2.0",
     .summary = "Set the expiration for a key as a UNIX timestamp",
     .syntax = "key unix-time-seconds [NX | XX | GT | LT]", .reply = "integer",
     .handler = Expire<ExpireUnit::kAtSeconds>},
    {.name = "pexpireat", .arity = -3, .flags = kWrite | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kUpdated}, .since = "2.6.0",
     .summary = "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
     .syntax = "key unix-time-milliseconds [NX | XX | GT | LT]", .reply = "integer",
     .handler = Expire<ExpireUnit::kAtMillis>},
    {.name = "ttl", .arity = 2, .flags = kReadonly | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kAsked}, .since = "1.0.0",
     .summary = "Get the time to live for a key in seconds", .syntax = "key", .reply = "integer",
     .handler = TimeToLive<ExpireUnit::kSeconds>},
    {.name = "pttl", .arity = 2, .flags = kReadonly | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kAsked}, .since = "2.6.0",
     .summary = "Get the time to live for a key in milliseconds", .syntax = "key",
     .reply = "integer", .handler = TimeToLive<ExpireUnit::kMillis>},
    {.name = "expiretime", .arity = 2, .flags = kReadonly | kFast,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kAsked}, .since = "7.0.0",
     .summary = "Get the expiration Unix timestamp for a key", .syntax = "key", .reply = "integer",
     .handler = TimeToLive<ExpireUnit::kAtSeconds>},
    {.name = "pexpiretime", .arity = 2, .flags = kReadonly | kFast,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kAsked}, .since = "7.0.0",
     .summary = "Get the expiration Unix timestamp for a key in milliseconds", .syntax = "key",
     .reply = "integer", .handler = TimeToLive<ExpireUnit::kAtMillis>},
    {.name = "persist", .arity = 2, .flags = kWrite | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kUpdated}, .since = "2.2.0",
     .summary = "Remove the expiration from a key", .syntax = "key", .reply = "integer",
     .handler = Persist},
};
// clang-format on

}  // namespace

std::span<const Command> ExpiryCommands() { return kCommands; }

}  // namespace replete
