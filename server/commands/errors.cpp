#include "server/commands/errors.h"

#include <fmt/format.h>

namespace replete {

void WrongArity(CommandContext& ctx) {
  ctx.reply().Error(
      fmt::format("ERR wrong number of arguments for '{}' command", ctx.command().name));
}

void InvalidExpireTime(CommandContext& ctx) {
  ctx.reply().Error(fmt::format("ERR invalid expire time in '{}' command", ctx.command().name));
}

}  // namespace replete
