// Cardinalities: HyperLogLogs, which are strings.
#include "core/types/hyperloglog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/commands/errors.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/new_string.h"

namespace replete {
namespace {

// False: it is something else, which has been replied.
bool IsHyperLogLog(CommandContext& ctx, const Entry* entry) {
  if (entry->type() != ValueType::kString) {
    ctx.WrongType();
    return false;
  }
  if (HyperLogLog::Recognizes(entry->string())) return true;
  ctx.reply().Error("WRONGTYPE Key is not a valid HyperLogLog string value.");
  return false;
}

void Corrupt(CommandContext& ctx) { ctx.reply().Error("INVALIDOBJ Corrupted HLL object detected"); }

void StoreBytes(CommandContext& ctx, const Key& key, Entry* entry, std::string_view bytes) {
  if (entry == nullptr) {
    StoreNew(ctx, key, bytes.size(),
             [&](char* target) { std::memcpy(target, bytes.data(), bytes.size()); });
  } else {
    ctx.access().EditString(key, entry, bytes.size(),
                            [&](char* target) { std::memcpy(target, bytes.data(), bytes.size()); });
  }
}

size_t SparseMax(CommandContext& ctx) {
  return static_cast<size_t>(ctx.config().hll_sparse_max_bytes);
}

// Most elements have been seen before, and of a dense one they change nothing.
bool AddToDense(CommandContext& ctx, const Key& key, Entry* entry) {
  const std::string_view bytes = entry->string();
  size_t first = 2;
  while (first < ctx.argc() &&
         !HyperLogLog::DenseRaises(bytes, HyperLogLog::MarkOf(ctx.arg(first)))) {
    ++first;
  }
  if (first == ctx.argc()) return false;
  const size_t size = bytes.size();
  ctx.access().EditString(key, entry, size, [&](char* target) {
    for (size_t i = first; i < ctx.argc(); ++i) {
      const HyperLogLog::Mark mark = HyperLogLog::MarkOf(ctx.arg(i));
      if (HyperLogLog::DenseRaises({target, size}, mark)) HyperLogLog::DenseRaise(target, mark);
    }
  });
  return true;
}

void PfAdd(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  Entry* entry = ctx.access().Use(key);
  if (entry != nullptr && !IsHyperLogLog(ctx, entry)) return;
  bool changed = entry == nullptr;
  if (entry != nullptr && HyperLogLog::IsDense(entry->string())) {
    changed = AddToDense(ctx, key, entry);
  } else {
    HyperLogLog sketch(changed ? HyperLogLog::Empty() : entry->string(), SparseMax(ctx));
    for (size_t i = 2; i < ctx.argc(); ++i) {
      const auto outcome = sketch.Raise(HyperLogLog::MarkOf(ctx.arg(i)));
      if (outcome == HyperLogLog::Outcome::kCorrupt) return Corrupt(ctx);
      changed = changed || outcome == HyperLogLog::Outcome::kChanged;
    }
    if (changed) {
      sketch.ForgetCardinality();
      StoreBytes(ctx, key, entry, sketch.bytes());
    }
  }
  if (changed) ctx.Notify(event_flags::kString, "pfadd", key);
  ctx.reply().Integer(changed ? 1 : 0);
}

// Whether each key that is there has one. False: an error has been replied.
bool CheckKeys(CommandContext& ctx, bool* any_dense) {
  for (const Key& key : ctx.keys()) {
    const Entry* entry = ReadKey(ctx, key);
    if (entry == nullptr) continue;
    if (!IsHyperLogLog(ctx, entry)) return false;
    *any_dense = *any_dense || HyperLogLog::IsDense(entry->string());
    if (!HyperLogLog::IsWhole(entry->string())) {
      Corrupt(ctx);
      return false;
    }
  }
  return true;
}

void MergeKeys(CommandContext& ctx, HyperLogLogRegisters* registers) {
  for (const Key& key : ctx.keys()) {
    if (const Entry* entry = ctx.access().Peek(key)) (void)registers->Merge(entry->string());
  }
}

void CountTogether(CommandContext& ctx) {
  HyperLogLogRegisters registers;
  bool any_dense = false;
  if (!CheckKeys(ctx, &any_dense)) return;
  MergeKeys(ctx, &registers);
  ctx.reply().Integer(static_cast<int64_t>(registers.Cardinality()));
}

// Of one key the value keeps its cardinality, so that this "reading" command may write.
void PfCount(CommandContext& ctx) {
  if (ctx.keys().size() > 1) return CountTogether(ctx);
  const Key& key = ctx.key(0);
  Entry* entry = ReadKey(ctx, key);
  if (entry == nullptr) return ctx.reply().Integer(0);
  if (!IsHyperLogLog(ctx, entry)) return;
  const int64_t cached = HyperLogLog::CachedCardinality(entry->string());
  if (cached >= 0) return ctx.reply().Integer(cached);
  HyperLogLogRegisters registers;
  if (!registers.Merge(entry->string())) return Corrupt(ctx);
  const uint64_t cardinality = registers.Cardinality();
  ctx.access().EditString(key, entry, entry->string().size(),
                          [&](char* bytes) { HyperLogLog::CacheCardinality(bytes, cardinality); });
  ctx.reply().Integer(static_cast<int64_t>(cardinality));
}

void MergeIntoDense(CommandContext& ctx, const Key& target, Entry* entry) {
  const auto merge = [&](char* bytes) {
    for (const Key& key : ctx.keys()) {
      const Entry* source = ctx.access().Peek(key);
      if (source == nullptr || key.name == target.name) continue;
      HyperLogLog::DenseMerge(bytes, source->string());
    }
  };
  if (entry != nullptr && HyperLogLog::IsDense(entry->string())) {
    ctx.access().EditString(target, entry, HyperLogLog::kDenseSize, merge);
  } else {
    HyperLogLog merged(entry == nullptr ? HyperLogLog::Empty() : entry->string(), SparseMax(ctx));
    (void)merged.MakeDense();
    merge(merged.data());
    StoreBytes(ctx, target, entry, merged.bytes());
  }
}

// The registers one after the other, as redis-server does: the order decides over the runs.
void MergeIntoSparse(CommandContext& ctx, const Key& target, Entry* entry) {
  using Mark = HyperLogLog::Mark;
  std::vector<Mark> marks;
  for (const Key& key : ctx.keys()) {
    const Entry* source = ctx.access().Peek(key);
    if (source != nullptr) HyperLogLog::AppendMarks(source->string(), &marks);
  }
  std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) {
    return std::pair(a.index, b.count) < std::pair(b.index, a.count);
  });
  HyperLogLog merged(entry == nullptr ? HyperLogLog::Empty() : entry->string(), SparseMax(ctx));
  for (const Mark mark : marks) merged.Raise(mark);  // of a register the largest first
  merged.ForgetCardinality();
  StoreBytes(ctx, target, entry, merged.bytes());
}

void PfMerge(CommandContext& ctx) {
  bool dense = false;
  if (!CheckKeys(ctx, &dense)) return;
  const Key& target = ctx.key(0);
  Entry* entry = ctx.access().Use(target);
  if (dense) {
    MergeIntoDense(ctx, target, entry);
  } else {
    MergeIntoSparse(ctx, target, entry);
  }
  ctx.Notify(event_flags::kString, "pfadd", target);
  ctx.reply().Ok();
}

// Makes the value dense where it is not. False: corrupt, which has been replied.
bool MakeDense(CommandContext& ctx, const Key& key, Entry* entry) {
  HyperLogLog sketch(entry->string(), SparseMax(ctx));
  if (!sketch.MakeDense()) {
    Corrupt(ctx);
    return false;
  }
  StoreBytes(ctx, key, entry, sketch.bytes());
  return true;
}

void PfDebug(CommandContext& ctx) {
  const Key& key = ctx.key(0);
  Entry* entry = ctx.access().Use(key);
  if (entry == nullptr) return ctx.reply().Error("ERR The specified key does not exist");
  if (!IsHyperLogLog(ctx, entry)) return;
  const bool dense = HyperLogLog::IsDense(entry->string());
  if (ctx.ArgIs(1, "getreg")) {
    HyperLogLogRegisters registers;
    if (!dense && !MakeDense(ctx, key, entry)) return;
    registers.Merge(ctx.access().Peek(key)->string());
    ctx.reply().Array(registers.all().size());
    for (const uint8_t value : registers.all()) ctx.reply().Integer(value);
  } else if (ctx.ArgIs(1, "decode")) {
    if (dense) return ctx.reply().Error("ERR HLL encoding is not sparse");
    ctx.reply().Bulk(HyperLogLog::Describe(entry->string()));
  } else if (ctx.ArgIs(1, "encoding")) {
    ctx.reply().Simple(dense ? "dense" : "sparse");
  } else if (ctx.ArgIs(1, "todense")) {
    if (!dense && !MakeDense(ctx, key, entry)) return;
    ctx.reply().Integer(dense ? 0 : 1);
  } else {
    const std::string_view word = ctx.arg(1);
    ctx.reply().Error(
        fmt::format("ERR Unknown PFDEBUG subcommand '{}'", word.substr(0, word.find('\0'))));
  }
}

// Registers that are written one by one read back as they were, packed or in runs.
std::string TestRegisters() {
  std::mt19937 random(1);
  std::array<uint8_t, HyperLogLog::kRegisters> expected{};
  HyperLogLog sparse(HyperLogLog::Empty(), HyperLogLog::kDenseSize);
  HyperLogLog dense = sparse;
  if (!dense.MakeDense()) return "an empty value is no value";
  std::string bytes = dense.bytes();
  for (int i = 0; i < 20000; ++i) {
    const HyperLogLog::Mark mark{static_cast<uint32_t>(random() % HyperLogLog::kRegisters),
                                 static_cast<uint8_t>(1 + random() % 32)};
    expected[mark.index] = std::max(expected[mark.index], mark.count);
    if (HyperLogLog::DenseRaises(bytes, mark)) HyperLogLog::DenseRaise(bytes.data(), mark);
    sparse.Raise(mark);
    if (i % 1000 != 0) continue;
    for (const std::string_view form :
         {std::string_view(bytes), std::string_view(sparse.bytes())}) {
      HyperLogLogRegisters read;
      if (!read.Merge(form) || !std::ranges::equal(read.all(), expected))
        return fmt::format("registers differ after {} changes", i + 1);
    }
  }
  return {};
}

// The estimate stays within six standard errors while ten million elements are added.
std::string TestEstimates() {
  HyperLogLog sketch(HyperLogLog::Empty(), 3000);
  const double standard_error = 1.04 / std::sqrt(HyperLogLog::kRegisters);
  uint64_t next = 10;
  for (uint64_t i = 1; i <= 10'000'000; ++i) {
    const uint64_t element = i ^ 0x5a17'93c1'0b2d'4e6f;
    sketch.Raise(HyperLogLog::MarkOf({reinterpret_cast<const char*>(&element), sizeof element}));
    if (i != next) continue;
    next *= 10;
    HyperLogLogRegisters registers;
    if (!registers.Merge(sketch.bytes())) return "the value is corrupt";
    const double estimate = static_cast<double>(registers.Cardinality());
    const double counted = static_cast<double>(i);
    if (std::abs(estimate - counted) > std::ceil(standard_error * 6 * counted))
      return fmt::format("{} elements are estimated to be {}", i, estimate);
  }
  return {};
}

void PfSelfTest(CommandContext& ctx) {
  std::string failure = TestRegisters();
  if (failure.empty()) failure = TestEstimates();
  if (failure.empty()) return ctx.reply().Ok();
  ctx.reply().Error("TESTFAILED " + failure);
}

// Each key costs some microseconds.
bool HasManyKeys(CommandContext& ctx) { return ctx.keys().size() > 64; }

using namespace command_flag;

constexpr KeySpec kAddedKey = {.first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "insert"};
constexpr KeySpec kCountedKeys = {
    .first = 1,
    .last = -1,
    .use = KeyUse::kReadWrite,
    .what = "access",
    .notes =
        "RW because it may change the internal representation of the key, and propagate to "
        "replicas"};
constexpr KeySpec kTarget = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "access insert"};
constexpr KeySpec kSources = {.first = 2, .last = -1, .use = KeyUse::kRead, .what = "access"};
constexpr KeySpec kLookedAt = {.first = 2, .last = 2, .use = KeyUse::kReadWrite, .what = "access"};

// clang-format off
constexpr Command kCommands[] = {
    {.name = "pfadd", .arity = -2, .flags = kWrite | kDenyOom | kFast,
     .categories = category::kHyperLogLog, .scope = Scope::kKeys, .keys = {kAddedKey},
     .since = "2.8.9", .summary = "Adds the specified elements to the specified HyperLogLog.",
     .syntax = "key [element [element ...]]", .reply = "integer", .handler = PfAdd},
    {.name = "pfcount", .arity = -2, .flags = kReadonly | kLong | kMayReplicate,
     .categories = category::kHyperLogLog, .scope = Scope::kKeys, .keys = {kCountedKeys},
     .since = "2.8.9", .summary = "Return the approximated cardinality of the set(s) observed by "
         "the HyperLogLog at key(s).",
     .syntax = "key [key ...]", .reply = "integer", .handler = PfCount, .is_long = HasManyKeys},
    {.name = "pfmerge", .arity = -2, .flags = kWrite | kDenyOom | kLong,
     .categories = category::kHyperLogLog, .scope = Scope::kKeys, .keys = {kTarget, kSources},
     .since = "2.8.9", .summary = "Merge N different HyperLogLogs into a single one.",
     .syntax = "destkey [sourcekey [sourcekey ...]]", .reply = "simple", .handler = PfMerge,
     .is_long = HasManyKeys},
    {.name = "pfdebug", .arity = 3, .flags = kWrite | kDenyOom | kAdmin | kSysCmd,
     .categories = category::kHyperLogLog, .scope = Scope::kKeys, .keys = {kLookedAt},
     .since = "2.8.9", .summary = "Internal commands for debugging HyperLogLog values",
     .syntax = "subcommand key", .reply = "any", .handler = PfDebug},
    {.name = "pfselftest", .arity = 1, .flags = kAdmin | kSysCmd | kLong,
     .categories = category::kHyperLogLog, .scope = Scope::kNone, .keys = {}, .since = "2.8.9",
     .summary = "An internal command for testing HyperLogLog values", .syntax = "",
     .reply = "simple", .handler = PfSelfTest},
};
// clang-format on

}  // namespace

std::span<const Command> HyperLogLogCommands() { return kCommands; }

}  // namespace replete
