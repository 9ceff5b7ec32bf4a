// Keys whatever they hold, and whole keyspaces.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "core/types/glob.h"
#include "core/types/number.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"

namespace replete {
namespace {

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return "string";
    case ValueType::kList:
      return "list";
    case ValueType::kHash:
      return "hash";
  }
  return "none";
}

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

// --- whole keyspaces ---

void DbSize(CommandContext& ctx) {
  ctx.reply().Integer(static_cast<int64_t>(ctx.client().keyspace->size()));
}

// ASYNC and SYNC mean the same here: what is cleared is freed by a worker, and is gone with the
// reply.
bool FlushWordsAreRight(CommandContext& ctx) {
  if (ctx.argc() == 1) return true;
  if (ctx.argc() == 2 && (ctx.ArgIs(1, "async") || ctx.ArgIs(1, "sync"))) return true;
  ctx.SyntaxError();
  return false;
}

void FlushDb(CommandContext& ctx) {
  if (!FlushWordsAreRight(ctx)) return;
  ctx.access().ClearKeyspace(ctx.keyspace());
  ctx.reply().Ok();
}

void FlushAll(CommandContext& ctx) {
  if (!FlushWordsAreRight(ctx)) return;
  for (const auto& keyspace : ctx.flushed()) ctx.access().ClearKeyspace(*keyspace);
  ctx.reply().Ok();
}

// A few looks at a random place; where most that is there has expired, whatever is alive.
const Entry* RandomEntry(CommandContext& ctx) {
  thread_local std::mt19937_64 random(std::random_device{}());
  constexpr int kLooks = 64;
  Keyspace& keyspace = ctx.keyspace();
  const size_t size = keyspace.size();
  if (size == 0) return nullptr;
  std::vector<const Entry*> near;
  const auto add_live = [&](const Entry* entry) {
    if (entry->deadline() > ctx.now()) near.push_back(entry);
  };
  for (int look = 0; look < kLooks && near.empty(); ++look) {
    // A shard as often as it has entries, then a place in the order of hashes.
    uint64_t nth = random() % size;
    size_t i = 0;
    while (i + 1 < keyspace.shards() && nth >= keyspace.shard(i).size()) {
      nth -= keyspace.shard(i++).size();
    }
    keyspace.shard(i).data.table.ForEachNear(random(), add_live);
  }
  for (size_t i = 0; i < keyspace.shards() && near.empty(); ++i) {
    keyspace.shard(i).data.table.ForEach(add_live);
  }
  return near.empty() ? nullptr : near[random() % near.size()];
}

void RandomKey(CommandContext& ctx) {
  const Entry* entry = RandomEntry(ctx);
  if (entry == nullptr) return ctx.reply().Null();
  ctx.reply().Bulk(entry->key());
}

// --- SCAN, KEYS ---

// As strtoul takes it: a sign is fine, so is no digit at all, and what is negative wraps around.
bool ParseCursor(std::string_view text, uint64_t* cursor) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.empty()) return false;
  }
  while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
  uint64_t value = 0;
  if (!text.empty() && !ParseUint64(text, &value)) return false;
  *cursor = negative ? uint64_t{0} - value : value;
  return true;
}

struct ScanOptions {
  // 0: not given.
  size_t pattern = 0;
  size_t type = 0;
  int64_t count = 10;
};

// False: an error has been replied.
bool ParseScanOptions(CommandContext& ctx, ScanOptions* options) {
  for (size_t i = 2; i < ctx.argc(); i += 2) {
    const bool has_value = i + 1 < ctx.argc();
    if (has_value && ctx.ArgIs(i, "count")) {
      if (!ctx.Integer(i + 1, &options->count)) return false;
      if (options->count < 1) {
        ctx.SyntaxError();
        return false;
      }
    } else if (has_value && ctx.ArgIs(i, "match")) {
      options->pattern = MatchesEverything(ctx.arg(i + 1)) ? 0 : i + 1;
    } else if (has_value && ctx.ArgIs(i, "type")) {
      options->type = i + 1;
    } else {
      ctx.SyntaxError();
      return false;
    }
  }
  return true;
}

// One step over the keyspace in hash order: calls fn(entry) for about `want` entries and returns
// the cursor to go on with, 0 at the end.
//
// A cursor counts through all shards, the shard's number in its leading bits; a shard's table
// counts its own part of the hashes in as many steps as there are cursors. Scaling down loses
// nothing: tables stop at multiples of 2^(36 - depth), and depth and shard bits together stay
// below 36.
template <class Fn>
uint64_t ScanKeyspace(const Keyspace& keyspace, uint64_t cursor, size_t want, Fn&& fn) {
  constexpr unsigned kCursorBits = 52;
  static_assert(EntryTable::kScanEnd == uint64_t{1} << kCursorBits);
  if (cursor >= EntryTable::kScanEnd) return 0;
  const unsigned bits = keyspace.shard_bits();
  uint64_t shard = cursor >> (kCursorBits - bits);
  uint64_t position = (cursor << bits) & (EntryTable::kScanEnd - 1);
  for (size_t given = 0; given < want && shard < keyspace.shards();) {
    position = keyspace.shard(shard).data.table.Scan(position, want - given, [&](Entry* entry) {
      ++given;
      fn(entry);
    });
    if (position >= EntryTable::kScanEnd) {
      ++shard;
      position = 0;
    }
  }
  if (shard == keyspace.shards()) return 0;
  return shard << (kCursorBits - bits) | position >> bits;
}

// One step looks at so many entries on a loop.
bool ScansFar(CommandContext& ctx) {
  constexpr int64_t kMost = 10000;
  for (size_t i = 2; i + 1 < ctx.argc(); ++i) {
    int64_t count = 0;
    if (ctx.ArgIs(i, "count") && ParseInt64(ctx.arg(i + 1), &count) && count > kMost) return true;
  }
  return false;
}

void Scan(CommandContext& ctx) {
  uint64_t cursor = 0;
  if (!ParseCursor(ctx.arg(1), &cursor)) return ctx.reply().Error("ERR invalid cursor");
  ScanOptions options;
  if (!ParseScanOptions(ctx, &options)) return;
  // More than a table's arithmetic takes are all there can be.
  const auto want = static_cast<size_t>(std::min<int64_t>(options.count, 1 << 30));
  std::vector<std::string_view> found;
  found.reserve(std::min<size_t>(want + want / 4, 1024));
  cursor = ScanKeyspace(ctx.keyspace(), cursor, want, [&](const Entry* entry) {
    if (entry->deadline() <= ctx.now()) return;
    if (options.pattern != 0 && !GlobMatch(ctx.arg(options.pattern), entry->key())) return;
    if (options.type != 0 && !ctx.ArgIs(options.type, TypeName(entry->type()))) return;
    found.push_back(entry->key());
  });
  char digits[kInt64TextSize];
  ctx.reply().Array(2);
  ctx.reply().Bulk({digits, FormatInt64(static_cast<int64_t>(cursor), digits)});
  ctx.reply().Array(found.size());
  for (std::string_view key : found) ctx.reply().Bulk(key);
}

void Keys(CommandContext& ctx) {
  Keyspace& keyspace = ctx.keyspace();
  const std::string_view pattern = ctx.arg(1);
  if (IsLiteralPattern(pattern)) {
    const bool found = ctx.access().Peek(ResolveKey(keyspace, pattern)) != nullptr;
    ctx.reply().Array(found ? 1 : 0);
    if (found) ctx.reply().Bulk(pattern);
    return;
  }
  const bool all = MatchesEverything(pattern);
  const size_t start = ctx.reply().DeferArray();
  size_t found = 0;
  for (size_t i = 0; i < keyspace.shards(); ++i) {
    keyspace.shard(i).data.table.ForEach([&](const Entry* entry) {
      if (!all && !GlobMatch(pattern, entry->key())) return;
      if (entry->deadline() <= ctx.now()) return;
      ctx.reply().Bulk(entry->key());
      ++found;
    });
  }
  ctx.reply().FinishArray(start, found);
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
     .syntax = "key [key ...]", .reply = "integer", .handler = Del},
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
    {.name = "dbsize", .arity = 1, .flags = kReadonly | kFast, .categories = category::kKeyspace,
     .scope = Scope::kNone, .keys = {}, .since = "1.0.0",
     .summary = "Return the number of keys in the selected database", .syntax = "",
     .reply = "integer", .handler = DbSize},
    {.name = "flushdb", .arity = -1, .flags = kWrite,
     .categories = category::kKeyspace | category::kDangerous, .scope = Scope::kKeyspace,
     .keys = {}, .since = "1.0.0", .summary = "Remove all keys from the current database",
     .syntax = "[ASYNC | SYNC]", .reply = "simple", .handler = FlushDb},
    {.name = "flushall", .arity = -1, .flags = kWrite,
     .categories = category::kKeyspace | category::kDangerous, .scope = Scope::kFlush, .keys = {},
     .since = "1.0.0", .summary = "Remove all keys from all databases", .syntax = "[ASYNC | SYNC]",
     .reply = "simple", .handler = FlushAll},
    {.name = "randomkey", .arity = 1, .flags = kReadonly, .categories = category::kKeyspace,
     .scope = Scope::kKeyspace, .keys = {}, .since = "1.0.0",
     .summary = "Return a random key from the keyspace", .syntax = "", .reply = "bulk|nil",
     .handler = RandomKey},
    {.name = "scan", .arity = -2, .flags = kReadonly | kLong, .categories = category::kKeyspace,
     .scope = Scope::kKeyspace, .keys = {}, .since = "2.8.0",
     .summary = "Incrementally iterate the keys space",
     .syntax = "cursor [MATCH pattern] [COUNT count] [TYPE type]", .reply = "array",
     .handler = Scan, .is_long = ScansFar},
    {.name = "keys", .arity = 2, .flags = kReadonly | kLong,
     .categories = category::kKeyspace | category::kDangerous, .scope = Scope::kKeyspace,
     .keys = {}, .since = "1.0.0", .summary = "Find all keys matching the given pattern",
     .syntax = "pattern", .reply = "array", .handler = Keys},
};
// clang-format on

}  // namespace

std::span<const Command> KeyCommands() { return kCommands; }

}  // namespace replete
