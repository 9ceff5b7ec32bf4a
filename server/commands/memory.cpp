// MEMORY: what keys take.
#include "server/command_description.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/server.h"

namespace replete {
namespace {

// Bytes of the entry with its value, and its share of the table that it stands in. Exact: values
// know their size, so that SAMPLES has nothing to do.
void MemoryUsage(CommandContext& ctx) {
  for (size_t i = 3; i < ctx.argc(); i += 2) {
    int64_t samples = 0;
    if (!ctx.ArgIs(i, "samples") || i + 1 == ctx.argc()) return ctx.SyntaxError();
    if (!ctx.Integer(i + 1, &samples)) return;
    if (samples < 0) return ctx.SyntaxError();
  }
  const Key& key = ctx.key(0);
  const Entry* entry = ctx.access().Peek(key);
  if (entry == nullptr) return ctx.reply().Null();
  const EntryTable& table = key.shard->data.table;
  ctx.reply().Integer(static_cast<int64_t>(entry->bytes() + table.bytes() / table.size()));
}

void MemoryHelp(CommandContext& ctx) {
  WriteHelp(ctx.reply(), *ctx.server().commands().Find(ctx.arg(0)));
}

constexpr KeySpec kMeasured = {.first = 2, .last = 2, .use = KeyUse::kRead};

// A member a line would hide the rows.
// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "usage", .arity = -3, .flags = command_flag::kReadonly, .categories = 0,
     .scope = Scope::kKeys, .keys = {kMeasured}, .since = "4.0.0",
     .summary = "Estimate the memory usage of a key", .syntax = "key [SAMPLES count]",
     .reply = "integer|nil", .handler = MemoryUsage},
    {.name = "help", .arity = 2, .flags = command_flag::kLoading | command_flag::kStale,
     .categories = 0, .scope = Scope::kNone, .keys = {}, .since = "4.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = MemoryHelp},
};

constexpr Command kCommands[] = {
    {.name = "memory", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "4.0.0", .summary = "A container for memory diagnostics commands",
     .syntax = "", .reply = "", .handler = nullptr, .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> MemoryCommands() { return kCommands; }

}  // namespace replete
