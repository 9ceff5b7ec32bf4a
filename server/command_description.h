#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/reply_writer.h"
#include "server/command.h"
#include "server/command_table.h"

namespace replete {

// What COMMAND tells about commands. All of it follows from the rows of the command table.
// `container` is the row that holds a subcommand, null for a command.

// The row of "get" or "config|get", any case; null when there is none. *container is set for the
// latter.
const Command* FindByFullName(const CommandTable& table, std::string_view name,
                              const Command** container);

// The row's categories with those that follow from its flags.
uint32_t EffectiveCategories(const Command& command);
// In upper case, as commands are written.
std::string Upper(std::string_view word);
// Without the '@', any case; 0 when there is none.
uint32_t FindCategory(std::string_view name);

// Which arguments are keys of the specification, counted from the name of the command (0); none
// where it is not told because it repeats another one.
std::vector<size_t> KeyPositions(const KeySpec& spec, std::span<const std::string_view> args);

// What a call does with the keys of the specification: its flags, where these depend on the
// arguments those that hold for them.
void WriteKeyFlags(ReplyWriter& reply, const KeySpec& spec, std::span<const std::string_view> args);

// An element of COMMAND INFO.
void WriteCommandInfo(ReplyWriter& reply, const Command* container, const Command& command);
// Name and documentation: a pair of COMMAND DOCS.
void WriteCommandDocs(ReplyWriter& reply, const Command* container, const Command& command);
// The reply to the HELP subcommand.
void WriteHelp(ReplyWriter& reply, const Command& container);

}  // namespace replete
