// Whole databases: how many keys, none any more, the other one's.
#include <fmt/format.h>

#include <limits>

#include "core/types/number.h"
#include "server/command_context.h"
#include "server/commands/groups.h"

namespace replete {
namespace {

// Where there is no limit, nobody can see more entries than it allows: one counter tells. Otherwise
// the shards do, whose numbers are told only when there is room again.
void DbSize(CommandContext& ctx) {
  const Keyspace& keyspace = *ctx.client().keyspace;
  const bool bounded = keyspace.limited();
  const auto entries = bounded ? static_cast<int64_t>(keyspace.size())
                               : keyspace.entry_count().load(std::memory_order_relaxed);
  ctx.reply().Integer(entries);
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
  for (const auto& keyspace : ctx.keyspaces()) ctx.access().ClearKeyspace(*keyspace);
  ctx.reply().Ok();
}

// The number of a database; false: an error has been replied.
bool DatabaseNumber(CommandContext& ctx, size_t i, std::string_view which) {
  int64_t number = 0;
  using Limits = std::numeric_limits<int32_t>;
  if (ParseInt64(ctx.arg(i), &number) && number >= Limits::min() && number <= Limits::max())
    return true;
  ctx.reply().Error(fmt::format("ERR invalid {} DB index", which));
  return false;
}

void SwapDb(CommandContext& ctx) {
  if (!DatabaseNumber(ctx, 1, "first") || !DatabaseNumber(ctx, 2, "second")) return;
  if (ctx.keyspaces().size() != 2) return ctx.reply().Error("ERR DB index is out of range");
  Keyspace& a = *ctx.keyspaces()[0];
  Keyspace& b = *ctx.keyspaces()[1];
  for (const Keyspace* keyspace : {&a, &b}) {
    // Its limits, its policy and its tier are the namespace's, not its entries'.
    if (!keyspace->numbered()) {
      return ctx.reply().Error(
          fmt::format("ERR database {} belongs to namespace '{}' and cannot be swapped",
                      keyspace->database(), keyspace->name()));
    }
  }
  if (a.tier() != b.tier()) {
    return ctx.reply().Error(
        "ERR one of the databases is on disk, the other is not: they cannot be swapped");
  }
  if (&a != &b) ctx.access().SwapKeyspaces(a, b);
  ctx.reply().Ok();
}

using command_flag::kFast;
using command_flag::kReadonly;
using command_flag::kWrite;

// clang-format off
constexpr Command kCommands[] = {
    {.name = "dbsize", .arity = 1, .flags = kReadonly | kFast, .categories = category::kKeyspace,
     .scope = Scope::kNone, .keys = {}, .since = "1.0.0",
     .summary = "Return the number of keys in the selected database", .syntax = "",
     .reply = "integer", .handler = DbSize},
    {.name = "flushdb", .arity = -1, .flags = kWrite,
     .categories = category::kKeyspace | category::kDangerous, .scope = Scope::kKeyspace,
     .keys = {}, .since = "1.0.0", .summary = "Remove all keys from the current database",
     .syntax = "[ASYNC | SYNC]", .reply = "simple", .handler = FlushDb,
     .differs = "SYNC and ASYNC are the same: all keys are gone with the reply, and their "
         "memory is freed by another thread."},
    {.name = "flushall", .arity = -1, .flags = kWrite,
     .categories = category::kKeyspace | category::kDangerous, .scope = Scope::kFlush, .keys = {},
     .since = "1.0.0", .summary = "Remove all keys from all databases", .syntax = "[ASYNC | SYNC]",
     .reply = "simple", .handler = FlushAll,
     .differs = "SYNC and ASYNC are the same, as for FLUSHDB. Named namespaces are cleared "
         "where their setting `flushall` says so."},
    {.name = "swapdb", .arity = 3, .flags = kWrite | kFast,
     .categories = category::kKeyspace | category::kDangerous, .scope = Scope::kDatabases,
     .keys = {}, .since = "4.0.0", .summary = "Swaps two Redis databases",
     .syntax = "index1 index2", .reply = "simple", .handler = SwapDb,
     .differs = "A database whose number belongs to a named namespace is not swapped, nor one on "
         "disk with one in memory."},
};
// clang-format on

}  // namespace

std::span<const Command> DatabaseCommands() { return kCommands; }

}  // namespace replete
