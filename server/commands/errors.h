#pragma once

#include "server/command_context.h"

// Error replies that name the command, shared by the groups.
namespace replete {

// For handlers whose arity a row cannot express: "ERR wrong number of arguments for '...' command".
void WrongArity(CommandContext& ctx);

// "ERR invalid expire time in '...' command"
void InvalidExpireTime(CommandContext& ctx);

}  // namespace replete
