#include "server/commands/timeout.h"

#include "core/keyspace/clock.h"
#include "protocol/decimal.h"

namespace replete {

bool ParseMillisTimeout(CommandContext& ctx, size_t i, int64_t* timeout_ms) {
  int64_t until = 0;
  if (!ParseCanonicalInt64(ctx.arg(i), timeout_ms)) {
    ctx.reply().Error("ERR timeout is not an integer or out of range");
  } else if (*timeout_ms < 0) {
    ctx.reply().Error("ERR timeout is negative");
  } else if (__builtin_add_overflow(*timeout_ms, MonotonicMillis(), &until)) {
    ctx.reply().Error("ERR timeout is out of range");
  } else {
    return true;
  }
  return false;
}

}  // namespace replete
