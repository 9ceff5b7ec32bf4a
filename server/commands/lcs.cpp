// LCS: what two strings have in common.
#include "core/types/lcs.h"

#include <string_view>

#include "server/commands/groups.h"
#include "server/commands/lookup.h"

namespace replete {
namespace {

struct LcsOptions {
  bool length = false;
  bool indexes = false;
  bool with_sizes = false;
  int64_t least = 0;  // runs that are shorter are left out
};

// False: an error has been replied.
bool ParseOptions(CommandContext& ctx, LcsOptions* options) {
  for (size_t i = 3; i < ctx.argc(); ++i) {
    if (ctx.ArgIs(i, "idx")) {
      options->indexes = true;
    } else if (ctx.ArgIs(i, "len")) {
      options->length = true;
    } else if (ctx.ArgIs(i, "withmatchlen")) {
      options->with_sizes = true;
    } else if (ctx.ArgIs(i, "minmatchlen") && i + 1 < ctx.argc()) {
      if (!ctx.Integer(++i, &options->least)) return false;
    } else {
      ctx.SyntaxError();
      return false;
    }
  }
  if (options->indexes && options->length) {
    ctx.reply().Error("ERR If you want both the length and indexes, please just use IDX.");
    return false;
  }
  return true;
}

void ReplyRange(ReplyWriter& reply, size_t first, size_t size) {
  reply.Array(2);
  reply.Integer(static_cast<int64_t>(first));
  reply.Integer(static_cast<int64_t>(first + size - 1));
}

void ReplyRuns(CommandContext& ctx, const LongestCommonSubsequence& common,
               const LcsOptions& options) {
  ReplyWriter& reply = ctx.reply();
  reply.Map(2);
  reply.Bulk("matches");
  const size_t start = reply.DeferArray();
  size_t given = 0;
  for (const CommonRun& run : common.runs()) {
    if (static_cast<int64_t>(run.size) < options.least) continue;
    reply.Array(options.with_sizes ? 3 : 2);
    ReplyRange(reply, run.a, run.size);
    ReplyRange(reply, run.b, run.size);
    if (options.with_sizes) reply.Integer(static_cast<int64_t>(run.size));
    ++given;
  }
  reply.FinishArray(start, given);
  reply.Bulk("len");
  reply.Integer(static_cast<int64_t>(common.length()));
}

void Lcs(CommandContext& ctx) {
  const Entry* entries[2];
  for (size_t i = 0; i < 2; ++i) {
    entries[i] = ReadKey(ctx, ctx.key(i));
  }
  std::string_view texts[2];
  for (size_t i = 0; i < 2; ++i) {
    if (entries[i] == nullptr) continue;
    if (entries[i]->type() != ValueType::kString) {
      return ctx.reply().Error("ERR The specified keys must contain string values");
    }
    texts[i] = entries[i]->string();
  }
  LcsOptions options;
  if (!ParseOptions(ctx, &options)) return;
  if (LongestCommonSubsequence::TableBytes(texts[0].size(), texts[1].size()) >
      static_cast<uint64_t>(ctx.config().proto_max_bulk_len)) {
    return ctx.reply().Error(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  if (options.length) {
    const size_t length = LongestCommonSubsequence::Length(texts[0], texts[1]);
    return ctx.reply().Integer(static_cast<int64_t>(length));
  }
  const LongestCommonSubsequence common(texts[0], texts[1]);
  if (options.indexes) return ReplyRuns(ctx, common, options);
  ctx.reply().Bulk(common.text());
}

// So many steps take about a millisecond.
bool IsLong(CommandContext& ctx) {
  constexpr uint64_t kMost = 1 << 20;
  uint64_t steps = 1;
  for (const Key& key : ctx.keys()) {
    const Entry* entry = ctx.access().Peek(key);
    const bool has_text = entry != nullptr && entry->type() == ValueType::kString;
    steps *= has_text ? entry->string().size() : 0;
  }
  return steps > kMost;
}

constexpr KeySpec kBoth = {.first = 1, .last = 2, .use = KeyUse::kRead, .what = "access"};

// A member a line would hide the rows.
// clang-format off
constexpr Command kCommands[] = {
    {.name = "lcs", .arity = -3, .flags = command_flag::kReadonly | command_flag::kLong,
     .categories = category::kString, .scope = Scope::kKeys, .keys = {kBoth}, .since = "7.0.0",
     .summary = "Find longest common substring",
     .syntax = "key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]",
     .reply = "bulk|integer|map", .handler = Lcs, .is_long = IsLong},
};
// clang-format on

}  // namespace

std::span<const Command> LcsCommands() { return kCommands; }

}  // namespace replete
