#pragma once

#include <span>

#include "server/command.h"

// The groups of commands, each in its own file: rows beside their handlers.
namespace replete {

std::span<const Command> StringCommands();
std::span<const Command> LcsCommands();
std::span<const Command> KeyCommands();
std::span<const Command> ObjectCommands();
std::span<const Command> MemoryCommands();
std::span<const Command> DumpCommands();  // and RESTORE
std::span<const Command> ExpiryCommands();
std::span<const Command> HashCommands();
std::span<const Command> ListCommands();
std::span<const Command> ConnectionCommands();
std::span<const Command> ClientCommands();
std::span<const Command> ServerCommands();
std::span<const Command> ConfigCommands();
std::span<const Command> IntrospectionCommands();  // COMMAND
std::span<const Command> NamespaceCommands();
std::span<const Command> TransactionCommands();
std::span<const Command> PubSubCommands();
std::span<const Command> TestCommands();

}  // namespace replete
