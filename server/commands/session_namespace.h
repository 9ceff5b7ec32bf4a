#pragma once

#include <string_view>

#include "server/command_context.h"

namespace replete {

// The session works from now on in the namespace of that name, or in the numbered database whose
// number it is. A name that is not known is created where auto-create is on. False: an error has
// been replied and nothing has changed.
bool UseNamespace(CommandContext& ctx, std::string_view name);

}  // namespace replete
