#include "server/commands/groups.h"

namespace replete {
namespace {

constexpr CommandGroup kGroups[] = {
    {&StringCommands, "string"},
    {&LcsCommands, "string"},
    {&BitmapCommands, "bitmap"},
    {&HyperLogLogCommands, "hyperloglog"},
    {&KeyCommands, "generic"},
    {&ScanCommands, "generic"},
    {&SortCommands, "generic"},
    {&DatabaseCommands, "server"},
    {&ObjectCommands, "generic"},
    {&DumpCommands, "generic"},
    {&ExpiryCommands, "generic"},
    {&HashCommands, "hash"},
    {&ListCommands, "list"},
    {&ConnectionCommands, "connection"},
    {&ClientCommands, "connection"},
    {&ServerCommands, "server"},
    {&MemoryCommands, "server"},
    {&ConfigCommands, "server"},
    {&IntrospectionCommands, "server"},
    {&DebugCommands, "server"},
    {&SlowLogCommands, "server"},
    {&LatencyCommands, "server"},
    {&ReplicationCommands, "generic"},
    {&SingleNodeCommands, "server"},
    {&NamespaceCommands, "namespace"},
    {&ClusterCommands, "cluster"},
    {&FunctionCommands, "scripting"},
    {&TransactionCommands, "transactions"},
    {&PubSubCommands, "pubsub"},
    {&TestCommands, "test"},
};

}  // namespace

std::span<const CommandGroup> CommandGroups() { return kGroups; }

}  // namespace replete
