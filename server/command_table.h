#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/command.h"

namespace replete {

// All commands by name. Made once at start from the groups' rows, which it checks; then immutable.
class CommandTable {
 public:
  // `with_tests`: rows with command_flag::kTest too. Throws std::logic_error naming a row that is
  // wrong.
  explicit CommandTable(bool with_tests);
  CommandTable(const CommandTable&) = delete;
  CommandTable& operator=(const CommandTable&) = delete;

  // Any case; null when unknown.
  const Command* Find(std::string_view name) const;
  static const Command* FindSub(const Command& container, std::string_view word);
  // In alphabetic order.
  std::span<const Command* const> all() const { return all_; }

 private:
  struct Bucket {
    uint64_t folded = 0;  // the first eight letters in lower case
    const Command* command = nullptr;
  };
  static constexpr size_t kBuckets = 1024;

  void Add(const Command& command);
  static size_t IndexOf(uint64_t folded, size_t size) {
    return ((folded ^ size) * 0x9e3779b97f4a7c15u) >> 54;
  }

  std::vector<const Command*> all_;
  std::vector<Bucket> buckets_;
};

// "config|get" of a subcommand, "get" of a command.
std::string FullName(const Command* container, const Command& command);

}  // namespace replete
