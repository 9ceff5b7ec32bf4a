// What is in a keyspace: SCAN, KEYS, RANDOMKEY.
#include <algorithm>
#include <random>
#include <span>
#include <vector>

#include "core/types/glob.h"
#include "core/types/number.h"
#include "server/command_context.h"
#include "server/commands/groups.h"

namespace replete {
namespace {

std::mt19937_64& Random() {
  thread_local std::mt19937_64 random(std::random_device{}());
  return random;
}

// One of them, each as often as it has entries.
Shard* RandomShard(std::span<Shard* const> shards) {
  size_t entries = 0;
  for (const Shard* shard : shards) entries += shard->size();
  if (entries == 0) return shards.front();
  size_t nth = Random()() % entries;
  for (Shard* shard : shards) {
    if (nth < shard->size()) return shard;
    nth -= shard->size();
  }
  return shards.back();
}

void ChooseRandomShard(const Keyspace& keyspace, std::span<const std::string_view>,
                       std::vector<Shard*>* shards) {
  for (size_t i = 0; i < keyspace.shards(); ++i) shards->push_back(&keyspace.shard(i));
  *shards = {RandomShard(*shards)};
}

// One of them that is alive, or null.
const Entry* RandomAlive(CommandContext& ctx, std::vector<const Entry*>* entries) {
  while (!entries->empty()) {
    const Entry*& chosen = (*entries)[Random()() % entries->size()];
    if (chosen->deadline() > ctx.now()) return chosen;
    chosen = entries->back();
    entries->pop_back();
  }
  return nullptr;
}

// A few looks at a random place, then whatever is alive.
const Entry* RandomEntry(CommandContext& ctx) {
  constexpr size_t kLooks = 64;
  std::vector<const Entry*> near;
  near.reserve(16);
  // They are only named here: each would be a wait for memory.
  const auto add = [&near](const Entry* entry) { near.push_back(entry); };
  for (size_t look = 0; look < kLooks; ++look) {
    const Shard* shard = RandomShard(ctx.shards());
    shard->data.table.ForEachNear(Random()(), add, true);
    if (const Entry* entry = RandomAlive(ctx, &near)) return entry;
  }
  for (const Shard* shard : ctx.shards()) {
    // In steps: all but a few have expired, and the first that has not is enough.
    for (uint64_t at = 0; at < EntryTable::kScanEnd;) {
      at = shard->data.table.Scan(at, kLooks, add);
      if (const Entry* entry = RandomAlive(ctx, &near)) return entry;
    }
  }
  return nullptr;
}

// One shard mostly has something that is alive.
void RandomKey(CommandContext& ctx) {
  const Entry* entry = RandomEntry(ctx);
  if (entry != nullptr) return ctx.reply().Bulk(entry->key());
  if (ctx.shards().size() < ctx.keyspace().shards()) return ctx.WantAllShards();
  ctx.reply().Null();
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
constexpr unsigned kCursorBits = 52;
static_assert(EntryTable::kScanEnd == uint64_t{1} << kCursorBits);

// The cursor's place: a shard, and how far in it.
struct ScanPlace {
  size_t shard;
  uint64_t position;
};

// `cursor` is below kScanEnd.
ScanPlace PlaceOf(const Keyspace& keyspace, uint64_t cursor) {
  const unsigned bits = keyspace.shard_bits();
  return {cursor >> (kCursorBits - bits), (cursor << bits) & (EntryTable::kScanEnd - 1)};
}

// `shards` are locked: the cursor's and those that follow it.
template <class Fn>
uint64_t ScanKeyspace(const Keyspace& keyspace, std::span<Shard* const> shards, uint64_t cursor,
                      size_t want, Fn&& fn) {
  if (cursor >= EntryTable::kScanEnd || shards.empty()) return 0;
  const unsigned bits = keyspace.shard_bits();
  auto [shard, position] = PlaceOf(keyspace, cursor);
  const size_t end = shards.back()->index() + size_t{1};
  for (size_t given = 0; given < want && shard < end;) {
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

// The largest COUNT given, whatever else the arguments are; at least what holds without one.
int64_t CountAsked(std::span<const std::string_view> args) {
  int64_t most = ScanOptions().count;
  for (size_t i = 2; i + 1 < args.size(); ++i) {
    int64_t count = 0;
    if (WordIs(args[i], "count") && ParseInt64(args[i + 1], &count)) most = std::max(most, count);
  }
  return most;
}

// One step looks at so many entries on a loop.
constexpr int64_t kMostOnLoop = 10000;

bool ScansFar(CommandContext& ctx) { return CountAsked(ctx.args()) > kMostOnLoop; }

// The cursor's shard, and as many of the next as it takes for COUNT entries. They may come out
// fewer: a step need not give as many as it was asked for.
void ChooseScanned(const Keyspace& keyspace, std::span<const std::string_view> args,
                   std::vector<Shard*>* shards) {
  const int64_t count = CountAsked(args);
  uint64_t cursor = 0;
  if (!ParseCursor(args[1], &cursor) || cursor >= EntryTable::kScanEnd) return;
  const ScanPlace place = PlaceOf(keyspace, cursor);
  const double share = 1 - static_cast<double>(place.position) / double{EntryTable::kScanEnd};
  double expected = share * static_cast<double>(keyspace.shard(place.shard).size());
  shards->push_back(&keyspace.shard(place.shard));
  for (size_t i = place.shard + 1; i < keyspace.shards(); ++i) {
    // A worker finds the same shards again, whatever has come and gone.
    if (count <= kMostOnLoop && expected >= static_cast<double>(count)) break;
    shards->push_back(&keyspace.shard(i));
    expected += static_cast<double>(keyspace.shard(i).size());
  }
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
  cursor = ScanKeyspace(ctx.keyspace(), ctx.shards(), cursor, want, [&](const Entry* entry) {
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
  for (const Shard* shard : ctx.shards()) {
    shard->data.table.ForEach([&](const Entry* entry) {
      if (!all && !GlobMatch(pattern, entry->key())) return;
      if (entry->deadline() <= ctx.now()) return;
      ctx.reply().Bulk(entry->key());
      ++found;
    });
  }
  ctx.reply().FinishArray(start, found);
}

using command_flag::kLong;
using command_flag::kReadonly;

// clang-format off
constexpr Command kCommands[] = {
    {.name = "scan", .arity = -2, .flags = kReadonly | kLong, .categories = category::kKeyspace,
     .scope = Scope::kKeyspace, .keys = {}, .since = "2.8.0",
     .summary = "Incrementally iterate the keys space",
     .syntax = "cursor [MATCH pattern] [COUNT count] [TYPE type]", .reply = "array",
     .handler = Scan, .is_long = ScansFar, .choose = ChooseScanned,
     .differs = "The order, and how many keys a step gives, are its own."},
    {.name = "keys", .arity = 2, .flags = kReadonly | kLong,
     .categories = category::kKeyspace | category::kDangerous, .scope = Scope::kKeyspace,
     .keys = {}, .since = "1.0.0", .summary = "Find all keys matching the given pattern",
     .syntax = "pattern", .reply = "array", .handler = Keys},
    {.name = "randomkey", .arity = 1, .flags = kReadonly, .categories = category::kKeyspace,
     .scope = Scope::kKeyspace, .keys = {}, .since = "1.0.0",
     .summary = "Return a random key from the keyspace", .syntax = "", .reply = "bulk|nil",
     .handler = RandomKey, .choose = ChooseRandomShard},
};
// clang-format on

}  // namespace

std::span<const Command> ScanCommands() { return kCommands; }

}  // namespace replete
