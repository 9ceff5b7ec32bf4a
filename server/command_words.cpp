#include "server/command_words.h"

#include <fmt/format.h>

#include "core/types/number.h"
#include "server/command_context.h"

namespace replete::words {
namespace {

// As C's "%.*s": at most `most` bytes, and nothing from a NUL on.
std::string_view Quoted(std::string_view text, size_t most) {
  text = text.substr(0, most);
  return text.substr(0, text.find('\0'));
}

}  // namespace

std::string UnknownCommand(std::span<const std::string_view> args) {
  constexpr size_t kMost = 128;
  std::string list;
  for (size_t i = 1; i < args.size() && list.size() < kMost; ++i) {
    list += fmt::format("'{}' ", Quoted(args[i], kMost - list.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}",
                     Quoted(args[0], kMost), list);
}

std::string UnknownSubcommand(const Command& container, std::string_view word) {
  std::string upper(container.name);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", Quoted(word, 128), upper);
}

std::shared_ptr<Keyspace> Selected(const Command& command, std::span<const std::string_view> args,
                                   const NamespaceMap& map) {
  const bool selects = (command.flags & command_flag::kSelects) != 0;
  return selects ? map.Find(args.back()) : nullptr;
}

std::shared_ptr<Keyspace> Database(std::string_view number, const NamespaceMap& map) {
  int64_t value = 0;
  if (!ParseInt64(number, &value) || value < 0) return nullptr;
  const auto index = static_cast<size_t>(value);
  return index < map.databases.size() ? map.databases[index] : nullptr;
}

bool NamesNamespace(const Command& command, std::span<const std::string_view> args) {
  return args.size() >= 3 && WordIs(args[args.size() - 2], "ns") &&
         command.syntax.find("[NS name]") != std::string_view::npos;
}

Keyspace* OtherDatabase(const KeySpec& spec, std::span<const std::string_view> args,
                        const NamespaceMap& map) {
  if (spec.database_argument != 0) return Database(args[spec.database_argument], map).get();
  if (spec.database_option.empty()) return nullptr;
  Keyspace* last = nullptr;
  for (size_t i = 3; i + 1 < args.size(); ++i) {
    int64_t number = 0;
    if (!WordIs(args[i], spec.database_option) || !ParseInt64(args[i + 1], &number)) continue;
    last = Database(args[i + 1], map).get();
    if (last == nullptr) return nullptr;
  }
  return last;
}

}  // namespace replete::words
