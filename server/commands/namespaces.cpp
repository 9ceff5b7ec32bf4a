// NAMESPACE: what a user names, makes, changes and empties.
#include <fmt/format.h>

#include "config/namespace_settings.h"
#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/commands/session_namespace.h"
#include "server/disk_engine.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {
namespace {

using namespace command_flag;

// Options from argument `first` on, and what FROM says where `from` is given; false: an error has
// been replied.
bool ReadOptions(CommandContext& context, size_t first, ApplyMode mode, NamespaceSettings* settings,
                 std::string* from = nullptr) {
  std::vector<OptionValue> options;
  for (size_t i = first; i < context.argc(); i += 2) {
    if (i + 1 == context.argc()) {
      context.reply().Error(fmt::format("ERR option '{}' has no value", context.arg(i)));
      return false;
    }
    if (from != nullptr && context.ArgIs(i, "from")) {
      *from = context.arg(i + 1);
    } else {
      options.push_back({context.arg(i), context.arg(i + 1)});
    }
  }
  Problem problem = ApplyOptions(settings, options, mode);
  // The tier of the tests is below every engine.
  if (context.server().fake_tier() == nullptr) {
    for (size_t i = 0; !problem && i < options.size(); ++i) {
      problem = CheckEngineHas(options[i].name, *settings);
    }
  }
  if (!problem) return true;
  context.reply().Error("ERR " + *problem);
  return false;
}

// Backups reach the file system.
bool MayUseFolders(CommandContext& context) {
  if (context.may_act_protected()) return true;
  context.reply().Error(
      "ERR backups are not allowed over the network: see enable-protected-configs");
  return false;
}

// One that begins with the records of a backup.
Problem CreateFrom(Server& server, std::string_view name, const NamespaceSettings& settings,
                   const std::string& folder) {
  if (settings.engine != Engine::kDisk) return "option 'from' is for namespaces on disk";
  if (Problem problem = server.namespaces().Check(name, settings)) return problem;
  uint32_t id = 0;
  if (Problem problem = server.disk_engine().Import(std::string(name), folder, &id)) return problem;
  Problem problem = server.namespaces().Create(name, settings, /*remember=*/true);
  if (problem) server.disk_tier()->ForgetImported(id);
  return problem;
}

void Create(CommandContext& context) {
  size_t first = 3;
  bool if_not_exists = false;
  if (context.argc() > first && context.ArgIs(first, "ifnotexists")) {
    if_not_exists = true;
    ++first;
  }
  NamespaceRegistry& registry = context.server().namespaces();
  NamespaceSettings settings = context.server().namespace_defaults().For(context.arg(2));
  std::string from;
  if (!ReadOptions(context, first, ApplyMode::kCreate, &settings, &from)) return;
  if (!from.empty() && !MayUseFolders(context)) return;
  const bool exists = registry.Current()->named.count(context.arg(2)) > 0;
  if (if_not_exists && exists) return context.reply().Ok();
  // Create says what is wrong with one that exists.
  Problem problem = from.empty() || exists
                        ? registry.Create(context.arg(2), settings, /*remember=*/true)
                        : CreateFrom(context.server(), context.arg(2), settings, from);
  if (problem) return context.reply().Error("ERR " + *problem);
  context.reply().Ok();
}

void BackUp(CommandContext& context) {
  const auto keyspace = context.server().namespaces().Current()->Find(context.arg(2));
  if (keyspace == nullptr) {
    return context.reply().Error(fmt::format("ERR no such namespace '{}'", context.arg(2)));
  }
  if (!MayUseFolders(context)) return;
  DiskTier* tier = context.server().disk_tier();
  if (tier == nullptr || keyspace->tier() != tier) {
    return context.reply().Error("ERR only namespaces on disk can be backed up");
  }
  if (Problem problem = tier->BackUp(*keyspace, std::string(context.arg(3)))) {
    return context.reply().Error("ERR " + *problem);
  }
  context.reply().Ok();
}

void Alter(CommandContext& context) {
  NamespaceRegistry& registry = context.server().namespaces();
  const auto found = registry.Current()->Find(context.arg(2));
  if (found == nullptr) {
    context.reply().Error(fmt::format("ERR no such namespace '{}'", context.arg(2)));
    return;
  }
  NamespaceSettings settings = found->settings();
  if (!ReadOptions(context, 3, ApplyMode::kAlter, &settings)) return;
  if (Problem problem = registry.Alter(context.arg(2), settings)) {
    context.reply().Error("ERR " + *problem);
    return;
  }
  context.dispatcher().TrimKeyspace(*found);
  context.reply().Ok();
}

void Drop(CommandContext& context) {
  std::shared_ptr<Keyspace> dropped;
  if (Problem problem = context.server().namespaces().Drop(context.arg(2), &dropped)) {
    context.reply().Error("ERR " + *problem);
    return;
  }
  context.dispatcher().ClearRetired(*dropped);
  context.reply().Ok();
}

void List(CommandContext& context) {
  const auto map = context.server().namespaces().Current();
  context.reply().Array(map->named.size());
  for (const auto& [name, keyspace] : map->named) context.reply().Bulk(name);
}

// An argument that is no `NS name` would empty the session's namespace instead of the one meant.
bool NamesWell(CommandContext& context) {
  if (context.argc() == 2 || (context.argc() == 4 && context.ArgIs(2, "ns"))) return true;
  context.SyntaxError();
  return false;
}

// The namespace after a final NS, else the session's. Null: an error has been replied.
std::shared_ptr<Keyspace> Named(CommandContext& context) {
  if (!NamesWell(context)) return nullptr;
  if (context.argc() == 2) return context.client().keyspace;
  auto keyspace = context.dispatcher().namespaces().Find(context.arg(3));
  if (!keyspace) context.reply().Error(fmt::format("ERR no such namespace '{}'", context.arg(3)));
  return keyspace;
}

void Info(CommandContext& context) {
  auto keyspace = Named(context);
  if (!keyspace) return;
  ReplyWriter& reply = context.reply();
  const auto options = DescribeOptions(keyspace->settings());
  constexpr size_t kState = 7;  // name and the six below
  const bool on_disk = keyspace->tier() != nullptr;
  reply.Map(options.size() + kState + (on_disk ? 2 : 0));
  reply.Bulk("name");
  reply.Bulk(keyspace->name());
  for (const DescribedOption& option : options) {
    reply.Bulk(option.name);
    reply.Bulk(option.value);
  }
  auto number = [&](std::string_view name, uint64_t value) {
    reply.Bulk(name);
    reply.Integer(static_cast<int64_t>(value));
  };
  number("entries", keyspace->size());
  number("entries_with_deadline", keyspace->entries_with_deadline());
  number("memory_bytes", keyspace->bytes());
  if (on_disk) {
    number("hot_bytes", keyspace->hot_bytes());
    number("disk_bytes", static_cast<uint64_t>(keyspace->tier_bytes()));
  }
  number("version", keyspace->version());
  number("shards", keyspace->shards());
  reply.Bulk("exact_order");
  reply.Boolean(keyspace->exact_order());
}

void Use(CommandContext& context) {
  if (UseNamespace(context, context.arg(2))) context.reply().Ok();
}

void Current(CommandContext& context) { context.reply().Bulk(context.client().keyspace->name()); }

void Clear(CommandContext& context) {
  if (!NamesWell(context)) return;
  const size_t cleared = context.access().ClearKeyspace(context.keyspace());
  context.reply().Integer(static_cast<int64_t>(cleared));
}

void Compact(CommandContext& context) {
  auto keyspace = Named(context);
  if (!keyspace) return;
  DiskTier* tier = context.server().disk_tier();
  if (tier != nullptr && keyspace->tier() == tier) {
    if (Problem problem = tier->Compact(*keyspace)) {
      return context.reply().Error("ERR " + *problem);
    }
  }
  context.reply().Ok();  // in memory nothing is left behind
}

void Version(CommandContext& context) {
  auto keyspace = Named(context);
  if (keyspace) context.reply().Integer(static_cast<int64_t>(keyspace->version()));
}

void Bump(CommandContext& context) {
  if (!NamesWell(context)) return;
  context.access().ClearKeyspace(context.keyspace());
  context.keyspace().BumpVersion();
  context.reply().Integer(static_cast<int64_t>(context.keyspace().version()));
}

void Help(CommandContext& context) {
  constexpr std::string_view kLines[] = {
      "NAMESPACE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "CREATE <name> [IFNOTEXISTS] [<option> <value> ...]",
      "    Make a namespace. Options are those of its section in the configuration, and",
      "    FROM <folder>: it begins with what a backup holds.",
      "ALTER <name> <option> <value> ...",
      "    Change options; limits apply before the reply.",
      "DROP <name>",
      "    Remove a namespace with all its entries.",
      "LIST",
      "    Return the names of all namespaces.",
      "INFO [NS <name>]",
      "    Return settings and state.",
      "USE <name>",
      "    Work in this namespace.",
      "CURRENT",
      "    Return the name of the session's namespace.",
      "CLEAR [NS <name>]",
      "    Remove all entries; return how many there were.",
      "BACKUP <name> <folder>",
      "    Copy a namespace on disk into a folder that is not there yet.",
      "COMPACT [NS <name>]",
      "    Give back the room on disk of what is gone, and wait for it.",
      "VERSION [NS <name>]",
      "    Return the version.",
      "BUMP [NS <name>]",
      "    Begin a new version: everything older is gone.",
      "HELP",
      "    Print this help."};
  context.reply().Array(std::size(kLines));
  for (std::string_view line : kLines) context.reply().Simple(line);
}

constexpr uint32_t kChange = kAdmin | kNoScript | kNoMulti | kLong;
constexpr uint32_t kDanger = category::kAdmin | category::kDangerous;

// clang-format off
constexpr Command kNamespaceCommands[] = {
    {.name = "create", .arity = -3, .flags = kChange, .categories = kDanger,
     .scope = Scope::kNone, .keys = {}, .since = "0.1.0", .summary = "Makes a namespace.",
     .syntax = "name [IFNOTEXISTS] [option value [option value ...]]", .reply = "simple",
     .handler = Create, .secrets = Secrets::kOptions},
    {.name = "alter", .arity = -5, .flags = kChange, .categories = kDanger,
     .scope = Scope::kNone, .keys = {}, .since = "0.1.0",
     .summary = "Changes settings of a namespace.",
     .syntax = "name option value [option value ...]", .reply = "simple", .handler = Alter, .secrets = Secrets::kOptions},
    {.name = "drop", .arity = 3, .flags = kChange, .categories = kDanger, .scope = Scope::kNone,
     .keys = {}, .since = "0.1.0", .summary = "Removes a namespace.", .syntax = "name",
     .reply = "simple", .handler = Drop},
    {.name = "list", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "0.1.0", .summary = "Returns all namespaces.",
     .syntax = "", .reply = "array", .handler = List},
    {.name = "info", .arity = -2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "0.1.0",
     .summary = "Returns settings and state of a namespace.", .syntax = "[NS name]",
     .reply = "map", .handler = Info},
    {.name = "use", .arity = 3, .flags = kSelects | kLoading | kStale | kFast,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "0.1.0",
     .summary = "Changes the session's namespace.", .syntax = "name", .reply = "simple",
     .handler = Use},
    {.name = "current", .arity = 2, .flags = kLoading | kStale | kFast,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "0.1.0",
     .summary = "Returns the session's namespace.", .syntax = "", .reply = "bulk",
     .handler = Current},
    {.name = "clear", .arity = -2, .flags = kWrite, .categories = category::kKeyspace | kDanger,
     .scope = Scope::kKeyspace, .keys = {}, .since = "0.1.0",
     .summary = "Removes all entries of a namespace.", .syntax = "[NS name]", .reply = "integer",
     .handler = Clear},
    {.name = "backup", .arity = 4, .flags = kChange, .categories = kDanger,
     .scope = Scope::kNone, .keys = {}, .since = "0.1.0",
     .summary = "Copies a namespace on disk into a folder.", .syntax = "name folder",
     .reply = "simple", .handler = BackUp},
    {.name = "compact", .arity = -2, .flags = kChange, .categories = kDanger,
     .scope = Scope::kNone, .keys = {}, .since = "0.1.0",
     .summary = "Gives back the room on disk of what is gone.", .syntax = "[NS name]",
     .reply = "simple", .handler = Compact},
    {.name = "version", .arity = -2, .flags = kLoading | kStale | kFast, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "0.1.0",
     .summary = "Returns the version of a namespace.", .syntax = "[NS name]", .reply = "integer",
     .handler = Version},
    {.name = "bump", .arity = -2, .flags = kWrite, .categories = category::kKeyspace | kDanger,
     .scope = Scope::kKeyspace, .keys = {}, .since = "0.1.0",
     .summary = "Begins a new version of a namespace; everything older is gone.",
     .syntax = "[NS name]", .reply = "integer", .handler = Bump},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "0.1.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = Help},
};
// clang-format on

// clang-format off
constexpr Command kCommands[] = {
    {.name = "namespace", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "0.1.0", .summary = "A container for namespace commands.", .syntax = "",
     .reply = "", .handler = nullptr, .subcommands = kNamespaceCommands},
};
// clang-format on

}  // namespace

std::span<const Command> NamespaceCommands() { return kCommands; }

}  // namespace replete
