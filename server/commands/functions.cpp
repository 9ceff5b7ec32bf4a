// Functions: there are none, which clients that look for them learn here.
#include <fmt/format.h>

#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/server.h"

namespace replete {
namespace {

void List(CommandContext& ctx) {
  bool with_code = false;
  bool library_name = false;
  for (size_t i = 2; i < ctx.argc(); ++i) {
    if (!with_code && ctx.ArgIs(i, "withcode")) {
      with_code = true;
    } else if (!library_name && ctx.ArgIs(i, "libraryname")) {
      library_name = true;
      if (++i >= ctx.argc()) {
        return ctx.reply().Error("ERR library name argument was not given");
      }
    } else {
      const std::string_view word = ctx.arg(i);
      return ctx.reply().Error(
          fmt::format("ERR Unknown argument {}", word.substr(0, word.find('\0'))));
    }
  }
  ctx.reply().Array(0);
}

using namespace command_flag;

// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "list", .arity = -2, .flags = kNoScript, .categories = category::kScripting,
     .scope = Scope::kNone, .keys = {}, .since = "7.0.0",
     .summary = "List information about all the functions",
     .syntax = "[LIBRARYNAME library-name-pattern] [WITHCODE]", .reply = "array", .handler = List},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = category::kScripting,
     .scope = Scope::kNone, .keys = {}, .since = "7.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kCommands[] = {
    {.name = "function", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "7.0.0", .summary = "A container for function commands", .syntax = "",
     .reply = "", .handler = nullptr, .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> FunctionCommands() { return kCommands; }

}  // namespace replete
