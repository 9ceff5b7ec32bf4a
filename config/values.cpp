#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace replete {
namespace {

char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// 0 when there is no such unit.
uint64_t UnitSize(std::string_view unit) {
  if (unit.empty() || SameWord(unit, "b")) return 1;
  if (SameWord(unit, "k")) return 1000;
  if (SameWord(unit, "kb")) return 1024;
  if (SameWord(unit, "m")) return 1000ULL * 1000;
  if (SameWord(unit, "mb")) return 1024ULL * 1024;
  if (SameWord(unit, "g")) return 1000ULL * 1000 * 1000;
  if (SameWord(unit, "gb")) return 1024ULL * 1024 * 1024;
  return 0;
}

template <typename Number>
Problem CheckRange(Number value, Number min, Number max) {
  if (value >= min && value <= max) return std::nullopt;
  return fmt::format("argument must be between {} and {} inclusive", min, max);
}

}  // namespace

char FoldNameChar(char c) { return c == '_' ? '-' : LowerChar(c); }

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return FoldNameChar(x) == FoldNameChar(y); });
}

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return LowerChar(x) == LowerChar(y); });
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerChar);
  return lower;
}

Problem ParseInteger(std::string_view text, int64_t min, int64_t max, int64_t* out) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const bool negative = digits.size() != text.size();
  const bool leading_zero = digits.starts_with('0') && (digits.size() > 1 || negative);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || leading_zero || error != std::errc() || end != text.data() + text.size()) {
    return "argument couldn't be parsed into an integer";
  }
  if (Problem problem = CheckRange(value, min, max)) return problem;
  *out = value;
  return std::nullopt;
}

Problem ParseOctal(std::string_view text, int64_t min, int64_t max, int64_t* out) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return "argument couldn't be parsed as an octal number";
  }
  if (value < min || value > max) {
    return fmt::format("argument must be between {:o} and {:o} inclusive", min, max);
  }
  *out = value;
  return std::nullopt;
}

std::string FormatOctal(int64_t value) { return fmt::format("{:o}", value); }

Problem ParseMemory(std::string_view text, uint64_t min, uint64_t max, uint64_t* out) {
  static constexpr char kNotMemory[] = "argument must be a memory value";
  const auto unit_at = std::find_if_not(text.begin(), text.end(), IsDigit);
  const auto digit_count = static_cast<size_t>(unit_at - text.begin());
  const uint64_t unit = UnitSize(text.substr(digit_count));
  if (unit == 0) return kNotMemory;
  uint64_t number = 0;
  if (digit_count > 0) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + digit_count, number);
    if (error != std::errc()) return kNotMemory;
  }
  if (number > std::numeric_limits<uint64_t>::max() / unit) return kNotMemory;
  const uint64_t bytes = number * unit;
  if (Problem problem = CheckRange(bytes, min, max)) return problem;
  *out = bytes;
  return std::nullopt;
}

Problem ParseYesNo(std::string_view text, bool* out) {
  if (!SameWord(text, "yes") && !SameWord(text, "no")) return "argument must be 'yes' or 'no'";
  *out = SameWord(text, "yes");
  return std::nullopt;
}

std::string_view FormatYesNo(bool value) { return value ? "yes" : "no"; }

Problem ParseShare(std::string_view text, double* out) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // Written so that a NaN fails too.
  const bool in_range = value >= 0 && value <= 1;
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !in_range) {
    return "argument must be a number between 0 and 1 inclusive";
  }
  *out = value;
  return std::nullopt;
}

std::vector<std::string_view> SplitAtBlanks(std::string_view text) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  for (;;) {
    const size_t blank = text.find(' ');
    parts.push_back(text.substr(0, blank));
    if (blank == std::string_view::npos) return parts;
    text.remove_prefix(blank + 1);
  }
}

std::string JoinWithBlanks(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += ' ';
    joined += part;
  }
  return joined;
}

}  // namespace replete
