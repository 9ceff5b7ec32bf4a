// What clients ask to learn whether this is a cluster: it is not.
#include "server/command_context.h"
#include "server/commands/groups.h"

namespace replete {
namespace {

void NoCluster(CommandContext& ctx) {
  ctx.reply().Error("ERR This instance has cluster support disabled");
}

using namespace command_flag;

constexpr uint32_t kProbe = kLoading | kStale | kFast;

// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "countkeysinslot", .arity = 3, .flags = kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "3.0.0",
     .summary = "Return the number of local keys in the specified hash slot", .syntax = "slot",
     .reply = "error", .handler = NoCluster},
    {.name = "getkeysinslot", .arity = 4, .flags = kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "3.0.0",
     .summary = "Return local key names in the specified hash slot", .syntax = "slot count",
     .reply = "error", .handler = NoCluster},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "5.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "error", .handler = NoCluster},
    {.name = "info", .arity = 2, .flags = kStale, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "3.0.0", .summary = "Provides info about Redis Cluster node state",
     .syntax = "", .reply = "error", .handler = NoCluster},
    {.name = "keyslot", .arity = 3, .flags = kStale, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "3.0.0", .summary = "Returns the hash slot of the specified key",
     .syntax = "key", .reply = "error", .handler = NoCluster},
    {.name = "links", .arity = 2, .flags = kStale, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "7.0.0",
     .summary = "Returns a list of all TCP links to and from peer nodes in cluster", .syntax = "",
     .reply = "error", .handler = NoCluster},
    {.name = "myid", .arity = 2, .flags = kStale, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "3.0.0", .summary = "Return the node id", .syntax = "",
     .reply = "error", .handler = NoCluster},
    {.name = "nodes", .arity = 2, .flags = kStale, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "3.0.0", .summary = "Get Cluster config for the node", .syntax = "",
     .reply = "error", .handler = NoCluster},
    {.name = "shards", .arity = 2, .flags = kStale, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "7.0.0", .summary = "Get array of cluster slots to node mappings",
     .syntax = "", .reply = "error", .handler = NoCluster},
    {.name = "slots", .arity = 2, .flags = kStale, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "3.0.0", .summary = "Get array of Cluster slot to node mappings",
     .syntax = "", .reply = "error", .handler = NoCluster, .deprecated_since = "7.0.0",
     .replaced_by = "`CLUSTER SHARDS`"},
};

constexpr Command kCommands[] = {
    {.name = "cluster", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "3.0.0", .summary = "A container for cluster commands", .syntax = "",
     .reply = "", .handler = nullptr, .subcommands = kSubcommands},
    {.name = "readonly", .arity = 1, .flags = kProbe, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "3.0.0",
     .summary = "Enables read queries for a connection to a cluster replica node", .syntax = "",
     .reply = "error", .handler = NoCluster},
    {.name = "readwrite", .arity = 1, .flags = kProbe, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "3.0.0",
     .summary = "Disables read queries for a connection to a cluster replica node", .syntax = "",
     .reply = "error", .handler = NoCluster},
};
// clang-format on

}  // namespace

std::span<const Command> ClusterCommands() { return kCommands; }

}  // namespace replete
