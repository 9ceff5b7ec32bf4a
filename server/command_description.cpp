#include "server/command_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <span>
#include <string>

#include "config/values.h"
#include "server/command_syntax.h"
#include "server/commands/groups.h"

namespace replete {
namespace {

struct Bit {
  uint32_t bit;
  std::string_view name;
};

// In the order in which Redis prints them.
constexpr Bit kFlags[] = {
    {command_flag::kWrite, "write"},
    {command_flag::kReadonly, "readonly"},
    {command_flag::kDenyOom, "denyoom"},
    {command_flag::kAdmin, "admin"},
    {command_flag::kPubsub, "pubsub"},
    {command_flag::kNoScript, "noscript"},
    {command_flag::kBlocking, "blocking"},
    {command_flag::kLoading, "loading"},
    {command_flag::kStale, "stale"},
    {command_flag::kSkipMonitor, "skip_monitor"},
    {command_flag::kSkipSlowlog, "skip_slowlog"},
    {command_flag::kFast, "fast"},
    {command_flag::kNoAuth, "no_auth"},
    {command_flag::kNoMulti, "no_multi"},
    {command_flag::kAllowBusy, "allow_busy"},
};

constexpr Bit kCategories[] = {
    {category::kKeyspace, "keyspace"},
    {category::kRead, "read"},
    {category::kWrite, "write"},
    {category::kSet, "set"},
    {category::kSortedSet, "sortedset"},
    {category::kList, "list"},
    {category::kHash, "hash"},
    {category::kString, "string"},
    {category::kBitmap, "bitmap"},
    {category::kHyperLogLog, "hyperloglog"},
    {category::kGeo, "geo"},
    {category::kStream, "stream"},
    {category::kPubsub, "pubsub"},
    {category::kAdmin, "admin"},
    {category::kFast, "fast"},
    {category::kSlow, "slow"},
    {category::kBlocking, "blocking"},
    {category::kDangerous, "dangerous"},
    {category::kConnection, "connection"},
    {category::kTransaction, "transaction"},
    {category::kScripting, "scripting"},
};

// The set bits' names as a set of simple strings.
void WriteBits(ReplyWriter& reply, std::span<const Bit> names, uint32_t bits,
               std::string_view prefix, std::string_view further = {}) {
  size_t count = further.empty() ? 0 : 1;
  for (const Bit& bit : names) count += (bits & bit.bit) != 0 ? 1 : 0;
  reply.Set(count);
  for (const Bit& bit : names) {
    if ((bits & bit.bit) != 0) reply.Simple(fmt::format("{}{}", prefix, bit.name));
  }
  if (!further.empty()) reply.Simple(further);
}

// Whether it is told: the keys of some are those of another one, in another database.
bool IsTold(const KeySpec& spec) { return spec.present() && spec.database_argument == 0; }

// First and last key and the step between keys as COMMAND said them before there were
// specifications. Keys that this cannot say make the command one with movable keys.
struct KeyRange {
  int first = 0;
  int last = 0;
  int step = 0;
  bool movable = false;
};

KeyRange RangeOfKeys(const Command& command) {
  KeyRange range;
  for (const KeySpec& spec : command.keys) {
    if (!IsTold(spec)) continue;
    if (spec.first == 0) {
      range.movable = true;
    } else if (range.first == 0) {
      range = {spec.first, spec.last, spec.step, false};
    } else if (range.last != spec.first - 1 || range.step != 1 || spec.step != 1) {
      range.movable = true;
    } else {
      range.last = spec.last;
    }
  }
  return range;
}

std::string_view KeyUseName(KeyUse use) {
  switch (use) {
    case KeyUse::kRead:
      return "RO";
    case KeyUse::kReadWrite:
      return "RW";
    case KeyUse::kOverwrite:
      return "OW";
    case KeyUse::kRemove:
      return "RM";
    case KeyUse::kNone:
      break;
  }
  return {};
}

void WriteKeySpecFlags(ReplyWriter& reply, const KeySpec& spec) {
  const std::string_view use = KeyUseName(spec.use);
  const std::vector<std::string_view> words = SplitAtBlanks(spec.what);
  reply.Set(words.size() + (use.empty() ? 0 : 1));
  if (!use.empty()) reply.Simple(use);
  for (std::string_view word : words) reply.Simple(word);
}

// Where the keys are follows from no rule.
void WriteUnknownPlace(ReplyWriter& reply, std::string_view name) {
  reply.Bulk(name);
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("unknown");
  reply.Bulk("spec");
  reply.Map(0);
}

void WriteKeySpec(ReplyWriter& reply, const KeySpec& spec) {
  reply.Map(3 + size_t{!spec.notes.empty()});
  if (!spec.notes.empty()) {
    reply.Bulk("notes");
    reply.Bulk(spec.notes);
  }
  reply.Bulk("flags");
  WriteKeySpecFlags(reply, spec);
  if (spec.first == 0) {
    WriteUnknownPlace(reply, "begin_search");
    return WriteUnknownPlace(reply, "find_keys");
  }
  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("index");
  reply.Bulk("spec");
  reply.Map(1);
  reply.Bulk("index");
  reply.Integer(spec.first);
  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("range");
  reply.Bulk("spec");
  reply.Map(3);
  reply.Bulk("lastkey");
  reply.Integer(spec.last < 0 ? spec.last : spec.last - spec.first);
  reply.Bulk("keystep");
  reply.Integer(spec.step);
  reply.Bulk("limit");
  reply.Integer(0);
}

// The group a command is documented in: that of the file its row is in.
std::string_view GroupOf(const Command& command) {
  for (const CommandGroup& group : CommandGroups()) {
    const std::span<const Command> rows = group.rows();
    const bool before = std::less<>()(&command, rows.data());
    if (!before && std::less<>()(&command, rows.data() + rows.size())) return group.name;
  }
  return "server";
}

void WriteArgument(ReplyWriter& reply, const Argument& argument) {
  const size_t flags =
      size_t{argument.optional} + size_t{argument.multiple} + size_t{argument.multiple_token};
  const bool has_key = argument.key_spec >= 0;
  reply.Map(2 + size_t{has_key} + size_t{!argument.token.empty()} + size_t{flags > 0} +
            size_t{!argument.arguments.empty()});
  reply.Bulk("name");
  reply.Bulk(argument.name);
  reply.Bulk("type");
  reply.Bulk(ArgumentTypeName(argument.type));
  if (has_key) {
    reply.Bulk("key_spec_index");
    reply.Integer(argument.key_spec);
  }
  if (!argument.token.empty()) {
    reply.Bulk("token");
    reply.Bulk(argument.token);
  }
  if (flags > 0) {
    reply.Bulk("flags");
    reply.Set(flags);
    if (argument.optional) reply.Simple("optional");
    if (argument.multiple) reply.Simple("multiple");
    if (argument.multiple_token) reply.Simple("multiple_token");
  }
  if (!argument.arguments.empty()) {
    reply.Bulk("arguments");
    reply.Array(argument.arguments.size());
    for (const Argument& part : argument.arguments) WriteArgument(reply, part);
  }
}

}  // namespace

const Command* FindByFullName(const CommandTable& table, std::string_view name,
                              const Command** container) {
  *container = nullptr;
  const size_t bar = name.find('|');
  const Command* command = table.Find(name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  *container = command;
  return CommandTable::FindSub(*command, name.substr(bar + 1));
}

std::string Upper(std::string_view word) {
  std::string upper(word);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return upper;
}

uint32_t EffectiveCategories(const Command& command) {
  uint32_t categories = command.categories;
  const auto add = [&](uint32_t flag, uint32_t implied) {
    if ((command.flags & flag) != 0) categories |= implied;
  };
  add(command_flag::kWrite, category::kWrite);
  // A script that only reads is no read command.
  if ((categories & category::kScripting) == 0) add(command_flag::kReadonly, category::kRead);
  add(command_flag::kAdmin, category::kAdmin | category::kDangerous);
  add(command_flag::kPubsub, category::kPubsub);
  add(command_flag::kFast, category::kFast);
  add(command_flag::kBlocking, category::kBlocking);
  if ((categories & category::kFast) == 0) categories |= category::kSlow;
  return categories;
}

uint32_t FindCategory(std::string_view name) {
  for (const Bit& bit : kCategories) {
    if (SameWord(bit.name, name)) return bit.bit;
  }
  return 0;
}

std::vector<size_t> KeyPositions(const KeySpec& spec, std::span<const std::string_view> args) {
  std::vector<size_t> positions;
  if (IsTold(spec)) spec.ForEachArgument(args, [&](size_t at) { positions.push_back(at); });
  return positions;
}

void WriteKeyFlags(ReplyWriter& reply, const KeySpec& spec,
                   std::span<const std::string_view> args) {
  std::vector<std::string_view> flags = {KeyUseName(spec.use)};
  bool variable = false;
  for (const std::string_view word : SplitAtBlanks(spec.what)) {
    if (word == "variable_flags") {
      variable = true;
    } else {
      flags.push_back(word);
    }
  }
  if (variable && spec.reads != nullptr && !spec.reads(args)) flags = {"OW", "update"};
  if (variable && spec.writes != nullptr && !spec.writes(args)) flags = {"RO", "access"};
  reply.Set(flags.size());
  for (const std::string_view flag : flags) reply.Simple(flag);
}

void WriteCommandInfo(ReplyWriter& reply, const Command* container, const Command& command) {
  const KeyRange range = RangeOfKeys(command);
  reply.Array(10);
  reply.Bulk(FullName(container, command));
  reply.Integer(command.arity);
  WriteBits(reply, kFlags, command.flags, "", range.movable ? "movablekeys" : "");
  reply.Integer(range.first);
  reply.Integer(range.last);
  reply.Integer(range.step);
  WriteBits(reply, kCategories, EffectiveCategories(command), "@");
  reply.Set(0);  // tips
  const auto told = std::count_if(command.keys.begin(), command.keys.end(), IsTold);
  reply.Set(static_cast<size_t>(told));
  for (const KeySpec& spec : command.keys) {
    if (IsTold(spec)) WriteKeySpec(reply, spec);
  }
  if (command.subcommands.empty()) {
    reply.Set(0);
    return;
  }
  reply.Array(command.subcommands.size());
  for (const Command& sub : command.subcommands) WriteCommandInfo(reply, &command, sub);
}

void WriteCommandDocs(ReplyWriter& reply, const Command* container, const Command& command) {
  const std::vector<Argument> arguments = ArgumentsOf(command, container != nullptr);
  reply.Bulk(FullName(container, command));
  const bool deprecated = !command.deprecated_since.empty();
  const bool for_system = (command.flags & command_flag::kSysCmd) != 0;
  reply.Map(3 + size_t{deprecated || for_system} + 2 * size_t{deprecated} +
            size_t{!arguments.empty()} + size_t{!command.subcommands.empty()});
  reply.Bulk("summary");
  reply.Bulk(command.summary);
  reply.Bulk("since");
  reply.Bulk(command.since);
  reply.Bulk("group");
  reply.Bulk(GroupOf(container != nullptr ? *container : command));
  if (deprecated || for_system) {
    reply.Bulk("doc_flags");
    reply.Set(1);
    reply.Simple(deprecated ? "deprecated" : "syscmd");
  }
  if (deprecated) {
    reply.Bulk("deprecated_since");
    reply.Bulk(command.deprecated_since);
    reply.Bulk("replaced_by");
    reply.Bulk(command.replaced_by);
  }
  if (!arguments.empty()) {
    reply.Bulk("arguments");
    reply.Array(arguments.size());
    for (const Argument& argument : arguments) WriteArgument(reply, argument);
  }
  if (!command.subcommands.empty()) {
    reply.Bulk("subcommands");
    reply.Map(command.subcommands.size());
    for (const Command& sub : command.subcommands) WriteCommandDocs(reply, &command, sub);
  }
}

void WriteHelp(ReplyWriter& reply, const Command& container) {
  const bool stands_alone = container.handler != nullptr;
  reply.Array(1 + 2 * (container.subcommands.size() + size_t{stands_alone}));
  reply.Simple(fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
                           Upper(container.name)));
  if (stands_alone) {
    reply.Simple("(no subcommand)");
    reply.Simple(fmt::format("    {}.", container.summary));
  }
  for (const Command& sub : container.subcommands) {
    reply.Simple(fmt::format("{}{}{}", Upper(sub.name), sub.syntax.empty() ? "" : " ", sub.syntax));
    reply.Simple(fmt::format("    {}.", sub.summary));
  }
}

}  // namespace replete
