#pragma once

#include "server/command_context.h"

namespace replete {

// The HELP of a container of subcommands, which follows from its rows.
void ContainerHelp(CommandContext& ctx);

}  // namespace replete
