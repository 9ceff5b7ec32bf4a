// Lists.
#include <algorithm>
#include <cmath>

#include "core/types/number.h"
#include "server/commands/errors.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"

namespace replete {
namespace {

bool IsList(const Entry* entry) { return entry->type() == ValueType::kList; }

template <bool kFront>
void Push(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  Entry* entry = ctx.access().Use(key);
  if (entry != nullptr && !IsList(entry)) return ctx.WrongType();
  ListValue* list = ctx.access().ListFor(key, entry);
  if (entry == nullptr) ctx.Notify(event_flags::kNew, "new", key);
  const ListLimits limits = ctx.value_limits().list;
  for (size_t i = 2; i < ctx.argc(); ++i) {
    ctx.access().Push(key, list, kFront, ctx.arg(i), limits);
  }
  ctx.Notify(event_flags::kList, kFront ? "lpush" : "rpush", key);
  ctx.reply().Integer(static_cast<int64_t>(list->size()));
}

// Replies and removes `count` elements, which the list has, without an array's header.
void PopElements(CommandContext& ctx, const Key& key, ListValue* list, bool front, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    ctx.access().Pop(key, list, front,
                     [&](std::string_view element) { ctx.reply().Bulk(element); });
  }
  const bool emptied = list->size() == 0;
  ctx.Notify(event_flags::kList, front ? "lpop" : "rpop", key);
  if (emptied) {
    ctx.access().Finish(key);
    ctx.Notify(event_flags::kGeneric, "del", key);
  }
}

template <bool kFront>
void Pop(CommandContext& ctx) {
  if (ctx.argc() > 3) return WrongArity(ctx);
  const bool counted = ctx.argc() == 3;
  int64_t count = 1;
  if (counted && (!ParseInt64(ctx.arg(2), &count) || count < 0)) {
    return ctx.reply().Error("ERR value is out of range, must be positive");
  }
  const Key& key = ctx.key(0);
  const Entry* entry = ctx.access().Use(key);
  if (entry == nullptr) return counted ? ctx.reply().NullArray() : ctx.reply().Null();
  if (!IsList(entry)) return ctx.WrongType();
  ListValue* list = entry->list();
  const size_t popped = std::min(static_cast<size_t>(count), list->size());
  if (counted) ctx.reply().Array(popped);
  if (popped > 0) PopElements(ctx, key, list, kFront, popped);
}

void LLen(CommandContext& ctx) {
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Integer(0);
  if (!IsList(entry)) return ctx.WrongType();
  ctx.reply().Integer(static_cast<int64_t>(entry->list()->size()));
}

// Seconds with a fraction, rounded up to the next millisecond. False: an error has been replied.
bool ParseTimeout(CommandContext& ctx, size_t i, int64_t* timeout_ms) {
  // Far beyond any wait, and small enough to be added to any clock.
  constexpr int64_t kLongest = int64_t{1} << 52;
  long double seconds = 0;
  if (!ParseLongDouble(ctx.arg(i), &seconds)) {
    ctx.reply().Error("ERR timeout is not a float or out of range");
    return false;
  }
  const long double millis = std::ceil(seconds * 1000);
  // Redis' conversion to 64 bits makes what is too large negative, and its clients are told so.
  if (millis < 0 || millis >= 0x1p63L) {
    ctx.reply().Error("ERR timeout is negative");
    return false;
  }
  *timeout_ms = std::min(static_cast<int64_t>(millis), kLongest);
  return true;
}

template <bool kFront>
void BlockingPop(CommandContext& ctx) {
  BlockRequest request{.front = kFront};
  if (!ParseTimeout(ctx, ctx.argc() - 1, &request.timeout_ms)) return;
  for (size_t i = 0; i < ctx.keys().size(); ++i) {
    const Key& key = ctx.key(i);
    const Entry* entry = ctx.access().Use(key);
    if (entry == nullptr) continue;
    if (!IsList(entry)) return ctx.WrongType();
    ctx.reply().Array(2);
    ctx.reply().Bulk(ctx.arg(i + 1));  // the name that the client used
    PopElements(ctx, key, entry->list(), kFront, 1);
    return;
  }
  if (ctx.in_transaction()) return ctx.reply().NullArray();
  ctx.Block(request);
}

using command_flag::kBlocking;
using command_flag::kDenyOom;
using command_flag::kFast;
using command_flag::kNoScript;
using command_flag::kReadonly;
using command_flag::kWrite;

constexpr KeySpec kPushed = {.first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "insert"};
constexpr KeySpec kPopped = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "access delete"};
constexpr KeySpec kAsked = {.first = 1, .last = 1, .use = KeyUse::kRead};
constexpr KeySpec kFirstPopped = {
    .first = 1, .last = -2, .use = KeyUse::kReadWrite, .what = "access delete"};

// A member a line would hide the rows.
// clang-format off
constexpr Command kCommands[] = {
    {.name = "lpush", .arity = -3, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kList, .scope = Scope::kKeys, .keys = {kPushed}, .since = "1.0.0",
     .summary = "Prepend one or multiple elements to a list", .syntax = "key element [element ...]",
     .reply = "integer", .handler = Push<true>},
    {.name = "rpush", .arity = -3, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kList, .scope = Scope::kKeys, .keys = {kPushed}, .since = "1.0.0",
     .summary = "Append one or multiple elements to a list", .syntax = "key element [element ...]",
     .reply = "integer", .handler = Push<false>},
    {.name = "lpop", .arity = -2, .flags = kWrite | kFast, .categories = category::kList,
     .scope = Scope::kKeys, .keys = {kPopped}, .since = "1.0.0",
     .summary = "Remove and get the first elements in a list", .syntax = "key [count]",
     .reply = "bulk|array|nil", .handler = Pop<true>},
    {.name = "rpop", .arity = -2, .flags = kWrite | kFast, .categories = category::kList,
     .scope = Scope::kKeys, .keys = {kPopped}, .since = "1.0.0",
     .summary = "Remove and get the last elements in a list", .syntax = "key [count]",
     .reply = "bulk|array|nil", .handler = Pop<false>},
    {.name = "llen", .arity = 2, .flags = kReadonly | kFast, .categories = category::kList,
     .scope = Scope::kKeys, .keys = {kAsked}, .since = "1.0.0",
     .summary = "Get the length of a list", .syntax = "key", .reply = "integer", .handler = LLen},
    {.name = "blpop", .arity = -3, .flags = kWrite | kNoScript | kBlocking,
     .categories = category::kList, .scope = Scope::kKeys, .keys = {kFirstPopped}, .since = "2.0.0",
     .summary = "Remove and get the first element in a list, or block until one is available",
     .syntax = "key [key ...] timeout", .reply = "array|nil", .handler = BlockingPop<true>},
    {.name = "brpop", .arity = -3, .flags = kWrite | kNoScript | kBlocking,
     .categories = category::kList, .scope = Scope::kKeys, .keys = {kFirstPopped}, .since = "2.0.0",
     .summary = "Remove and get the last element in a list, or block until one is available",
     .syntax = "key [key ...] timeout", .reply = "array|nil", .handler = BlockingPop<false>},
};
// clang-format on

}  // namespace

std::span<const Command> ListCommands() { return kCommands; }

}  // namespace replete
