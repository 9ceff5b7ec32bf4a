#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/command.h"

namespace replete {

// The kinds of arguments that COMMAND DOCS knows.
enum class ArgumentType {
  kString,
  kInteger,
  kDouble,
  kKey,
  kPattern,
  kUnixTime,
  kPureToken,  // a word that stands for itself
  kOneOf,      // one of `arguments`
  kBlock,      // `arguments` in this order
};

// One argument of a command as Redis documents it; with its parts a tree.
struct Argument {
  std::string name;
  ArgumentType type = ArgumentType::kString;
  std::string token;  // the word in front of the value, or the pure token; empty: none
  int key_spec = -1;  // which of the command's key specifications it belongs to
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;  // each further one has the token in front again
  std::vector<Argument> arguments;

  bool operator==(const Argument&) const = default;
};

// Reads a row's `syntax`, which is written as in Redis' documentation:
//   word        a value, called so; its type follows from its name
//   WORD        a token: the values behind it, up to the next token, belong to it
//   [ ]         optional
//   < >         a group
//   a | b       alternatives
//   x [x ...]   once or more; also "a b [a b ...]" and "P x [P x ...]"
//   [x ...]     any number
//   x ...       once or more
//
// False when brackets do not match or a part is empty; then *arguments is unspecified.
[[nodiscard]] bool ParseSyntax(std::string_view syntax, std::vector<Argument>* arguments);

// The arguments of a row, with those marked as keys that its key specifications name. A wrong
// syntax gives none. `subcommand`: the row is one, so its arguments begin a word later.
std::vector<Argument> ArgumentsOf(const Command& command, bool subcommand);

std::string_view ArgumentTypeName(ArgumentType type);

}  // namespace replete
