// Strings as arrays of bits.
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "core/types/bitmap.h"
#include "core/types/number.h"
#include "server/commands/groups.h"
#include "server/commands/lookup.h"
#include "server/commands/new_string.h"

namespace replete {
namespace {

bool IsString(const Entry* entry) { return entry->type() == ValueType::kString; }

// The number of a bit, or with '#' before it of a field of `field_bits` (0: there is no such
// notation). False: an error has been replied.
bool ParseBitOffset(CommandContext& ctx, std::string_view text, unsigned field_bits,
                    uint64_t* offset) {
  const bool of_field = field_bits > 0 && text.starts_with('#');
  int64_t value = 0;
  bool ok = ParseInt64(of_field ? text.substr(1) : text, &value) && value >= 0;
  if (of_field) ok = ok && !__builtin_mul_overflow(value, int64_t{field_bits}, &value);
  if (!ok || static_cast<uint64_t>(value >> 3) >= ctx.config().proto_max_bulk_len) {
    ctx.reply().Error("ERR bit offset is not an integer or out of range");
    return false;
  }
  *offset = static_cast<uint64_t>(value);
  return true;
}

void ReplyBit(CommandContext& ctx) {
  uint64_t bit = 0;
  if (!ParseBitOffset(ctx, ctx.arg(2), 0, &bit)) return;
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Integer(0);
  if (!IsString(entry)) return ctx.WrongType();
  ctx.reply().Integer(GetBit(entry->string(), bit) ? 1 : 0);
}

void ChangeBit(CommandContext& ctx) {
  uint64_t bit = 0;
  if (!ParseBitOffset(ctx, ctx.arg(2), 0, &bit)) return;
  const bool on = ctx.arg(3) == "1";
  if (!on && ctx.arg(3) != "0") {
    return ctx.reply().Error("ERR bit is not an integer or out of range");
  }
  const Key& key = ctx.key(0);
  Entry* entry = ctx.access().Use(key);
  if (entry != nullptr && !IsString(entry)) return ctx.WrongType();
  const size_t size = (bit >> 3) + 1;
  const bool was = entry != nullptr && GetBit(entry->string(), bit);
  if (entry == nullptr || entry->string().size() < size || was != on) {
    EditOrStore(ctx, key, entry, size, [&](char* bytes) { SetBit(bytes, bit, on); });
    ctx.Notify(event_flags::kString, "setbit", key);
  }
  ctx.reply().Integer(was ? 1 : 0);
}

// --- ranges ---

// From and to which bit a command looks.
struct BitRange {
  int64_t start = 0;
  int64_t end = -1;
  bool in_bits = false;

  // False: it is neither BIT nor BYTE.
  bool TakeUnit(std::string_view word) {
    in_bits = WordIs(word, "bit");
    return in_bits || WordIs(word, "byte");
  }

  // Counts what is negative from the end, and cuts it to a string of `bytes`. False: it is empty.
  bool Resolve(size_t bytes) {
    const auto size = static_cast<int64_t>(in_bits ? bytes * 8 : bytes);
    if (start < 0) start = std::max<int64_t>(start + size, 0);
    if (end < 0) end = std::max<int64_t>(end + size, 0);
    end = std::min(end, size - 1);
    return start <= end;
  }
  uint64_t first_bit() const { return static_cast<uint64_t>(in_bits ? start : start * 8); }
  uint64_t last_bit() const { return static_cast<uint64_t>(in_bits ? end : end * 8 + 7); }
};

void BitCount(CommandContext& ctx) {
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  if (entry == nullptr) return ctx.reply().Integer(0);
  if (!IsString(entry)) return ctx.WrongType();
  BitRange range;
  if (ctx.argc() > 2) {
    if (ctx.argc() != 4 && ctx.argc() != 5) return ctx.SyntaxError();
    if (!ctx.Integer(2, &range.start) || !ctx.Integer(3, &range.end)) return;
    // Tells an empty range before both ends are cut to the same place.
    if (range.start < 0 && range.end < 0 && range.start > range.end) return ctx.reply().Integer(0);
    if (ctx.argc() == 5 && !range.TakeUnit(ctx.arg(4))) return ctx.SyntaxError();
  }
  const std::string_view bytes = entry->string();
  if (!range.Resolve(bytes.size())) return ctx.reply().Integer(0);
  ctx.reply().Integer(static_cast<int64_t>(CountBits(bytes, range.first_bit(), range.last_bit())));
}

void BitPos(CommandContext& ctx) {
  int64_t bit = 0;
  if (!ctx.Integer(2, &bit)) return;
  if (bit != 0 && bit != 1) return ctx.reply().Error("ERR The bit argument must be 1 or 0.");
  const Entry* entry = ReadKey(ctx, ctx.key(0));
  // An absent key is zeros without end.
  if (entry == nullptr) return ctx.reply().Integer(bit == 1 ? -1 : 0);
  if (!IsString(entry)) return ctx.WrongType();
  if (ctx.argc() > 6) return ctx.SyntaxError();
  BitRange range;
  if (ctx.argc() > 3 && !ctx.Integer(3, &range.start)) return;
  if (ctx.argc() == 6 && !range.TakeUnit(ctx.arg(5))) return ctx.SyntaxError();
  const bool has_end = ctx.argc() > 4;
  if (has_end && !ctx.Integer(4, &range.end)) return;
  const std::string_view bytes = entry->string();
  if (!range.Resolve(bytes.size())) return ctx.reply().Integer(-1);
  int64_t found = FindBit(bytes, range.first_bit(), range.last_bit(), bit == 1);
  // Who does not say where to end sees the zeros behind the string.
  if (found < 0 && bit == 0 && !has_end) found = static_cast<int64_t>(bytes.size() * 8);
  ctx.reply().Integer(found);
}

// --- BITOP ---

bool ParseOperation(std::string_view word, BitOperation* operation) {
  constexpr std::pair<std::string_view, BitOperation> kOperations[] = {
      {"and", BitOperation::kAnd},
      {"or", BitOperation::kOr},
      {"xor", BitOperation::kXor},
      {"not", BitOperation::kNot},
  };
  for (const auto& [name, meant] : kOperations) {
    if (!WordIs(word, name)) continue;
    *operation = meant;
    return true;
  }
  return false;
}

void BitOp(CommandContext& ctx) {
  BitOperation operation{};
  if (!ParseOperation(ctx.arg(1), &operation)) return ctx.SyntaxError();
  if (operation == BitOperation::kNot && ctx.argc() != 4) {
    return ctx.reply().Error("ERR BITOP NOT must be called with a single source key.");
  }
  std::vector<std::string_view> sources;
  size_t size = 0;
  for (const Key& key : ctx.keys().subspan(1)) {
    const Entry* entry = ReadKey(ctx, key);
    if (entry != nullptr && !IsString(entry)) return ctx.WrongType();
    sources.push_back(entry == nullptr ? std::string_view() : entry->string());
    size = std::max(size, sources.back().size());
  }
  const Key& target = ctx.key(0);
  if (size > 0) {
    BulkBuffer result;
    result.Grow(size);
    CombineBits(operation, sources, result.data(), size);
    result.Resize(size);
    StoreMade(ctx, target, std::move(result));
    ctx.Notify(event_flags::kString, "set", target);
  } else if (ctx.access().Remove(target, Departure::kDeleted)) {
    ctx.Notify(event_flags::kGeneric, "del", target);
  }
  ctx.reply().Integer(static_cast<int64_t>(size));
}

// --- BITFIELD ---

enum class FieldAction { kGet, kSet, kIncrement };

struct FieldStep {
  FieldAction action;
  BitfieldOverflow overflow;
  BitfieldType type;
  uint64_t bit;
  int64_t number;

  uint64_t last_bit() const { return bit + type.bits - 1; }
  // The field as it is and as it shall be. False: it is not to be stored.
  bool Apply(std::string_view bytes, int64_t* before, int64_t* after) const {
    *before = ReadBitfield(bytes, bit, type);
    *after = action == FieldAction::kSet ? number : *before;
    switch (action) {
      case FieldAction::kGet:
        return true;
      case FieldAction::kSet:
        return FitBitfield(type, overflow, after);
      case FieldAction::kIncrement:
        return AddToBitfield(type, overflow, after, number);
    }
    return true;
  }
};

bool ParseFieldType(CommandContext& ctx, std::string_view text, BitfieldType* type) {
  int64_t bits = 0;
  const bool is_signed = text.starts_with('i');
  if ((!is_signed && !text.starts_with('u')) || !ParseInt64(text.substr(1), &bits) || bits < 1 ||
      bits > (is_signed ? 64 : 63)) {
    ctx.reply().Error(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
        "i64 is.");
    return false;
  }
  *type = {is_signed, static_cast<uint8_t>(bits)};
  return true;
}

bool ParseOverflow(CommandContext& ctx, std::string_view word, BitfieldOverflow* overflow) {
  if (WordIs(word, "wrap")) {
    *overflow = BitfieldOverflow::kWrap;
  } else if (WordIs(word, "sat")) {
    *overflow = BitfieldOverflow::kSaturate;
  } else if (WordIs(word, "fail")) {
    *overflow = BitfieldOverflow::kFail;
  } else {
    ctx.reply().Error("ERR Invalid OVERFLOW type specified");
    return false;
  }
  return true;
}

// False: an error has been replied.
bool ParseFieldSteps(CommandContext& ctx, std::vector<FieldStep>* steps) {
  BitfieldOverflow overflow = BitfieldOverflow::kWrap;
  for (size_t i = 2; i < ctx.argc();) {
    const size_t left = ctx.argc() - i - 1;
    if (ctx.ArgIs(i, "overflow") && left >= 1) {
      if (!ParseOverflow(ctx, ctx.arg(i + 1), &overflow)) return false;
      i += 2;
      continue;
    }
    FieldStep step{};
    step.overflow = overflow;
    if (ctx.ArgIs(i, "get") && left >= 2) {
      step.action = FieldAction::kGet;
    } else if (ctx.ArgIs(i, "set") && left >= 3) {
      step.action = FieldAction::kSet;
    } else if (ctx.ArgIs(i, "incrby") && left >= 3) {
      step.action = FieldAction::kIncrement;
    } else {
      ctx.SyntaxError();
      return false;
    }
    if (!ParseFieldType(ctx, ctx.arg(i + 1), &step.type)) return false;
    if (!ParseBitOffset(ctx, ctx.arg(i + 2), step.type.bits, &step.bit)) return false;
    const bool writes = step.action != FieldAction::kGet;
    if (writes && !ctx.Integer(i + 3, &step.number)) return false;
    steps->push_back(step);
    i += writes ? 4 : 3;
  }
  return true;
}

void ReplySteps(CommandContext& ctx, std::span<const FieldStep> steps, std::string_view bytes,
                char* target) {
  ctx.reply().Array(steps.size());
  for (const FieldStep& step : steps) {
    int64_t before = 0;
    int64_t after = 0;
    if (!step.Apply(bytes, &before, &after)) {
      ctx.reply().Null();
      continue;
    }
    if (after != before) WriteBitfield(target, step.bit, step.type, after);
    ctx.reply().Integer(step.action == FieldAction::kSet ? before : after);
  }
}

// Whether a step writes something else than what is there (if none does, none will), or anything
// while the string grows.
bool Changes(std::span<const FieldStep> steps, std::string_view bytes, bool grows) {
  return std::any_of(steps.begin(), steps.end(), [&](const FieldStep& step) {
    int64_t before = 0;
    int64_t after = 0;
    const bool stored = step.Apply(bytes, &before, &after);
    return stored && step.action != FieldAction::kGet && (grows || before != after);
  });
}

void BitField(CommandContext& ctx) {
  std::vector<FieldStep> steps;
  if (!ParseFieldSteps(ctx, &steps)) return;
  size_t size = 0;
  for (const FieldStep& step : steps) {
    if (step.action != FieldAction::kGet) size = std::max<size_t>(size, step.last_bit() / 8 + 1);
  }
  if (size > 0 && (ctx.command().flags & command_flag::kReadonly) != 0) {
    return ctx.reply().Error("ERR BITFIELD_RO only supports the GET subcommand");
  }
  const Key& key = ctx.key(0);
  Entry* entry = size > 0 ? ctx.access().Use(key) : ReadKey(ctx, key);
  if (entry != nullptr && !IsString(entry)) return ctx.WrongType();
  const std::string_view bytes = entry == nullptr ? std::string_view() : entry->string();
  const bool grows = size > bytes.size();
  const bool changes = Changes(steps, bytes, grows);
  if (!changes && !grows) return ReplySteps(ctx, steps, bytes, nullptr);
  const size_t result = std::max(size, bytes.size());
  EditOrStore(ctx, key, entry, size, [&](char* target) {
    ReplySteps(ctx, steps, {target, result}, target);
  });
  if (changes) ctx.Notify(event_flags::kString, "setbit", key);
}

// Some hundred microseconds for so many bytes.
bool IsLong(CommandContext& ctx) {
  constexpr size_t kMost = 1 << 20;
  size_t bytes = 0;
  for (const Key& key : ctx.keys()) {
    const Entry* entry = ctx.access().Peek(key);
    // (The target's value may be away: nobody reads it.)
    if (entry != nullptr && IsString(entry) && entry->resident()) bytes += entry->string().size();
  }
  return bytes > kMost;
}

// What is no step at all counts as one that writes.
bool FieldsAreWritten(std::span<const std::string_view> args) {
  for (size_t i = 2; i < args.size();) {
    const size_t left = args.size() - i - 1;
    if (WordIs(args[i], "get") && left >= 2) {
      i += 3;
    } else if (WordIs(args[i], "overflow") && left >= 1) {
      i += 2;
    } else {
      return true;
    }
  }
  return false;
}

using namespace command_flag;

constexpr KeySpec kReadKey = {.first = 1, .last = 1, .use = KeyUse::kRead, .what = "access"};
constexpr KeySpec kBitKey = {
    .first = 1, .last = 1, .use = KeyUse::kReadWrite, .what = "access update"};
constexpr KeySpec kFieldKey = {
    .first = 1,
    .last = 1,
    .use = KeyUse::kReadWrite,
    .what = "access update variable_flags",
    .writes = FieldsAreWritten,
    .notes = "This command allows both access and modification of the key"};
constexpr KeySpec kTarget = {
    .first = 2, .last = 2, .use = KeyUse::kOverwrite, .what = "update", .reads = kNeedsNoValues};
constexpr KeySpec kSources = {.first = 3, .last = -1, .use = KeyUse::kRead, .what = "access"};

// clang-format off
constexpr Command kCommands[] = {
    {.name = "getbit", .arity = 3, .flags = kReadonly | kFast, .categories = category::kBitmap,
     .scope = Scope::kKeys, .keys = {kReadKey}, .since = "2.2.0",
     .summary = "Returns the bit value at offset in the string value stored at key",
     .syntax = "key offset", .reply = "integer", .handler = ReplyBit},
    {.name = "setbit", .arity = 4, .flags = kWrite | kDenyOom, .categories = category::kBitmap,
     .scope = Scope::kKeys, .keys = {kBitKey}, .since = "2.2.0",
     .summary = "Sets or clears the bit at offset in the string value stored at key",
     .syntax = "key offset value", .reply = "integer", .handler = ChangeBit},
    {.name = "bitcount", .arity = -2, .flags = kReadonly | kLong,
     .categories = category::kBitmap, .scope = Scope::kKeys, .keys = {kReadKey}, .since = "2.6.0",
     .summary = "Count set bits in a string", .syntax = "key [start end [BYTE | BIT]]",
     .reply = "integer", .handler = BitCount, .is_long = IsLong},
    {.name = "bitpos", .arity = -3, .flags = kReadonly | kLong, .categories = category::kBitmap,
     .scope = Scope::kKeys, .keys = {kReadKey}, .since = "2.8.7",
     .summary = "Find first bit set or clear in a string",
     .syntax = "key bit [start [end [BYTE | BIT]]]", .reply = "integer", .handler = BitPos,
     .is_long = IsLong},
    {.name = "bitop", .arity = -4, .flags = kWrite | kDenyOom | kLong,
     .categories = category::kBitmap, .scope = Scope::kKeys, .keys = {kTarget, kSources},
     .since = "2.6.0", .summary = "Perform bitwise operations between strings",
     .syntax = "operation destkey key [key ...]", .reply = "integer", .handler = BitOp,
     .is_long = IsLong},
    {.name = "bitfield", .arity = -2, .flags = kWrite | kDenyOom,
     .categories = category::kBitmap, .scope = Scope::kKeys, .keys = {kFieldKey},
     .since = "3.2.0", .summary = "Perform arbitrary bitfield integer operations on strings",
     .syntax = "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset "
         "value | INCRBY encoding offset increment> ...]",
     .reply = "array", .handler = BitField},
    {.name = "bitfield_ro", .arity = -2, .flags = kReadonly | kFast,
     .categories = category::kBitmap, .scope = Scope::kKeys, .keys = {kReadKey}, .since = "6.0.0",
     .summary = "Perform arbitrary bitfield integer operations on strings. Read-only variant of "
         "BITFIELD", .syntax = "key [GET encoding offset [GET encoding offset ...]]",
     .reply = "array", .handler = BitField},
};
// clang-format on

}  // namespace

std::span<const Command> BitmapCommands() { return kCommands; }

}  // namespace replete
