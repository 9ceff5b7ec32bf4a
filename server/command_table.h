#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "server/command.h"

namespace replete {

// All commands by name. Made once at start from the groups' rows, which it checks; then immutable.
class CommandTable {
 public:
  // New names of commands, both in lower case; empty: the command is not there.
  using Names = std::map<std::string, std::string, std::less<>>;

  // `with_tests`: rows with command_flag::kTest too. Throws std::logic_error naming a row that is
  // wrong.
  explicit CommandTable(bool with_tests, const Names& renamed = {});
  CommandTable(const CommandTable&) = delete;
  CommandTable& operator=(const CommandTable&) = delete;

  // Any case; null when unknown.
  const Command* Find(std::string_view name) const;
  static const Command* FindSub(const Command& container, std::string_view word);
  // As FullName, of a row of this table.
  std::string FullNameOf(const Command& command) const;
  // In alphabetic order.
  std::span<const Command* const> all() const { return all_; }

 private:
  struct Bucket {
    uint64_t folded = 0;  // the first eight letters in lower case
    size_t size = 0;      // of the name
    bool fold_tells_all = false;
    const Command* command = nullptr;
  };
  static constexpr size_t kBuckets = 1024;

  void Add(const Command& command);
  void AddRenamed(const Command& command, const std::string& name);
  static size_t IndexOf(uint64_t folded, size_t size) {
    return ((folded ^ size) * 0x9e3779b97f4a7c15u) >> 54;
  }

  std::vector<const Command*> all_;
  std::list<std::pair<std::string, Command>> renamed_;  // names that the rows refer to
  std::vector<Bucket> buckets_;
};

// What rename-command and disabled-commands say. The problem names a command that there is not, one
// that is named twice, or a name that is taken.
[[nodiscard]] Problem ReadCommandNames(const Config& config, CommandTable::Names* names);

// "config|get" of a subcommand, "get" of a command.
std::string FullName(const Command* container, const Command& command);

}  // namespace replete
