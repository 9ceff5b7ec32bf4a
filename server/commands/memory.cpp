// MEMORY: what keys, namespaces and the process take.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/keyspace/allocator.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
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

struct Figure {
  std::string name;
  uint64_t value;
};

uint64_t AllocatorFigure(const char* name) {
#if REPLETE_JEMALLOC
  size_t value = 0;
  size_t size = sizeof value;
  if (mallctl(name, &value, &size, nullptr, 0) == 0) return value;
#else
  (void)name;
#endif
  return 0;
}

void MemoryStats(CommandContext& ctx) {
  Server& server = ctx.server();
  const auto map = server.namespaces().Current();
  const auto used = static_cast<uint64_t>(std::max<int64_t>(0, server.memory_limit().used()));
  const auto dataset = static_cast<uint64_t>(std::max<int64_t>(0, server.memory().used()));
  uint64_t keys = 0;
  uint64_t clients = 0;
  server.ForEachClient([&](const ClientInfo& info) {
    clients += info.query_buffer.load(std::memory_order_relaxed) +
               info.query_buffer_free.load(std::memory_order_relaxed) +
               info.queued_bytes.load(std::memory_order_relaxed) +
               info.output_buffer.load(std::memory_order_relaxed) + info.session_bytes;
  });
  std::vector<Figure> spaces;
  const auto add = [&](std::string name, const Keyspace& keyspace) {
    keys += keyspace.size();
    if (keyspace.size() > 0) spaces.push_back({std::move(name), keyspace.bytes()});
  };
  for (const auto& keyspace : map->databases) {
    if (keyspace->numbered()) add(fmt::format("db.{}", keyspace->database()), *keyspace);
  }
  for (const auto& [name, keyspace] : map->named) add(fmt::format("ns.{}", name), *keyspace);
  std::vector<Figure> figures = {{"peak.allocated", std::max(used, server.memory_limit().Peak())},
                                 {"total.allocated", used},
                                 {"clients.normal", clients}};
  figures.insert(figures.end(), spaces.begin(), spaces.end());
  figures.push_back({"overhead.total", used - std::min(used, dataset)});
  figures.push_back({"keys.count", keys});
  figures.push_back({"keys.bytes-per-key", keys == 0 ? 0 : dataset / keys});
  figures.push_back({"dataset.bytes", dataset});
  figures.push_back({"allocator.allocated", AllocatorFigure("stats.allocated")});
  figures.push_back({"allocator.active", AllocatorFigure("stats.active")});
  figures.push_back({"allocator.resident", AllocatorFigure("stats.resident")});
  ctx.reply().Map(figures.size());
  for (const Figure& figure : figures) {
    ctx.reply().Bulk(figure.name);
    ctx.reply().Integer(static_cast<int64_t>(figure.value));
  }
}

void MemoryDoctor(CommandContext& ctx) {
  Server& server = ctx.server();
  const int64_t held = server.memory().used();
  const int64_t lost = server.memory_limit().lost();
  const int64_t limit = server.memory_limit().limit();
  std::string text;
  if (held > (int64_t{5} << 20) && lost > held / 2) {
    text += fmt::format(
        "The allocator loses {} bytes in pages that {} bytes of data do not fill: many entries "
        "have "
        "gone of sizes that are not stored any more. New entries of these sizes fill them.\n",
        lost, held);
  }
  if (limit > 0 && server.memory_limit().used() > limit) {
    text += fmt::format("{} bytes are used of maxmemory {}: ", server.memory_limit().used(), limit);
    text +=
        ctx.config().maxmemory_policy == EvictionPolicy::kNone
            ? "nothing of the numbered databases may be evicted (maxmemory-policy noeviction).\n"
            : "they are being evicted, or what is left may not be.\n";
  }
  if (text.empty()) text = "No problem was found.\n";
  ctx.reply().Verbatim("txt", text);
}

// Gives what the allocator keeps for later back to the system.
void MemoryPurge(CommandContext& ctx) {
#if REPLETE_JEMALLOC
  const std::string all = fmt::format("arena.{}.purge", MALLCTL_ARENAS_ALL);
  if (mallctl(all.c_str(), nullptr, nullptr, nullptr, 0) != 0) {
    return ctx.reply().Error("ERR Error purging dirty pages");
  }
#else
  malloc_trim(0);
#endif
  ctx.reply().Ok();
}

void MemoryMallocStats(CommandContext& ctx) {
#if REPLETE_JEMALLOC
  std::string text;
  malloc_stats_print(
      [](void* to, const char* part) { static_cast<std::string*>(to)->append(part); }, &text,
      nullptr);
  ctx.reply().Verbatim("txt", text);
#else
  ctx.reply().Bulk("Stats not supported for the current allocator");
#endif
}

constexpr KeySpec kMeasured = {.first = 2, .last = 2, .use = KeyUse::kRead};

// A member a line would hide the rows.
// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "usage", .arity = -3, .flags = command_flag::kReadonly, .categories = 0,
     .scope = Scope::kKeys, .keys = {kMeasured}, .since = "4.0.0",
     .summary = "Estimate the memory usage of a key", .syntax = "key [SAMPLES count]",
     .reply = "integer|nil", .handler = MemoryUsage,
     .differs = "SAMPLES changes nothing: every byte is counted as it comes and goes."},
    {.name = "stats", .arity = 2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "4.0.0", .summary = "Show memory usage details", .syntax = "",
     .reply = "map", .handler = MemoryStats,
     .differs = "Fields of what is not there are 0."},
    {.name = "doctor", .arity = 2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "4.0.0", .summary = "Outputs memory problems report", .syntax = "",
     .reply = "verbatim", .handler = MemoryDoctor,
     .differs = "Says what there is to say about this process, in its own words."},
    {.name = "purge", .arity = 2, .flags = command_flag::kLong, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "4.0.0",
     .summary = "Ask the allocator to release memory", .syntax = "", .reply = "simple",
     .handler = MemoryPurge},
    {.name = "malloc-stats", .arity = 2, .flags = command_flag::kLong, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "4.0.0",
     .summary = "Show allocator internal stats", .syntax = "", .reply = "verbatim",
     .handler = MemoryMallocStats},
    {.name = "help", .arity = 2, .flags = command_flag::kLoading | command_flag::kStale,
     .categories = 0, .scope = Scope::kNone, .keys = {}, .since = "4.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
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
