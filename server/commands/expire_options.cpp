#include "server/commands/expire_options.h"

#include <algorithm>

#include "server/commands/errors.h"

namespace replete {
namespace {

struct ExpireWord {
  std::string_view name;
  ExpireUnit unit;
};

constexpr ExpireWord kWords[] = {
    {"ex", ExpireUnit::kSeconds},
    {"px", ExpireUnit::kMillis},
    {"exat", ExpireUnit::kAtSeconds},
    {"pxat", ExpireUnit::kAtMillis},
};

}  // namespace

bool TakeExpireOption(const CommandContext& ctx, size_t* i, ExpireOption* option) {
  for (const ExpireWord& word : kWords) {
    if (!ctx.ArgIs(*i, word.name)) continue;
    if (*i + 1 >= ctx.argc() || (option->given && option->unit != word.unit)) return false;
    *option = {true, word.unit, ++*i};
    return true;
  }
  return false;
}

bool ParseDeadline(CommandContext& ctx, ExpireUnit unit, size_t number, int64_t* deadline) {
  int64_t value = 0;
  if (!ctx.Integer(number, &value)) return false;
  const bool seconds = unit == ExpireUnit::kSeconds || unit == ExpireUnit::kAtSeconds;
  const int64_t base = IsAbsolute(unit) ? 0 : ctx.now();
  if (value <= 0 || (seconds && __builtin_mul_overflow(value, int64_t{1000}, &value)) ||
      __builtin_add_overflow(value, base, &value)) {
    InvalidExpireTime(ctx);
    return false;
  }
  *deadline = std::min(value, kNoDeadline - 1);
  return true;
}

}  // namespace replete
