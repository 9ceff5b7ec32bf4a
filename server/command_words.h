#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/keyspace/namespace_map.h"
#include "server/command.h"

// What the dispatcher has to know of particular commands and of Redis' wording.
namespace replete::words {

std::string UnknownCommand(std::span<const std::string_view> args);
std::string UnknownSubcommand(const Command& container, std::string_view word);

// The namespace that a queued command which selects one changes to; null for anything else.
std::shared_ptr<Keyspace> Selected(const Command& command, std::span<const std::string_view> args,
                                   const NamespaceMap& map);
// "... NS name" at the end, for a command that documents it.
bool NamesNamespace(const Command& command, std::span<const std::string_view> args);
// The database that the keys' own option or argument names; null without one.
Keyspace* OtherDatabase(const KeySpec& spec, std::span<const std::string_view> args,
                        const NamespaceMap& map);

}  // namespace replete::words
