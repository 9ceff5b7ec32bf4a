#include "config/row.h"

#include <fmt/format.h>

namespace replete {
namespace {

// 1048576 -> "1mb": bounds are round numbers and easier to read so.
std::string ReadableBytes(uint64_t bytes) {
  static constexpr std::string_view kUnits[] = {"", "kb", "mb", "gb"};
  size_t unit = 0;
  while (unit + 1 < std::size(kUnits) && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{}{}", bytes, kUnits[unit]);
}

}  // namespace

std::string ListWords(std::span<const Word> words) {
  std::string list;
  for (const Word& word : words) {
    if (!list.empty()) list += ", ";
    list += word.word;
  }
  return list;
}

std::string DescribeAllowed(ValueKind kind, int64_t min, uint64_t max,
                            std::span<const Word> words) {
  switch (kind) {
    case ValueKind::kInteger:
      return fmt::format("an integer from {} to {}", min, static_cast<int64_t>(max));
    case ValueKind::kOctal:
      return fmt::format("an octal number from {:o} to {:o}", min, max);
    case ValueKind::kMemory:
      return min == 0 ? "bytes, or with a unit such as 64kb, 512mb, 2gb"
                      : fmt::format("at least {}, in bytes or with a unit such as 64kb, 512mb, 2gb",
                                    ReadableBytes(static_cast<uint64_t>(min)));
    case ValueKind::kYesNo:
      return "yes or no";
    case ValueKind::kShare:
      return "a number from 0 to 1";
    case ValueKind::kWords:
      return "one of " + ListWords(words);
    case ValueKind::kText:
      return "any text";
    case ValueKind::kList:
      return "words";
  }
  return "";
}

}  // namespace replete
