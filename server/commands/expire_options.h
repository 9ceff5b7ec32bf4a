#pragma once

#include <cstddef>
#include <cstdint>

#include "server/command_context.h"

// The options by which SET, GETEX and their kin say when a key ends.
namespace replete {

enum class ExpireUnit : uint8_t { kSeconds, kMillis, kAtSeconds, kAtMillis };

inline bool IsAbsolute(ExpireUnit unit) {
  return unit == ExpireUnit::kAtSeconds || unit == ExpireUnit::kAtMillis;
}

// EX, PX, EXAT or PXAT with the position of its number.
struct ExpireOption {
  bool given = false;
  ExpireUnit unit = ExpireUnit::kSeconds;
  size_t number = 0;
};

// Takes the option at argument *i, and its number by moving *i onto it. The same option may come
// again, and its last number counts. False: it is none of the four, has no number, or another of
// them came before.
bool TakeExpireOption(const CommandContext& ctx, size_t* i, ExpireOption* option);

// The deadline (Unix ms, never kNoDeadline) that argument `number` stands for; it may have passed
// already. False: an error has been replied: no integer, not positive, or beyond 64 bits.
bool ParseDeadline(CommandContext& ctx, ExpireUnit unit, size_t number, int64_t* deadline);

}  // namespace replete
