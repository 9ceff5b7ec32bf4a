// Strings.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "core/types/number.h"
#include "server/commands/errors.h"
#include "server/commands/expire_options.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/new_string.h"

namespace replete {
namespace {

bool IsString(const Entry* entry) { return entry->type() == ValueType::kString; }

// Argument `value` becomes the key's string; without a word to the client.
void Store(CommandContext& ctx, const Key& key, size_t value, int64_t deadline) {
  const bool tells_new = TellsNew(ctx, key);
  const std::string_view text = ctx.arg(value);
  // What is too big to stand in an entry may have come in memory that the entry can adopt.
  BulkBuffer bulk;
  if (text.size() > Entry::kInlineMax) [[unlikely]]
    bulk = ctx.TakeBulk(value);
  if (!bulk.empty()) {
    ctx.access().SetString(key, std::move(bulk), deadline);
  } else {
    ctx.access().SetString(key, text, deadline);
  }
  if (tells_new) ctx.Notify(event_flags::kNew, "new", key);
}

// Replies the key's string or null. False: it holds something else, which has been replied.
bool ReplyString(CommandContext& ctx, const Key& key) {
  const Entry* entry = ReadKey(ctx, key);
  if (entry == nullptr) {
    ctx.reply().Null();
    return true;
  }
  if (!IsString(entry)) {
    ctx.WrongType();
    return false;
  }
  ctx.reply().Bulk(entry->string());
  return true;
}

void Get(CommandContext& ctx) { ReplyString(ctx, ctx.key(0)); }

// --- SET and its kin ---

struct SetOptions {
  bool nx = false;
  bool xx = false;
  bool get = false;
  bool keep_ttl = false;
  ExpireOption expire;
};

// False: a syntax error.
bool ParseSetOptions(const CommandContext& ctx, SetOptions* options) {
  for (size_t i = 3; i < ctx.argc(); ++i) {
    if (ctx.ArgIs(i, "nx")) {
      options->nx = true;
    } else if (ctx.ArgIs(i, "xx")) {
      options->xx = true;
    } else if (ctx.ArgIs(i, "get")) {
      options->get = true;
    } else if (ctx.ArgIs(i, "keepttl")) {
      options->keep_ttl = true;
    } else if (!TakeExpireOption(ctx, &i, &options->expire)) {
      return false;
    }
  }
  return !(options->nx && options->xx) && !(options->keep_ttl && options->expire.given);
}

void StoreAndExpire(CommandContext& ctx, const Key& key, size_t value, int64_t deadline) {
  Store(ctx, key, value, deadline);
  ctx.Notify(event_flags::kString, "set", key);
  ctx.Notify(event_flags::kGeneric, "expire", key);
}

void SetWithOptions(CommandContext& ctx, const Key& key) {
  SetOptions options;
  if (!ParseSetOptions(ctx, &options)) return ctx.SyntaxError();
  int64_t deadline = 0;
  const ExpireOption& expire = options.expire;
  if (expire.given && !ParseDeadline(ctx, expire.unit, expire.number, &deadline)) return;
  if (options.get && !ReplyString(ctx, key)) return;
  if (options.nx || options.xx) {
    const bool found = ctx.access().Use(key) != nullptr;
    if (found != options.xx) {
      if (!options.get) ctx.reply().Null();
      return;
    }
  }
  if (expire.given) {
    StoreAndExpire(ctx, key, 2, deadline);
  } else {
    Store(ctx, key, 2,
          options.keep_ttl ? Access::kKeepDeadline : ctx.access().DefaultDeadline(key));
    ctx.Notify(event_flags::kString, "set", key);
  }
  if (!options.get) ctx.reply().Ok();
}

void Set(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  if (ctx.argc() > 3) return SetWithOptions(ctx, key);
  Store(ctx, key, 2, ctx.access().DefaultDeadline(key));
  ctx.Notify(event_flags::kString, "set", key);
  ctx.reply().Ok();
}

void SetNx(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  if (ctx.access().Use(key) != nullptr) return ctx.reply().Integer(0);
  Store(ctx, key, 2, ctx.access().DefaultDeadline(key));
  ctx.Notify(event_flags::kString, "set", key);
  ctx.reply().Integer(1);
}

template <ExpireUnit kUnit>
void SetEx(CommandContext& ctx) {
  int64_t deadline = 0;
  if (!ParseDeadline(ctx, kUnit, 2, &deadline)) return;
  StoreAndExpire(ctx, ctx.key(0), 3, deadline);
  ctx.reply().Ok();
}

void GetSet(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  if (!ReplyString(ctx, key)) return;
  Store(ctx, key, 2, ctx.access().DefaultDeadline(key));
  ctx.Notify(event_flags::kString, "set", key);
}

void GetDel(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  if (!ReplyString(ctx, key)) return;
  if (ctx.access().Remove(key, Departure::kDeleted)) {
    ctx.Notify(event_flags::kGeneric, "del", key);
  }
}

void GetEx(CommandContext& ctx) {
  ExpireOption expire;
  bool persist = false;
  for (size_t i = 2; i < ctx.argc(); ++i) {
    if (ctx.ArgIs(i, "persist")) {
      persist = true;
    } else if (!TakeExpireOption(ctx, &i, &expire)) {
      return ctx.SyntaxError();
    }
  }
  if (persist && expire.given) return ctx.SyntaxError();

  const Key& key = ctx.key(0);
  const Entry* entry = ReadKey(ctx, key);
  if (entry == nullptr) return ctx.reply().Null();
  if (!IsString(entry)) return ctx.WrongType();
  int64_t deadline = 0;
  if (expire.given && !ParseDeadline(ctx, expire.unit, expire.number, &deadline)) return;
  ctx.reply().Bulk(entry->string());
  if (expire.given && deadline <= ctx.now()) {
    ctx.access().Remove(key, Departure::kDeleted);
    ctx.Notify(event_flags::kGeneric, "del", key);
  } else if (expire.given) {
    ctx.access().SetDeadline(key, deadline);
    ctx.Notify(event_flags::kGeneric, "expire", key);
  } else if (persist && entry->has(Entry::kDeadline)) {
    ctx.access().SetDeadline(key, kNoDeadline);
    ctx.Notify(event_flags::kGeneric, "persist", key);
  }
}

// --- several keys ---

void MGet(CommandContext& ctx) {
  ctx.reply().Array(ctx.keys().size());
  for (const Key& key : ctx.keys()) {
    const Entry* entry = ReadKey(ctx, key);
    if (entry != nullptr && IsString(entry)) {
      ctx.reply().Bulk(entry->string());
    } else {
      ctx.reply().Null();
    }
  }
}

void StorePairs(CommandContext& ctx) {
  for (size_t i = 0; i < ctx.keys().size(); ++i) {
    const Key& key = ctx.key(i);
    Store(ctx, key, 2 * i + 2, ctx.access().DefaultDeadline(key));
    ctx.Notify(event_flags::kString, "set", key);
  }
}

void MSet(CommandContext& ctx) {
  if (ctx.argc() % 2 == 0) return WrongArity(ctx);
  StorePairs(ctx);
  ctx.reply().Ok();
}

void MSetNx(CommandContext& ctx) {
  if (ctx.argc() % 2 == 0) return WrongArity(ctx);
  for (const Key& key : ctx.keys()) {
    if (ctx.access().Use(key) != nullptr) return ctx.reply().Integer(0);
  }
  StorePairs(ctx);
  ctx.reply().Integer(1);
}

// --- numbers ---

// Puts the digits where `entry`'s string is (null: under a new key), which keeps its deadline.
void StoreNumber(CommandContext& ctx, const Key& key, Entry* entry, std::string_view digits) {
  if (entry == nullptr) {
    ctx.access().SetString(key, digits, ctx.access().DefaultDeadline(key));
    ctx.Notify(event_flags::kNew, "new", key);
  } else if (entry->string().size() <= digits.size()) {
    // Saves looking the key up again.
    ctx.access().EditString(key, entry, digits.size(),
                            [&](char* bytes) { std::memcpy(bytes, digits.data(), digits.size()); });
  } else {
    ctx.access().SetString(key, digits, Access::kKeepDeadline);
  }
}

void IncrementBy(CommandContext& ctx, int64_t increment) {
  const Key& key = ctx.key(0);
  Entry* entry = ctx.access().Use(key);
  int64_t value = 0;
  if (entry != nullptr) {
    if (!IsString(entry)) return ctx.WrongType();
    if (!ParseInt64(entry->string(), &value)) {
      return ctx.reply().Error("ERR value is not an integer or out of range");
    }
  }
  if (__builtin_add_overflow(value, increment, &value)) {
    return ctx.reply().Error("ERR increment or decrement would overflow");
  }
  char digits[kInt64TextSize];
  StoreNumber(ctx, key, entry, {digits, FormatInt64(value, digits)});
  ctx.Notify(event_flags::kString, "incrby", key);
  ctx.reply().Integer(value);
}

void Incr(CommandContext& ctx) { IncrementBy(ctx, 1); }
void Decr(CommandContext& ctx) { IncrementBy(ctx, -1); }

void IncrBy(CommandContext& ctx) {
  int64_t increment = 0;
  if (ctx.Integer(2, &increment)) IncrementBy(ctx, increment);
}

void DecrBy(CommandContext& ctx) {
  int64_t decrement = 0;
  if (!ctx.Integer(2, &decrement)) return;
  if (decrement == INT64_MIN) return ctx.reply().Error("ERR decrement would overflow");
  IncrementBy(ctx, -decrement);
}

void IncrByFloat(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  Entry* entry = ctx.access().Use(key);
  long double value = 0;
  long double increment = 0;
  if (entry != nullptr && !IsString(entry)) return ctx.WrongType();
  if ((entry != nullptr && !ParseLongDouble(entry->string(), &value)) ||
      !ParseLongDouble(ctx.arg(2), &increment)) {
    return ctx.reply().Error("ERR value is not a valid float");
  }
  value += increment;
  if (!std::isfinite(value)) {
    return ctx.reply().Error("ERR increment would produce NaN or Infinity");
  }
  const std::string digits = FormatLongDouble(value);
  StoreNumber(ctx, key, entry, digits);
  ctx.Notify(event_flags::kString, "incrbyfloat", key);
  ctx.reply().Bulk(digits);
}

// --- bytes ---

void Append(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  const std::string_view tail = ctx.arg(2);
  Entry* entry = ctx.access().Use(key);
  size_t size = tail.size();
  if (entry == nullptr) {
    Store(ctx, key, 2, ctx.access().DefaultDeadline(key));
  } else {
    if (!IsString(entry)) return ctx.WrongType();
    const size_t old_size = entry->string().size();
    size += old_size;
    if (!FitsBulk(ctx, size)) return;
    ctx.access().EditString(key, entry, size, [&](char* bytes) {
      if (!tail.empty()) std::memcpy(bytes + old_size, tail.data(), tail.size());
    });
  }
  ctx.Notify(event_flags::kString, "append", key);
  ctx.reply().Integer(static_cast<int64_t>(size));
}

// Overwrites a part of the string, which grows with zero bytes up to it.
void SetRange(CommandContext& ctx) {
  int64_t offset = 0;
  if (!ctx.Integer(2, &offset)) return;
  if (offset < 0) return ctx.reply().Error("ERR offset is out of range");
  const Key& key = ctx.key(0);
  const std::string_view patch = ctx.arg(3);
  Entry* entry = ctx.access().Use(key);
  if (entry != nullptr && !IsString(entry)) return ctx.WrongType();
  size_t size = entry == nullptr ? 0 : entry->string().size();
  if (patch.empty()) return ctx.reply().Integer(static_cast<int64_t>(size));
  const auto start = static_cast<size_t>(offset);
  size = std::max(size, start + patch.size());
  if (!FitsBulk(ctx, size)) return;
  EditOrStore(ctx, key, entry, size,
              [&](char* bytes) { std::memcpy(bytes + start, patch.data(), patch.size()); });
  ctx.Notify(event_flags::kString, "setrange", key);
  ctx.reply().Integer(static_cast<int64_t>(size));
}

void StrLen(CommandContext& ctx) {
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Integer(0);
  if (!IsString(entry)) return ctx.WrongType();
  ctx.reply().Integer(static_cast<int64_t>(entry->string().size()));
}

void GetRange(CommandContext& ctx) {
  int64_t start = 0;
  int64_t end = 0;
  if (!ctx.Integer(2, &start) || !ctx.Integer(3, &end)) return;
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Bulk({});
  if (!IsString(entry)) return ctx.WrongType();
  const std::string_view text = entry->string();
  const auto size = static_cast<int64_t>(text.size());
  // Tells an empty range before both ends are cut to the same byte.
  if (start < 0 && end < 0 && start > end) return ctx.reply().Bulk({});
  if (start < 0) start = std::max<int64_t>(start + size, 0);
  if (end < 0) end = std::max<int64_t>(end + size, 0);
  end = std::min(end, size - 1);
  if (start > end) return ctx.reply().Bulk({});
  ctx.reply().Bulk(text.substr(static_cast<size_t>(start), static_cast<size_t>(end - start + 1)));
}

using command_flag::kDenyOom;
using command_flag::kFast;
using command_flag::kReadonly;
using command_flag::kSpans;
using command_flag::kWrite;

// Only to reply with it.
bool SetReadsValue(std::span<const std::string_view> args) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (WordIs(args[i], "get")) return true;
  }
  return false;
}

constexpr KeySpec kGetKey = {.first = 1, .last = 1, .use = KeyUse::kRead, .what = "access"};
constexpr KeySpec kSetKey = {.first = 1,
                             .last = 1,
                             .use = KeyUse::kReadWrite,
                             .what = "access update variable_flags",
                             .reads = SetReadsValue,
                             .notes = "RW and ACCESS due to the optional `GET` argument"};
constexpr KeySpec kCreatedKey = {
    .first = 1, .last = 1, .use = KeyUse::kOverwrite, .what = "insert", .reads = kNeedsNoValues};
constexpr KeySpec kOverwrittenKey = {
    .first = 1, .last = 1, .use = KeyUse::kOverwrite, .what = "update", .reads = kNeedsNoValues};
constexpr KeySpec kChangedKey = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "access update"};
constexpr KeySpec kProlongedKey = {.first = 1,
                                   .last = 1,
                                   .use = KeyUse::kReadWrite,
                                   .what = "access update",
                                   .notes = "RW and UPDATE because it changes the TTL"};
constexpr KeySpec kTakenKey = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "access delete"};
constexpr KeySpec kEachKey = {.first = 1, .last = -1, .use = KeyUse::kRead, .what = "access"};
constexpr KeySpec kEachPairKey = {.first = 1,
                                  .last = -1,
                                  .step = 2,
                                  .use = KeyUse::kOverwrite,
                                  .what = "update",
                                  .reads = kNeedsNoValues};
constexpr KeySpec kEachNewPairKey = {.first = 1,
                                     .last = -1,
                                     .step = 2,
                                     .use = KeyUse::kOverwrite,
                                     .what = "insert",
                                     .reads = kNeedsNoValues};
constexpr KeySpec kAppendedKey = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "insert"};
constexpr KeySpec kPatchedKey = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "update"};
constexpr KeySpec kMeasuredKey = {.first = 1, .last = 1, .use = KeyUse::kRead};

// A member a line would hide the rows.
// clang-format off
constexpr Command kCommands[] = {
    {.name = "get", .arity = 2, .flags = kReadonly | kFast, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kGetKey}, .since = "1.0.0",
     .summary = "Get the value of a key", .syntax = "key", .reply = "bulk|nil", .handler = Get},
    {.name = "set", .arity = -3, .flags = kWrite | kDenyOom, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kSetKey}, .since = "1.0.0",
     .summary = "Set the string value of a key",
     .syntax = "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds "
         "| PXAT unix-time-milliseconds | KEEPTTL]", .reply = "simple|bulk|nil", .handler = Set},
    {.name = "setnx", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kCreatedKey},
     .since = "1.0.0", .summary = "Set the value of a key, only if the key does not exist",
     .syntax = "key value", .reply = "integer", .handler = SetNx},
    {.name = "setex", .arity = 4, .flags = kWrite | kDenyOom, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kOverwrittenKey}, .since = "2.0.0",
     .summary = "Set the value and expiration of a key", .syntax = "key seconds value",
     .reply = "simple", .handler = SetEx<ExpireUnit::kSeconds>},
    {.name = "psetex", .arity = 4, .flags = kWrite | kDenyOom, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kOverwrittenKey}, .since = "2.6.0",
     .summary = "Set the value and expiration in milliseconds of a key",
     .syntax = "key milliseconds value", .reply = "simple", .handler = SetEx<ExpireUnit::kMillis>},
    {.name = "getset", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kChangedKey},
     .since = "1.0.0", .summary = "Set the string value of a key and return its old value",
     .syntax = "key value", .reply = "bulk|nil", .handler = GetSet, .deprecated_since = "6.2.0",
     .replaced_by = "`SET` with the `!GET` argument"},
    {.name = "getdel", .arity = 2, .flags = kWrite | kFast, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kTakenKey}, .since = "6.2.0",
     .summary = "Get the value of a key and delete the key", .syntax = "key", .reply = "bulk|nil",
     .handler = GetDel},
    {.name = "getex", .arity = -2, .flags = kWrite | kFast, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kProlongedKey}, .since = "6.2.0",
     .summary = "Get the value of a key and optionally set its expiration",
     .syntax = "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
         "unix-time-milliseconds | PERSIST]", .reply = "bulk|nil", .handler = GetEx},
    {.name = "mget", .arity = -2, .flags = kReadonly | kFast | kSpans,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kEachKey}, .since = "1.0.0",
     .summary = "Get the values of all the given keys", .syntax = "key [key ...]", .reply = "array",
     .handler = MGet},
    {.name = "mset", .arity = -3, .flags = kWrite | kDenyOom | kSpans,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kEachPairKey},
     .since = "1.0.1", .summary = "Set multiple keys to multiple values",
     .syntax = "key value [key value ...]", .reply = "simple", .handler = MSet},
    {.name = "msetnx", .arity = -3, .flags = kWrite | kDenyOom, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kEachNewPairKey}, .since = "1.0.1",
     .summary = "Set multiple keys to multiple values, only if none of the keys exist",
     .syntax = "key value [key value ...]", .reply = "integer", .handler = MSetNx},
    {.name = "incr", .arity = 2, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kChangedKey},
     .since = "1.0.0", .summary = "Increment the integer value of a key by one", .syntax = "key",
     .reply = "integer", .handler = Incr},
    {.name = "incrby", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kChangedKey},
     .since = "1.0.0", .summary = "Increment the integer value of a key by the given amount",
     .syntax = "key increment", .reply = "integer", .handler = IncrBy},
    {.name = "decr", .arity = 2, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kChangedKey},
     .since = "1.0.0", .summary = "Decrement the integer value of a key by one", .syntax = "key",
     .reply = "integer", .handler = Decr},
    {.name = "decrby", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kChangedKey},
     .since = "1.0.0", .summary = "Decrement the integer value of a key by the given number",
     .syntax = "key decrement", .reply = "integer", .handler = DecrBy},
    {.name = "incrbyfloat", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kChangedKey},
     .since = "2.6.0", .summary = "Increment the float value of a key by the given amount",
     .syntax = "key increment", .reply = "bulk", .handler = IncrByFloat},
    {.name = "append", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kAppendedKey},
     .since = "2.0.0", .summary = "Append a value to a key", .syntax = "key value",
     .reply = "integer", .handler = Append},
    {.name = "strlen", .arity = 2, .flags = kReadonly | kFast, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kMeasuredKey}, .since = "2.2.0",
     .summary = "Get the length of the value stored in a key", .syntax = "key", .reply = "integer",
     .handler = StrLen},
    {.name = "getrange", .arity = 4, .flags = kReadonly, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kGetKey}, .since = "2.4.0",
     .summary = "Get a substring of the string stored at a key", .syntax = "key start end",
     .reply = "bulk", .handler = GetRange},
    {.name = "substr", .arity = 4, .flags = kReadonly, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kGetKey}, .since = "1.0.0",
     .summary = "Get a substring of the string stored at a key", .syntax = "key start end",
     .reply = "bulk", .handler = GetRange, .deprecated_since = "2.0.0",
     .replaced_by = "`GETRANGE`"},
    {.name = "setrange", .arity = 4, .flags = kWrite | kDenyOom, .categories = category::kString,
     .scope = Scope::kKeys, .keys = {kPatchedKey}, .since = "2.2.0",
     .summary = "Overwrite part of a string at key starting at the specified offset",
     .syntax = "key offset value", .reply = "integer", .handler = SetRange},
};
// clang-format on

}  // namespace

std::span<const Command> StringCommands() { return kCommands; }

}  // namespace replete
