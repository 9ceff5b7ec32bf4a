#include "core/types/number.h"

#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace replete {
namespace {

// Redis' MAX_LONG_DOUBLE_CHARS: the largest long double has 4933 digits before the point.
constexpr size_t kLongDoubleSize = 5120;

double StringTo(const char* text, char** end, double) { return std::strtod(text, end); }
long double StringTo(const char* text, char** end, long double) { return std::strtold(text, end); }

// `text` is `size` bytes and a NUL.
template <class Real>
bool ParseReal(const char* text, size_t size, Real* value) {
  if (size == 0 || std::isspace(static_cast<unsigned char>(text[0]))) return false;
  char* end = nullptr;
  errno = 0;
  const Real result = StringTo(text, &end, Real{});
  if (static_cast<size_t>(end - text) != size || std::isnan(result)) return false;
  // A denormal result sets ERANGE too and is taken.
  if (errno == ERANGE && (std::isinf(result) || result == Real{0})) return false;
  *value = result;
  return true;
}

}  // namespace

bool ParseUint64(std::string_view text, uint64_t* value) {
  if (text.empty() || text.size() > kMaxDecimalSize) return false;
  if (text.front() == '0' && text.size() > 1) return false;
  uint64_t result = 0;
  for (const char c : text) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(c)) - '0';
    if (digit > 9) return false;
    if (__builtin_mul_overflow(result, uint64_t{10}, &result)) return false;
    if (__builtin_add_overflow(result, uint64_t{digit}, &result)) return false;
  }
  *value = result;
  return true;
}

bool ParseLongDouble(std::string_view text, long double* value) {
  std::array<char, kLongDoubleSize> copy;
  if (text.empty() || text.size() >= copy.size()) return false;
  std::memcpy(copy.data(), text.data(), text.size());
  copy[text.size()] = '\0';
  return ParseReal(copy.data(), text.size(), value);
}

bool ParseDouble(std::string_view text, double* value) {
  std::array<char, 128> copy;
  if (text.size() >= copy.size()) {
    const std::string longer(text);
    return ParseReal(longer.c_str(), longer.size(), value);
  }
  if (text.empty()) return false;
  std::memcpy(copy.data(), text.data(), text.size());
  copy[text.size()] = '\0';
  return ParseReal(copy.data(), text.size(), value);
}

std::string FormatLongDouble(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, kLongDoubleSize> text;
  const int printed = std::snprintf(text.data(), text.size(), "%.17Lf", value);
  std::string_view result(text.data(), static_cast<size_t>(printed));
  if (result.find('.') != std::string_view::npos) {
    result = result.substr(0, result.find_last_not_of('0') + 1);
    if (result.back() == '.') result.remove_suffix(1);
  }
  return std::string(result == "-0" ? "0" : result);
}

}  // namespace replete
