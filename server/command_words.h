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

// EXEC, DISCARD and the like run while MULTI queues the others.
bool RunsInsideMulti(const Command& command);
// What a RESP2 client may do while it is subscribed.
bool AllowedWhileSubscribed(const Command& command);
// The namespace that a queued SELECT or NAMESPACE USE changes to; null for anything else.
std::shared_ptr<Keyspace> Selected(const Command& command, std::span<const std::string_view> args,
                                   const NamespaceMap& map);
// "... NS name" at the end, for a command that documents it.
bool NamesNamespace(const Command& command, std::span<const std::string_view> args);
// The database that COPY's DB option names for the second key; null without one.
Keyspace* OtherDatabase(const Command& command, std::span<const std::string_view> args,
                        const NamespaceMap& map);

}  // namespace replete::words
