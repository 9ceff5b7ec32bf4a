#include "server/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "server/command.h"
#include "server/command_description.h"
#include "server/commands/groups.h"

namespace replete {
namespace {

constexpr std::string_view kHead =
    "# Commands\n"
    "\n"
    "Made from the table of commands: `replete-server --commands`. The version is the one of "
    "Redis\n"
    "in which a command came, or of Replete for its own. Where nothing is said about a difference, "
    "replies are those of\n"
    "redis-server, errors included; arguments, options and replies of commands that Redis has are\n"
    "described by its documentation.\n";

constexpr std::string_view kTail =
    "\n## What COMMAND says\n"
    "\n"
    "`COMMAND DOCS` and `COMMAND INFO` are those of redis-server 7.0.15 with these differences:\n"
    "\n"
    "- There is no `complexity` (the data structures are others) and no `history`.\n"
    "- A choice among arguments is named after its parts, not by a word of its own.\n"
    "- Tips for proxies of a cluster are not given: there is no cluster.\n"
    "- Single arguments and summaries: listed with their reasons in\n"
    "  `tests/clients/compare_commands.py`, which compares all of it.\n";

std::string Sentence(std::string_view text) {
  return fmt::format("{}{}", text, text.ends_with('.') ? "" : ".");
}

void AddCommand(const Command* container, const Command& command, std::string* text) {
  auto out = std::back_inserter(*text);
  std::string name = container == nullptr ? "" : Upper(container->name) + " ";
  name += Upper(command.name);
  if (!command.syntax.empty()) name += " ";
  fmt::format_to(out, "- `{}{}`", name, command.syntax);
  if (!command.reply.empty()) fmt::format_to(out, " → {}", command.reply);
  fmt::format_to(out, "  \n  {} {}.", Sentence(command.summary), command.since);
  if (!command.replaced_by.empty()) {
    std::string better(command.replaced_by);
    std::erase(better, '!');  // which marks a word that Redis' site does not turn into a link
    fmt::format_to(out, " Better: {}.", better);
  }
  if (!command.differs.empty()) fmt::format_to(out, "  \n  *Differs:* {}", command.differs);
  *text += '\n';
}

void AddGroup(std::string_view name, std::string* text) {
  std::string title(name);
  title[0] = static_cast<char>(title[0] - 'a' + 'A');
  *text += fmt::format("\n## {}\n\n", title);
  std::vector<const Command*> commands;
  for (const CommandGroup& group : CommandGroups()) {
    if (group.name != name) continue;
    for (const Command& command : group.rows()) commands.push_back(&command);
  }
  std::sort(commands.begin(), commands.end(),
            [](const Command* a, const Command* b) { return a->name < b->name; });
  for (const Command* command : commands) {
    if (command->handler != nullptr) AddCommand(nullptr, *command, text);
    for (const Command& sub : command->subcommands) AddCommand(command, sub, text);
  }
}

}  // namespace

std::string CommandReference() {
  std::string text(kHead);
  std::vector<std::string_view> done = {"test"};  // not part of the daemon that users run
  for (const CommandGroup& group : CommandGroups()) {
    if (std::find(done.begin(), done.end(), group.name) != done.end()) continue;
    AddGroup(group.name, &text);
    done.push_back(group.name);
  }
  text += kTail;
  return text;
}

}  // namespace replete
