// OBJECT: how a value is held.
#include <string_view>

#include "core/policy/frequency.h"
#include "server/commands/encoding.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/commands/lookup.h"
#include "server/server.h"

namespace replete {
namespace {

// The entry without a trace of the look, or null, which has been replied.
const Entry* PeekOrNull(CommandContext& ctx) {
  const Entry* entry = ctx.access().Peek(ctx.key(0));
  if (entry == nullptr) ctx.reply().Null();
  return entry;
}

void ObjectEncoding(CommandContext& ctx) {
  const Entry* entry = PeekOrNull(ctx);
  if (entry != nullptr) ctx.reply().Bulk(EncodingOf(*entry));
}

// Values are not shared.
void ObjectRefCount(CommandContext& ctx) {
  if (PeekOrNull(ctx) != nullptr) ctx.reply().Integer(1);
}

void ObjectFreq(CommandContext& ctx) {
  const Entry* entry = PeekOrNull(ctx);
  if (entry == nullptr) return;
  if (!ctx.key(0).shard->keyspace().tracks_frequency()) {
    return ctx.reply().Error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
        "that when switching between policies at runtime LRU and LFU data will take some time to "
        "adjust.");
  }
  ctx.reply().Integer(Frequency::Count(entry->clock(), ctx.now()));
}

void ObjectIdleTime(CommandContext& ctx) {
  const Entry* entry = PeekOrNull(ctx);
  if (entry == nullptr) return;
  const Shard& shard = *ctx.key(0).shard;
  if (shard.keyspace().tracks_frequency()) {
    return ctx.reply().Error(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
        "switching between policies at runtime LRU and LFU data will take some time to adjust.");
  }
  if (!shard.keyspace().tracks_use()) {
    return ctx.reply().Error("ERR a fifo policy is selected, uses are not tracked");
  }
  const uint32_t used = shard.dates.SecondOf(entry->clock(), shard.clock);
  ctx.reply().Integer(ctx.server().clock().second() - used);
}

constexpr KeySpec kRead = {.first = 2, .last = 2, .use = KeyUse::kRead};
constexpr KeySpec kAsked = {.first = 2, .last = 2, .use = KeyUse::kRead, .reads = kNeedsNoValues};

// A member a line would hide the rows.
// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "encoding", .arity = 3, .flags = command_flag::kReadonly,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kRead}, .since = "2.2.3",
     .summary = "Inspect the internal encoding of a Redis object", .syntax = "key",
     .reply = "bulk|nil", .handler = ObjectEncoding,
     .differs = "Of a string it follows from its bytes, not from how they came to be there."},
    {.name = "freq", .arity = 3, .flags = command_flag::kReadonly,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kAsked}, .since = "4.0.0",
     .summary = "Get the logarithmic access frequency counter of a Redis object", .syntax = "key",
     .reply = "integer|nil", .handler = ObjectFreq},
    {.name = "idletime", .arity = 3, .flags = command_flag::kReadonly,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kAsked}, .since = "2.2.3",
     .summary = "Get the time since a Redis object was last accessed", .syntax = "key",
     .reply = "integer|nil", .handler = ObjectIdleTime,
     .differs = "Estimated where it is long: uses are counted, and dated ever more sparsely as they "
                "age."},
    {.name = "refcount", .arity = 3, .flags = command_flag::kReadonly,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kAsked}, .since = "2.2.3",
     .summary = "Get the number of references to the value of the key", .syntax = "key",
     .reply = "integer|nil", .handler = ObjectRefCount,
     .differs = "Always 1: values are not shared."},
    {.name = "help", .arity = 2, .flags = command_flag::kLoading | command_flag::kStale,
     .categories = category::kKeyspace, .scope = Scope::kNone, .keys = {}, .since = "6.2.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kCommands[] = {
    {.name = "object", .arity = -2, .flags = 0, .categories = category::kSlow,
     .scope = Scope::kNone, .keys = {}, .since = "2.2.3",
     .summary = "A container for object introspection commands", .syntax = "", .reply = "",
     .handler = nullptr, .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> ObjectCommands() { return kCommands; }

}  // namespace replete
