// COMMAND: what the table of commands says about itself.
#include <algorithm>
#include <cstdint>
#include <string>

#include "core/types/glob.h"
#include "server/command_context.h"
#include "server/command_description.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/server.h"

namespace replete {
namespace {

const CommandTable& Table(CommandContext& ctx) { return ctx.server().commands(); }

void All(CommandContext& ctx) {
  ctx.reply().Array(Table(ctx).all().size());
  for (const Command* command : Table(ctx).all()) WriteCommandInfo(ctx.reply(), nullptr, *command);
}

void Count(CommandContext& ctx) {
  ctx.reply().Integer(static_cast<int64_t>(Table(ctx).all().size()));
}

void Info(CommandContext& ctx) {
  if (ctx.argc() == 2) {
    All(ctx);
    return;
  }
  ctx.reply().Array(ctx.argc() - 2);
  for (size_t i = 2; i < ctx.argc(); ++i) {
    const Command* container = nullptr;
    const Command* command = FindByFullName(Table(ctx), ctx.arg(i), &container);
    if (command == nullptr) {
      ctx.reply().Null();
    } else {
      WriteCommandInfo(ctx.reply(), container, *command);
    }
  }
}

void Docs(CommandContext& ctx) {
  const size_t position = ctx.reply().Defer();
  size_t count = 0;
  if (ctx.argc() == 2) {
    for (const Command* command : Table(ctx).all()) {
      WriteCommandDocs(ctx.reply(), nullptr, *command);
      ++count;
    }
  }
  for (size_t i = 2; i < ctx.argc(); ++i) {
    const Command* container = nullptr;
    const Command* command = FindByFullName(Table(ctx), ctx.arg(i), &container);
    if (command == nullptr) continue;
    WriteCommandDocs(ctx.reply(), container, *command);
    ++count;
  }
  ctx.reply().Finish(position, '%', count);
}

// What COMMAND LIST is asked for.
struct ListFilter {
  enum class By { kNothing, kModule, kCategory, kPattern };
  By by = By::kNothing;
  std::string_view value;

  bool Admits(const Command* container, const Command& command) const {
    switch (by) {
      case By::kNothing:
        return true;
      case By::kModule:
        return false;  // there are no modules, so none of them brought a command
      case By::kCategory:
        return (EffectiveCategories(command) & FindCategory(value)) != 0;
      case By::kPattern:
        return GlobMatch(value, FullName(container, command), true);
    }
    return false;
  }
};

bool ParseFilter(CommandContext& ctx, ListFilter* filter) {
  if (ctx.argc() == 2) return true;
  if (ctx.argc() != 5 || !ctx.ArgIs(2, "filterby")) return false;
  if (ctx.ArgIs(3, "module")) {
    filter->by = ListFilter::By::kModule;
  } else if (ctx.ArgIs(3, "aclcat")) {
    filter->by = ListFilter::By::kCategory;
  } else if (ctx.ArgIs(3, "pattern")) {
    filter->by = ListFilter::By::kPattern;
  } else {
    return false;
  }
  filter->value = ctx.arg(4);
  return true;
}

void List(CommandContext& ctx) {
  ListFilter filter;
  if (!ParseFilter(ctx, &filter)) {
    ctx.SyntaxError();
    return;
  }
  const size_t position = ctx.reply().DeferArray();
  size_t count = 0;
  const auto add = [&](const Command* container, const Command& command) {
    if (!filter.Admits(container, command)) return;
    ctx.reply().Bulk(FullName(container, command));
    ++count;
  };
  for (const Command* command : Table(ctx).all()) {
    add(nullptr, *command);
    for (const Command& sub : command->subcommands) add(command, sub);
  }
  ctx.reply().FinishArray(position, count);
}

// As Redis sees it, arguments with which one of the specifications names no key are no good.
bool AllSpecsHaveKeys(const Command& command, std::span<const std::string_view> args) {
  return std::all_of(command.keys.begin(), command.keys.end(), [&](const KeySpec& spec) {
    return spec.first == 0 || spec.database_argument != 0 || !KeyPositions(spec, args).empty();
  });
}

// The row of the command behind COMMAND GETKEYS, whose arguments name keys. Null: an error has been
// replied.
const Command* CommandWithKeys(CommandContext& ctx, std::span<const std::string_view> args) {
  const Command* command = Table(ctx).Find(args[0]);
  if (command != nullptr && !command->subcommands.empty() && args.size() > 1) {
    command = CommandTable::FindSub(*command, args[1]);
  }
  const auto argc = static_cast<int64_t>(args.size());
  if (command == nullptr) {
    ctx.reply().Error("ERR Invalid command specified");
  } else if (command->keys[0].first == 0) {
    ctx.reply().Error("ERR The command has no key arguments");
  } else if (command->arity > 0 ? argc != command->arity : argc < -command->arity) {
    ctx.reply().Error("ERR Invalid number of arguments specified for command");
  } else if (!AllSpecsHaveKeys(*command, args)) {
    ctx.reply().Error("ERR Invalid arguments specified for command");
  } else {
    return command;
  }
  return nullptr;
}

// The keys of the arguments behind COMMAND's subcommand.
void WriteKeys(CommandContext& ctx, bool with_flags) {
  const std::span<const std::string_view> args = ctx.args().subspan(2);
  const Command* command = CommandWithKeys(ctx, args);
  if (command == nullptr) return;
  const size_t start = ctx.reply().DeferArray();
  size_t keys = 0;
  for (const KeySpec& spec : command->keys) {
    for (size_t position : KeyPositions(spec, args)) {
      if (with_flags) ctx.reply().Array(2);
      ctx.reply().Bulk(args[position]);
      if (with_flags) WriteKeyFlags(ctx.reply(), spec, args);
      ++keys;
    }
  }
  ctx.reply().FinishArray(start, keys);
}

void GetKeys(CommandContext& ctx) { WriteKeys(ctx, false); }

void GetKeysAndFlags(CommandContext& ctx) { WriteKeys(ctx, true); }

using namespace command_flag;

// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "count", .arity = 2, .flags = kLoading | kStale,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "2.8.13",
     .summary = "Get total number of commands", .syntax = "", .reply = "integer",
     .handler = Count},
    {.name = "list", .arity = -2, .flags = kLoading | kStale,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "7.0.0",
     .summary = "Get an array of command names",
     .syntax = "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
     .reply = "array", .handler = List},
    {.name = "info", .arity = -2, .flags = kLoading | kStale,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "2.8.13",
     .summary = "Get array of specific command details, or all when no argument is given",
     .syntax = "[command-name [command-name ...]]", .reply = "array", .handler = Info},
    {.name = "docs", .arity = -2, .flags = kLoading | kStale,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "7.0.0",
     .summary = "Get array of specific command documentation",
     .syntax = "[command-name [command-name ...]]", .reply = "map", .handler = Docs,
     .differs = "See the end of this page."},
    {.name = "getkeys", .arity = -4, .flags = kLoading | kStale,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "2.8.13",
     .summary = "Extract keys given a full command", .syntax = "command [arg [arg ...]]",
     .reply = "array", .handler = GetKeys},
    {.name = "getkeysandflags", .arity = -4, .flags = kLoading | kStale,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "7.0.0",
     .summary = "Extract keys and access flags given a full command",
     .syntax = "command [arg [arg ...]]", .reply = "array", .handler = GetKeysAndFlags},
    {.name = "help", .arity = 2, .flags = kLoading | kStale,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "5.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kCommands[] = {
    {.name = "command", .arity = -1, .flags = kLoading | kStale,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "2.8.13",
     .summary = "Get array of command details", .syntax = "", .reply = "array", .handler = All,
     .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> IntrospectionCommands() { return kCommands; }

}  // namespace replete
