// Hashes.
#include <algorithm>

#include "server/commands/errors.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"

namespace replete {
namespace {

bool IsHash(const Entry* entry) { return entry->type() == ValueType::kHash; }

void HSet(CommandContext& ctx) {
  if (ctx.argc() % 2 != 0) return WrongArity(ctx);
  const Key& key = ctx.key(0);
  Entry* entry = ctx.access().Use(key);
  if (entry != nullptr && !IsHash(entry)) return ctx.WrongType();
  HashValue* hash = ctx.access().HashFor(key, entry);
  hash->Prefetch(ctx.members_ahead());
  if (entry == nullptr) ctx.Notify(event_flags::kNew, "new", key);
  const HashLimits limits = ctx.value_limits().hash;
  int64_t created = 0;
  for (size_t i = 2; i < ctx.argc(); i += 2) {
    created += ctx.access().HashSet(key, hash, ctx.arg(i), ctx.arg(i + 1), limits);
  }
  ctx.Notify(event_flags::kHash, "hset", key);
  ctx.reply().Integer(created);
}

void HGet(CommandContext& ctx) {
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Null();
  if (!IsHash(entry)) return ctx.WrongType();
  entry->hash()->Prefetch(ctx.members_ahead());
  std::string_view value;
  if (!entry->hash()->Get(ctx.arg(2), &value)) return ctx.reply().Null();
  ctx.reply().Bulk(value);
}

void HDel(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  const Entry* entry = ctx.access().Use(key);
  if (entry == nullptr) return ctx.reply().Integer(0);
  if (!IsHash(entry)) return ctx.WrongType();
  HashValue* hash = entry->hash();
  hash->Prefetch(ctx.members_ahead());
  int64_t erased = 0;
  for (size_t i = 2; i < ctx.argc(); ++i) {
    erased += ctx.access().HashErase(key, hash, ctx.arg(i));
  }
  if (erased > 0) {
    const bool emptied = hash->size() == 0;
    ctx.Notify(event_flags::kHash, "hdel", key);
    if (emptied) {
      ctx.access().Finish(key);
      ctx.Notify(event_flags::kGeneric, "del", key);
    }
  }
  ctx.reply().Integer(erased);
}

void HGetAll(CommandContext& ctx) {
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Map(0);
  if (!IsHash(entry)) return ctx.WrongType();
  ctx.reply().Map(entry->hash()->size());
  entry->hash()->ForEach([&](std::string_view field, std::string_view value) {
    ctx.reply().Bulk(field);
    ctx.reply().Bulk(value);
  });
}

void HLen(CommandContext& ctx) {
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Integer(0);
  if (!IsHash(entry)) return ctx.WrongType();
  ctx.reply().Integer(static_cast<int64_t>(entry->hash()->size()));
}

void HExists(CommandContext& ctx) {
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Integer(0);
  if (!IsHash(entry)) return ctx.WrongType();
  entry->hash()->Prefetch(ctx.members_ahead());
  ctx.reply().Integer(entry->hash()->Contains(ctx.arg(2)) ? 1 : 0);
}

using command_flag::kDenyOom;
using command_flag::kFast;
using command_flag::kNamesMember;
using command_flag::kReadonly;
using command_flag::kWrite;

constexpr KeySpec kUpdated = {.first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "update"};
constexpr KeySpec kFetched = {.first = 1, .last = 1, .use = KeyUse::kRead, .what = "access"};
constexpr KeySpec kReduced = {.first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "delete"};
constexpr KeySpec kAsked = {.first = 1, .last = 1, .use = KeyUse::kRead};

// A member a line would hide the rows.
// clang-format off
constexpr Command kCommands[] = {
    {.name = "hset", .arity = -4, .flags = kWrite | kDenyOom | kFast | kNamesMember,
     .categories = category::kHash, .scope = Scope::kKeys, .keys = {kUpdated}, .since = "2.0.0",
     .summary = "Set the string value of a hash field",
     .syntax = "key field value [field value ...]", .reply = "integer", .handler = HSet},
    {.name = "hget", .arity = 3, .flags = kReadonly | kFast | kNamesMember,
     .categories = category::kHash, .scope = Scope::kKeys, .keys = {kFetched}, .since = "2.0.0",
     .summary = "Get the value of a hash field", .syntax = "key field", .reply = "bulk|nil",
     .handler = HGet},
    {.name = "hdel", .arity = -3, .flags = kWrite | kFast | kNamesMember,
     .categories = category::kHash, .scope = Scope::kKeys, .keys = {kReduced}, .since = "2.0.0",
     .summary = "Delete one or more hash fields", .syntax = "key field [field ...]",
     .reply = "integer", .handler = HDel},
    {.name = "hgetall", .arity = 2, .flags = kReadonly, .categories = category::kHash,
     .scope = Scope::kKeys, .keys = {kFetched}, .since = "2.0.0",
     .summary = "Get all the fields and values in a hash", .syntax = "key", .reply = "map",
     .handler = HGetAll},
    {.name = "hlen", .arity = 2, .flags = kReadonly | kFast, .categories = category::kHash,
     .scope = Scope::kKeys, .keys = {kAsked}, .since = "2.0.0",
     .summary = "Get the number of fields in a hash", .syntax = "key", .reply = "integer",
     .handler = HLen},
    {.name = "hexists", .arity = 3, .flags = kReadonly | kFast | kNamesMember,
     .categories = category::kHash, .scope = Scope::kKeys, .keys = {kAsked}, .since = "2.0.0",
     .summary = "Determine if a hash field exists", .syntax = "key field", .reply = "integer",
     .handler = HExists},
};
// clang-format on

}  // namespace

std::span<const Command> HashCommands() { return kCommands; }

}  // namespace replete
