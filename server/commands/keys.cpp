// Keys, whatever they hold.
#include <fmt/format.h>

#include <limits>

#include "server/commands/groups.h"
#include "server/commands/lookup.h"

namespace replete {
namespace {

// DEL and UNLINK alike: a value that is costly to free goes to a worker either way.
void Del(CommandContext& ctx) {
  int64_t removed = 0;
  for (const Key& key : ctx.keys()) {
    if (!ctx.access().Remove(key, Departure::kDeleted)) continue;
    ctx.Notify(event_flags::kGeneric, "del", key);
    ++removed;
  }
  ctx.reply().Integer(removed);
}

void Exists(CommandContext& ctx) {
  int64_t found = 0;
  for (const Key& key : ctx.keys()) found += InspectKey(ctx, key) != nullptr;
  ctx.reply().Integer(found);
}

void Touch(CommandContext& ctx) {
  int64_t found = 0;
  for (const Key& key : ctx.keys()) found += ReadKey(ctx, key) != nullptr;
  ctx.reply().Integer(found);
}

void Type(CommandContext& ctx) {
  const Entry* entry = InspectKey(ctx, ctx.key(0));
  ctx.reply().Simple(entry == nullptr ? "none" : TypeName(entry->type()));
}

// --- RENAME, COPY ---

// False: an error or a refusal has been replied.
bool RenameKey(CommandContext& ctx, bool only_if_new) {
  const Key& from = ctx.key(0);
  const Key& to = ctx.key(1);
  if (ctx.access().Use(from) == nullptr) {
    ctx.reply().Error("ERR no such key");
    return false;
  }
  if (only_if_new && ctx.access().Use(to) != nullptr) {
    ctx.reply().Integer(0);
    return false;
  }
  if (SameKey(from, to)) return true;
  ctx.access().Rename(from, to);
  ctx.Notify(event_flags::kNew, "new", to);
  ctx.Notify(event_flags::kGeneric, "rename_from", from);
  ctx.Notify(event_flags::kGeneric, "rename_to", to);
  return true;
}

void Rename(CommandContext& ctx) {
  if (RenameKey(ctx, false)) ctx.reply().Ok();
}

void RenameNx(CommandContext& ctx) {
  if (RenameKey(ctx, true)) ctx.reply().Integer(1);
}

// The number of COPY's or MOVE's database. It has chosen where key 1 is already; here it is only
// judged. False:
// an error has been replied.
bool CheckDatabase(CommandContext& ctx, size_t i) {
  using Limits = std::numeric_limits<int32_t>;
  int64_t number = 0;
  if (!ctx.Integer(i, &number)) return false;
  if (number < Limits::min() || number > Limits::max()) {
    ctx.reply().Error(fmt::format("ERR value is out of range, value must between {} and {}",
                                  Limits::min(), Limits::max()));
    return false;
  }
  if (number < 0 || number >= ctx.config().databases) {
    ctx.reply().Error("ERR DB index is out of range");
    return false;
  }
  return true;
}

void Copy(CommandContext& ctx) {
  bool replace = false;
  for (size_t i = 3; i < ctx.argc(); ++i) {
    if (ctx.ArgIs(i, "replace")) {
      replace = true;
    } else if (ctx.ArgIs(i, "db") && i + 1 < ctx.argc()) {
      if (!CheckDatabase(ctx, ++i)) return;
    } else {
      return ctx.SyntaxError();
    }
  }
  const Key& from = ctx.key(0);
  const Key& to = ctx.key(1);
  if (SameKey(from, to)) {
    return ctx.reply().Error("ERR source and destination objects are the same");
  }
  if (ReadKey(ctx, from) == nullptr) return ctx.reply().Integer(0);
  if (ctx.access().Use(to) != nullptr) {
    if (!replace) return ctx.reply().Integer(0);
    ctx.access().Remove(to, Departure::kDeleted);
  }
  ctx.access().Copy(from, to);
  ctx.Notify(event_flags::kNew, "new", to);
  ctx.Notify(event_flags::kGeneric, "copy_to", to);
  ctx.reply().Integer(1);
}

void Move(CommandContext& ctx) {
  if (!CheckDatabase(ctx, 2)) return;
  const Key& from = ctx.key(0);
  const Key& to = ctx.key(1);
  if (SameKey(from, to)) {
    return ctx.reply().Error("ERR source and destination objects are the same");
  }
  if (ctx.access().Use(from) == nullptr || ctx.access().Use(to) != nullptr) {
    return ctx.reply().Integer(0);
  }
  ctx.access().Rename(from, to);
  ctx.Notify(event_flags::kNew, "new", to);
  ctx.Notify(event_flags::kGeneric, "move_from", from);
  ctx.Notify(event_flags::kGeneric, "move_to", to);
  ctx.reply().Integer(1);
}

using command_flag::kDenyOom;
using command_flag::kFast;
using command_flag::kLong;
using command_flag::kReadonly;
using command_flag::kSpans;
using command_flag::kWrite;

constexpr KeySpec kEachRemoved = {
    .first = 1, .last = -1, .use = KeyUse::kRemove, .what = "delete", .reads = kNeedsNoValues};
constexpr KeySpec kEachAsked = {
    .first = 1, .last = -1, .use = KeyUse::kRead, .reads = kNeedsNoValues};
constexpr KeySpec kAsked = {.first = 1, .last = 1, .use = KeyUse::kRead, .reads = kNeedsNoValues};
constexpr KeySpec kMoved = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "access delete"};
constexpr KeySpec kMovedAway = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "access update"};
constexpr KeySpec kTarget = {
    .first = 2, .last = 2, .use = KeyUse::kOverwrite, .what = "update", .reads = kNeedsNoValues};
constexpr KeySpec kCopyTarget = {.first = 2,
                                 .last = 2,
                                 .use = KeyUse::kOverwrite,
                                 .what = "update",
                                 .reads = kNeedsNoValues,
                                 .database_option = "db"};
constexpr KeySpec kMovedTarget = {.first = 1,
                                  .last = 1,
                                  .use = KeyUse::kOverwrite,
                                  .reads = kNeedsNoValues,
                                  .database_argument = 2};
constexpr KeySpec kNewTarget = {
    .first = 2, .last = 2, .use = KeyUse::kOverwrite, .what = "insert", .reads = kNeedsNoValues};
constexpr KeySpec kCopied = {.first = 1, .last = 1, .use = KeyUse::kRead, .what = "access"};

// A member a line would hide the rows.
// clang-format off
constexpr Command kCommands[] = {
    {.name = "del", .arity = -2, .flags = kWrite | kSpans, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kEachRemoved}, .since = "1.0.0", .summary = "Delete a key",
     .syntax = "key [key ...]", .reply = "integer", .handler = Del,
     .differs = "A value that is large is freed by another thread, as UNLINK does."},
    {.name = "unlink", .arity = -2, .flags = kWrite | kFast | kSpans,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kEachRemoved},
     .since = "4.0.0",
     .summary = "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but "
         "non blocking.", .syntax = "key [key ...]", .reply = "integer", .handler = Del},
    {.name = "exists", .arity = -2, .flags = kReadonly | kFast | kSpans,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kEachAsked},
     .since = "1.0.0", .summary = "Determine if a key exists", .syntax = "key [key ...]",
     .reply = "integer", .handler = Exists},
    {.name = "touch", .arity = -2, .flags = kReadonly | kFast | kSpans,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kEachAsked},
     .since = "3.2.1",
     .summary = "Alters the last access time of a key(s). Returns the number of existing keys "
         "specified.", .syntax = "key [key ...]", .reply = "integer", .handler = Touch},
    {.name = "type", .arity = 2, .flags = kReadonly | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kAsked}, .since = "1.0.0",
     .summary = "Determine the type stored at key", .syntax = "key", .reply = "simple",
     .handler = Type},
    {.name = "rename", .arity = 3, .flags = kWrite, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kMoved, kTarget}, .since = "1.0.0", .summary = "Rename a key",
     .syntax = "key newkey", .reply = "simple", .handler = Rename},
    {.name = "renamenx", .arity = 3, .flags = kWrite | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kMoved, kNewTarget}, .since = "1.0.0",
     .summary = "Rename a key, only if the new key does not exist", .syntax = "key newkey",
     .reply = "integer", .handler = RenameNx},
    {.name = "copy", .arity = -3, .flags = kWrite | kDenyOom, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kCopied, kCopyTarget}, .since = "6.2.0", .summary = "Copy a key",
     .syntax = "source destination [DB destination-db] [REPLACE]", .reply = "integer",
     .handler = Copy},
    {.name = "move", .arity = 3, .flags = kWrite | kFast, .categories = category::kKeyspace,
     .scope = Scope::kKeys, .keys = {kMovedAway, kMovedTarget}, .since = "1.0.0",
     .summary = "Move a key to another database", .syntax = "key db", .reply = "integer",
     .handler = Move},
};
// clang-format on

}  // namespace

std::span<const Command> KeyCommands() { return kCommands; }

}  // namespace replete
