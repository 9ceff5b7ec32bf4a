#include "server/command_table.h"

#include <algorithm>
#include <cstring>
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

// Up to eight bytes with the bit that makes letters lower-case: a hash, not an identity.
uint64_t Fold(std::string_view name) {
  uint64_t word = 0;
  std::memcpy(&word, name.data(), std::min<size_t>(name.size(), 8));
  return word | 0x2020202020202020;
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

CommandTable::CommandTable(bool with_tests) : buckets_(kBuckets) {
  for (const CommandGroup& group : CommandGroups()) {
    for (const Command& command : group.rows()) {
      if ((command.flags & command_flag::kTest) && !with_tests) continue;
      Add(command);
    }
  }
  std::sort(all_.begin(), all_.end(),
            [](const Command* a, const Command* b) { return a->name < b->name; });
}

void CommandTable::Add(const Command& command) {
  Check(command);
  if (Find(command.name) != nullptr) {
    throw std::logic_error("command " + std::string(command.name) + " twice");
  }
  const uint64_t folded = Fold(command.name);
  size_t at = IndexOf(folded, command.name.size());
  while (buckets_[at].command != nullptr) at = (at + 1) % kBuckets;
  buckets_[at] = {folded, &command};
  all_.push_back(&command);
}

const Command* CommandTable::Find(std::string_view name) const {
  const uint64_t folded = Fold(name);
  for (size_t at = IndexOf(folded, name.size()); buckets_[at].command != nullptr;
       at = (at + 1) % kBuckets) {
    if (buckets_[at].folded == folded && EqualFolded(buckets_[at].command->name, name)) {
      return buckets_[at].command;
    }
  }
  return nullptr;
}

const Command* CommandTable::FindSub(const Command& container, std::string_view word) {
  for (const Command& sub : container.subcommands) {
    if (EqualFolded(sub.name, word)) return &sub;
  }
  return nullptr;
}

std::string FullName(const Command* container, const Command& command) {
  if (container == nullptr) return std::string(command.name);
  return std::string(container->name) + "|" + std::string(command.name);
}

}  // namespace replete
