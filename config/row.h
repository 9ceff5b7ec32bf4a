#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/problem.h"
#include "config/values.h"

namespace replete {

// A table of settings is an array of rows, one row a setting; Owner is the struct that holds the
// typed value (Config, NamespaceSettings). Parsing, printing, CONFIG GET/SET, the command line and
// the help text all read the row, so nothing about a setting is written twice.
//
// A row is made by the function for its member's type, which fills kind, range and accessors:
//   IntegerRow<&Config::port>(0, 65535, {.name = "port", .section = "server", .doc = "..."})

enum class ValueKind : uint8_t { kInteger, kOctal, kMemory, kYesNo, kShare, kWords, kText, kList };

enum class Change : uint8_t {
  kLive,       // at any time
  kAtStart,    // when the daemon starts, when the namespace is created
  kProtected,  // live, but only where enable-protected-configs allows it
};

struct Word {
  std::string_view word;
  int value;
};

template <typename Owner>
struct Row {
  std::string_view name;        // canonical spelling
  std::string_view alias = {};  // an older name, equally good
  std::string_view section = {};
  Change change = Change::kLive;
  bool sensitive = false;   // never shown in logs or by NAMESPACE INFO
  bool repeatable = false;  // several values: words at the command line, repeated options elsewhere
  bool available = true;    // false: a setting of a later version, refused by name
  std::string_view doc = {};
  std::string_view allowed = {};      // in words, where kind and range do not say it
  std::string_view default_doc = {};  // in words, where the default depends on the machine

  ValueKind kind = ValueKind::kText;
  int64_t min = 0;
  uint64_t max = 0;
  std::span<const Word> words = {};
  // Writes the value only on success. Null only where `available` is false.
  Problem (*set)(const Row& row, std::string_view text, Owner* owner) = nullptr;
  std::string (*get)(const Owner& owner) = nullptr;
};

namespace row_detail {
template <typename T>
struct Member;
template <typename O, typename V>
struct Member<V O::*> {
  using Owner = O;
  using Value = V;
};
}  // namespace row_detail

template <auto kMember>
using OwnerOf = typename row_detail::Member<decltype(kMember)>::Owner;
template <auto kMember>
using ValueOf = typename row_detail::Member<decltype(kMember)>::Value;

template <auto kMember>
constexpr Row<OwnerOf<kMember>> IntegerRow(int64_t min, int64_t max, Row<OwnerOf<kMember>> row) {
  using Owner = OwnerOf<kMember>;
  row.kind = ValueKind::kInteger;
  row.min = min;
  row.max = static_cast<uint64_t>(max);
  row.set = [](const Row<Owner>& self, std::string_view text, Owner* owner) -> Problem {
    int64_t value = 0;
    Problem problem = ParseInteger(text, self.min, static_cast<int64_t>(self.max), &value);
    if (!problem) owner->*kMember = static_cast<ValueOf<kMember>>(value);
    return problem;
  };
  row.get = [](const Owner& owner) { return std::to_string(owner.*kMember); };
  return row;
}

template <auto kMember>
constexpr Row<OwnerOf<kMember>> OctalRow(int64_t min, int64_t max, Row<OwnerOf<kMember>> row) {
  using Owner = OwnerOf<kMember>;
  row.kind = ValueKind::kOctal;
  row.min = min;
  row.max = static_cast<uint64_t>(max);
  row.set = [](const Row<Owner>& self, std::string_view text, Owner* owner) -> Problem {
    int64_t value = 0;
    Problem problem = ParseOctal(text, self.min, static_cast<int64_t>(self.max), &value);
    if (!problem) owner->*kMember = static_cast<ValueOf<kMember>>(value);
    return problem;
  };
  row.get = [](const Owner& owner) { return FormatOctal(owner.*kMember); };
  return row;
}

template <auto kMember>
constexpr Row<OwnerOf<kMember>> MemoryRow(int64_t min, uint64_t max, Row<OwnerOf<kMember>> row) {
  using Owner = OwnerOf<kMember>;
  static_assert(std::is_same_v<ValueOf<kMember>, uint64_t>);
  row.kind = ValueKind::kMemory;
  row.min = min;
  row.max = max;
  row.set = [](const Row<Owner>& self, std::string_view text, Owner* owner) -> Problem {
    return ParseMemory(text, static_cast<uint64_t>(self.min), self.max, &(owner->*kMember));
  };
  row.get = [](const Owner& owner) { return std::to_string(owner.*kMember); };
  return row;
}

template <auto kMember>
constexpr Row<OwnerOf<kMember>> YesNoRow(Row<OwnerOf<kMember>> row) {
  using Owner = OwnerOf<kMember>;
  row.kind = ValueKind::kYesNo;
  row.set = [](const Row<Owner>&, std::string_view text, Owner* owner) -> Problem {
    return ParseYesNo(text, &(owner->*kMember));
  };
  row.get = [](const Owner& owner) { return std::string(FormatYesNo(owner.*kMember)); };
  return row;
}

// As YesNoRow, and takes TOML's true and false too.
template <auto kMember>
constexpr Row<OwnerOf<kMember>> FlagRow(Row<OwnerOf<kMember>> row) {
  using Owner = OwnerOf<kMember>;
  row = YesNoRow<kMember>(row);
  row.set = [](const Row<Owner>&, std::string_view text, Owner* owner) -> Problem {
    if (SameWord(text, "true")) text = "yes";
    if (SameWord(text, "false")) text = "no";
    return ParseYesNo(text, &(owner->*kMember));
  };
  return row;
}

template <auto kMember>
constexpr Row<OwnerOf<kMember>> TextRow(Row<OwnerOf<kMember>> row) {
  using Owner = OwnerOf<kMember>;
  row.kind = ValueKind::kText;
  row.set = [](const Row<Owner>&, std::string_view text, Owner* owner) -> Problem {
    owner->*kMember = std::string(text);
    return std::nullopt;
  };
  row.get = [](const Owner& owner) { return owner.*kMember; };
  return row;
}

// "a, b, c"
std::string ListWords(std::span<const Word> words);

// An enum; kWords is a constexpr array of Word, so that the accessors need no state.
template <auto kMember, const auto& kWordTable>
constexpr Row<OwnerOf<kMember>> WordsRow(Row<OwnerOf<kMember>> row) {
  using Owner = OwnerOf<kMember>;
  row.kind = ValueKind::kWords;
  row.words = kWordTable;
  row.set = [](const Row<Owner>& self, std::string_view text, Owner* owner) -> Problem {
    for (const Word& word : self.words) {
      if (!SameWord(word.word, text)) continue;
      owner->*kMember = static_cast<ValueOf<kMember>>(word.value);
      return std::nullopt;
    }
    return "argument(s) must be one of the following: " + ListWords(self.words);
  };
  row.get = [](const Owner& owner) {
    for (const Word& word : kWordTable) {
      if (word.value == static_cast<int>(owner.*kMember)) return std::string(word.word);
    }
    return std::string();
  };
  return row;
}

// The row of that name or alias in either spelling and any case; null when there is none.
template <typename Owner>
const Row<Owner>* FindRow(std::span<const Row<Owner>> table, std::string_view name) {
  for (const Row<Owner>& row : table) {
    if (SameName(row.name, name) || (!row.alias.empty() && SameName(row.alias, name))) return &row;
  }
  return nullptr;
}

// What a value may be, in words: "an integer from 0 to 65535".
std::string DescribeAllowed(ValueKind kind, int64_t min, uint64_t max, std::span<const Word> words);

template <typename Owner>
std::string DescribeAllowed(const Row<Owner>& row) {
  if (!row.allowed.empty()) return std::string(row.allowed);
  return DescribeAllowed(row.kind, row.min, row.max, row.words);
}

}  // namespace replete
