#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/keyspace/namespace_map.h"
#include "server/command.h"

// What the dispatcher has to know of particular commands and of Redis' wording.
namespace replete::words {

// Its keys were in a namespace that went while it waited for its turn: where they are now is not
// locked.
inline constexpr std::string_view kDroppedMeanwhile =
    "NONAMESPACE the namespace was dropped while the command ran";

std::string UnknownCommand(std::span<const std::string_view> args);
std::string UnknownSubcommand(const Command& container, std::string_view word);

// The namespace that a queued command which selects one changes to; null for anything else.
std::shared_ptr<Keyspace> Selected(const Command& command, std::span<const std::string_view> args,
                                   const NamespaceMap& map);
// The database of this number; null: there is none.
std::shared_ptr<Keyspace> Database(std::string_view number, const NamespaceMap& map);
// "... NS name" at the end, for a command that documents it.
bool NamesNamespace(const Command& command, std::span<const std::string_view> args);
// The database that the keys' own option or argument names; null without one.
Keyspace* OtherDatabase(const KeySpec& spec, std::span<const std::string_view> args,
                        const NamespaceMap& map);

}  // namespace replete::words
