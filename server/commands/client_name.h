#pragma once

#include <string_view>

#include "server/command_context.h"

namespace replete {

// Whether CLIENT LIST can show the text as a name: printable ASCII without blanks.
bool ValidClientText(std::string_view text);

// CLIENT SETNAME, also as HELLO and RESET do it; an empty name removes it. False: an error has been
// replied.
bool SetClientName(CommandContext& ctx, std::string_view name);

}  // namespace replete
