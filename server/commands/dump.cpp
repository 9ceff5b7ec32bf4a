// DUMP and RESTORE: values in the format that Redis stores them in, so that they move between
// servers both ways.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/policy/frequency.h"
#include "core/tier/stored_value.h"
#include "protocol/dump_payload.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/server.h"

namespace replete {
namespace {

void Dump(CommandContext& ctx) {
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Null();
  constexpr bool kCompress = true;
  std::string dump = EncodeValue(*entry, kCompress);
  FinishDump(&dump);
  ctx.reply().Bulk(dump);
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  int64_t idle_seconds = -1;  // -1: not given
  int64_t frequency = -1;
};

// An option whose number is in [0, most]. False: an error has been replied.
bool TakeNumber(CommandContext& ctx, size_t i, int64_t most, std::string_view problem,
                int64_t* number) {
  if (!ctx.Integer(i, number)) return false;
  if (*number >= 0 && *number <= most) return true;
  ctx.reply().Error(problem);
  return false;
}

// False: an error has been replied.
bool ParseOptions(CommandContext& ctx, RestoreOptions* options) {
  for (size_t i = 4; i < ctx.argc(); ++i) {
    const bool has_value = i + 1 < ctx.argc();
    if (ctx.ArgIs(i, "replace")) {
      options->replace = true;
    } else if (ctx.ArgIs(i, "absttl")) {
      options->absolute = true;
    } else if (ctx.ArgIs(i, "idletime") && has_value && options->frequency == -1) {
      if (!TakeNumber(ctx, ++i, INT64_MAX, "ERR Invalid IDLETIME value, must be >= 0",
                      &options->idle_seconds)) {
        return false;
      }
    } else if (ctx.ArgIs(i, "freq") && has_value && options->idle_seconds == -1) {
      if (!TakeNumber(ctx, ++i, 255, "ERR Invalid FREQ value, must be >= 0 and <= 255",
                      &options->frequency)) {
        return false;
      }
    } else {
      ctx.SyntaxError();
      return false;
    }
  }
  return true;
}

// False: an error has been replied.
bool ReadDump(CommandContext& ctx, std::string_view payload, StoredValue* value) {
  OpenedDump opened;
  if (!OpenDump(payload, &opened)) {
    ctx.reply().Error("ERR DUMP payload version or checksum are wrong");
    return false;
  }
  if (!IsReadable(opened.type)) {
    ctx.reply().Error(
        fmt::format("ERR values of type '{}' cannot be restored here", RdbTypeName(opened.type)));
    return false;
  }
  std::string problem;
  payload.remove_suffix(kDumpFooterBytes);
  if (value->Decode(payload, ctx.value_limits(), &problem)) return true;
  ctx.reply().Error("ERR Bad data format");
  return false;
}

// What was told about uses, as far as the policy asks for it.
void SetUse(CommandContext& ctx, const Key& key, const RestoreOptions& options) {
  const Keyspace& keyspace = key.shard->keyspace();
  Entry* entry = ctx.access().Peek(key);
  if (keyspace.tracks_frequency()) {
    if (options.frequency < 0) return;
    entry->set_clock(Frequency::With(static_cast<uint32_t>(options.frequency), ctx.now()));
  } else if (keyspace.tracks_use() && options.idle_seconds >= 0) {
    const int64_t idle = std::min(options.idle_seconds, int64_t{UseDates::kLongest});
    entry->set_clock(
        key.shard->dates.ClockOf(ctx.server().clock().second() - static_cast<uint32_t>(idle)));
  }
}

int64_t DeadlineOf(int64_t ttl, bool absolute, int64_t now) {
  if (ttl == 0) return kNoDeadline;
  int64_t deadline = ttl;
  if (!absolute && __builtin_add_overflow(ttl, now, &deadline)) return 0;  // passed, as in Redis
  return std::min(deadline, kNoDeadline - 1);
}

void Restore(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  RestoreOptions options;
  if (!ParseOptions(ctx, &options)) return;
  const bool found = ctx.access().Use(key) != nullptr;
  if (found && !options.replace) {
    return ctx.reply().Error("BUSYKEY Target key name already exists.");
  }
  int64_t ttl = 0;
  if (!TakeNumber(ctx, 2, INT64_MAX, "ERR Invalid TTL value, must be >= 0", &ttl)) return;
  StoredValue value;
  if (!ReadDump(ctx, ctx.arg(3), &value)) return;

  const int64_t deadline = DeadlineOf(ttl, options.absolute, ctx.now());
  if (found) ctx.access().Remove(key, Departure::kDeleted);
  if (deadline <= ctx.now()) {
    if (found) ctx.Notify(event_flags::kGeneric, "del", key);
    return ctx.reply().Ok();
  }
  ctx.access().Restore(key, &value, deadline);
  SetUse(ctx, key, options);
  ctx.Notify(event_flags::kNew, "new", key);
  ctx.Notify(event_flags::kGeneric, "restore", key);
  ctx.reply().Ok();
}

constexpr KeySpec kDumped = {.first = 1, .last = 1, .use = KeyUse::kRead, .what = "access"};
constexpr KeySpec kRestored = {
    .first = 1, .last = 1, .use = KeyUse::kOverwrite, .what = "update", .reads = kNeedsNoValues};

// A member a line would hide the rows.
// clang-format off
constexpr Command kCommands[] = {
    {.name = "dump", .arity = 2, .flags = command_flag::kReadonly,
     .categories = category::kKeyspace, .scope = Scope::kKeys, .keys = {kDumped}, .since = "2.6.0",
     .summary = "Return a serialized version of the value stored at the specified key.",
     .syntax = "key", .reply = "bulk|nil", .handler = Dump},
    {.name = "restore", .arity = -4, .flags = command_flag::kWrite | command_flag::kDenyOom,
     .categories = category::kKeyspace | category::kDangerous, .scope = Scope::kKeys,
     .keys = {kRestored}, .since = "2.6.0",
     .summary = "Create a key using the provided serialized value, previously obtained using DUMP.",
     .syntax = "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
     .reply = "simple", .handler = Restore,
     .differs = "Strings, lists and hashes; other types are refused by name."},
};
// clang-format on

}  // namespace

std::span<const Command> DumpCommands() { return kCommands; }

}  // namespace replete
