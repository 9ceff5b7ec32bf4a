#pragma once

#include "server/command_context.h"

namespace replete {

// Argument `i` as a time from now in milliseconds; 0: for ever. False: an error has been replied.
bool ParseMillisTimeout(CommandContext& ctx, size_t i, int64_t* timeout_ms);

}  // namespace replete
