#include "server/commands/session_namespace.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "server/server.h"

namespace replete {

bool UseNamespace(CommandContext& ctx, std::string_view name) {
  NamespaceRegistry& registry = ctx.server().namespaces();
  std::shared_ptr<Keyspace> keyspace = registry.Current()->Find(name);
  if (keyspace == nullptr && ctx.config().auto_create && !CheckNamespaceName(name)) {
    const Problem problem =
        registry.Create(name, ctx.server().namespace_defaults().For(name), /*remember=*/true);
    // Somebody else may have created it meanwhile: that is no problem.
    keyspace = registry.Current()->Find(name);
    if (keyspace == nullptr && problem) {
      ctx.reply().Error(fmt::format("ERR {}", *problem));
      return false;
    }
  }
  if (keyspace == nullptr) {
    ctx.reply().Error(fmt::format("NONAMESPACE namespace '{}' does not exist", name.substr(0, 64)));
    return false;
  }
  const int database = keyspace->database();
  SelectKeyspace(ctx.client(), std::move(keyspace), database);
  return true;
}

}  // namespace replete
