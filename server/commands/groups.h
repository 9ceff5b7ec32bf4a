#pragma once

#include <span>
#include <string_view>

#include "server/command.h"

// The groups of commands, each in its own file: rows beside their handlers.
namespace replete {

std::span<const Command> StringCommands();
std::span<const Command> LcsCommands();
std::span<const Command> BitmapCommands();
std::span<const Command> HyperLogLogCommands();
std::span<const Command> KeyCommands();
std::span<const Command> ScanCommands();  // and KEYS, RANDOMKEY
std::span<const Command> DatabaseCommands();
std::span<const Command> SortCommands();
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
std::span<const Command> DebugCommands();
std::span<const Command> SlowLogCommands();
std::span<const Command> LatencyCommands();
std::span<const Command> ReplicationCommands();  // WAIT, WAITAOF
std::span<const Command> ClusterCommands();      // that there is no cluster
std::span<const Command> FunctionCommands();     // that there are no functions
std::span<const Command> SingleNodeCommands();   // what clients ask at start
std::span<const Command> TransactionCommands();
std::span<const Command> PubSubCommands();
std::span<const Command> TestCommands();

struct CommandGroup {
  std::span<const Command> (*rows)();
  std::string_view name;  // Redis' word in COMMAND DOCS
};

// All of them.
std::span<const CommandGroup> CommandGroups();

}  // namespace replete
