#include "server/command_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

#include "server/commands/groups.h"

namespace replete {
namespace {

bool EqualFolded(std::string_view lower, std::string_view any) {
  if (lower.size() != any.size()) return false;
  for (size_t i = 0; i < lower.size(); ++i) {
    char c = any[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (c != lower[i]) return false;
  }
  return true;
}

// The first eight bytes with the bit that makes letters lower-case. Of names of one length, up to
// eight letters, no two have the same but by case; bytes that are no letters share theirs.
uint64_t Fold(std::string_view name) {
  const char* bytes = name.data();
  const size_t size = name.size();
  uint64_t word = 0;
  if (size >= 8) {
    std::memcpy(&word, bytes, 8);
  } else if (size >= 4) {
    uint32_t first = 0;
    uint32_t last = 0;
    std::memcpy(&first, bytes, 4);
    std::memcpy(&last, bytes + size - 4, 4);
    word = first | uint64_t{last} << 32;
  } else if (size > 0) {
    const auto at = [&](size_t i) { return uint64_t{static_cast<unsigned char>(bytes[i])}; };
    word = at(0) | at(size / 2) << 8 | at(size - 1) << 16;
  }
  return word | 0x2020202020202020;
}

bool FoldTellsAll(std::string_view name) {
  return name.size() <= 8 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

void Check(const Command& command) {
  auto fail = [&](const char* why) {
    throw std::logic_error("command " + std::string(command.name) + ": " + why);
  };
  if (command.name.empty() || command.arity == 0) fail("no name or arity");
  if (command.handler == nullptr && command.subcommands.empty())
    fail("neither handler nor subcommands");
  if (command.scope == Scope::kKeys && command.keys[0].first == 0) fail("no key specification");
  if (command.summary.empty() || command.since.empty()) fail("no documentation");
  for (const Command& sub : command.subcommands) Check(sub);
}

}  // namespace

CommandTable::CommandTable(bool with_tests, const Names& renamed) : buckets_(kBuckets) {
  for (const CommandGroup& group : CommandGroups()) {
    for (const Command& command : group.rows()) {
      if ((command.flags & command_flag::kTest) && !with_tests) continue;
      const auto other = renamed.find(command.name);
      if (other == renamed.end()) {
        Add(command);
      } else if (!other->second.empty()) {
        AddRenamed(command, other->second);
      }
    }
  }
  std::sort(all_.begin(), all_.end(),
            [](const Command* a, const Command* b) { return a->name < b->name; });
}

void CommandTable::AddRenamed(const Command& command, const std::string& name) {
  auto& [text, row] = renamed_.emplace_back(name, command);
  row.name = text;
  Add(row);
}

void CommandTable::Add(const Command& command) {
  Check(command);
  if (Find(command.name) != nullptr) {
    throw std::logic_error("command " + std::string(command.name) + " twice");
  }
  const uint64_t folded = Fold(command.name);
  size_t at = IndexOf(folded, command.name.size());
  while (buckets_[at].command != nullptr) at = (at + 1) % kBuckets;
  buckets_[at] = {folded, command.name.size(), FoldTellsAll(command.name), &command};
  all_.push_back(&command);
}

const Command* CommandTable::Find(std::string_view name) const {
  const uint64_t folded = Fold(name);
  for (size_t at = IndexOf(folded, name.size()); buckets_[at].command != nullptr;
       at = (at + 1) % kBuckets) {
    const Bucket& bucket = buckets_[at];
    if (bucket.folded != folded || bucket.size != name.size()) continue;
    if (bucket.fold_tells_all || EqualFolded(bucket.command->name, name)) return bucket.command;
  }
  return nullptr;
}

const Command* CommandTable::FindSub(const Command& container, std::string_view word) {
  for (const Command& sub : container.subcommands) {
    if (EqualFolded(sub.name, word)) return &sub;
  }
  return nullptr;
}

std::string CommandTable::FullNameOf(const Command& command) const {
  for (const Command* container : all_) {
    for (const Command& sub : container->subcommands) {
      if (&sub == &command) return FullName(container, command);
    }
  }
  return FullName(nullptr, command);
}

Problem ReadCommandNames(const Config& config, CommandTable::Names* names) {
  const CommandTable all(false);
  CommandTable::Names read;
  const auto add = [&](std::string_view setting, const std::string& name,
                       const std::string& other) -> Problem {
    if (all.Find(name) == nullptr) return fmt::format("{}: no such command '{}'", setting, name);
    if (!read.emplace(name, other).second) {
      return fmt::format("{}: '{}' is named twice", setting, name);
    }
    return std::nullopt;
  };
  for (size_t i = 0; i + 1 < config.rename_command.size(); i += 2) {
    if (Problem problem =
            add("rename-command", config.rename_command[i], config.rename_command[i + 1])) {
      return problem;
    }
  }
  for (const std::string& name : config.disabled_commands) {
    if (Problem problem = add("disabled-commands", name, "")) return problem;
  }
  std::set<std::string_view> taken;
  for (const Command* command : all.all()) {
    const auto other = read.find(command->name);
    const std::string_view name = other == read.end() ? command->name : other->second;
    if (!name.empty() && !taken.insert(name).second) {
      return fmt::format("rename-command: there are two commands called '{}'", name);
    }
  }
  *names = std::move(read);
  return std::nullopt;
}

std::string FullName(const Command* container, const Command& command) {
  if (container == nullptr) return std::string(command.name);
  return std::string(container->name) + "|" + std::string(command.name);
}

}  // namespace replete
