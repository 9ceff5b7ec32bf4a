#include "server/commands/help.h"

#include "server/command_description.h"
#include "server/server.h"

namespace replete {

void ContainerHelp(CommandContext& ctx) {
  WriteHelp(ctx.reply(), *ctx.server().commands().Find(ctx.arg(0)));
}

}  // namespace replete
