#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/decimal.h"

// Numbers as values of keys: which texts count as numbers, and how a result is spelled. All rules
// are those of redis-server 7.0. The parsers leave *value alone when they return false.
namespace replete {

// Redis' string2ll: the canonical spelling only (no blanks, '+', "-0", leading zeros), in range.
inline bool ParseInt64(std::string_view text, int64_t* value) {
  return ParseCanonicalInt64(text, value);
}

// As ParseInt64, without a sign, up to 2^64-1.
bool ParseUint64(std::string_view text, uint64_t* value);

// Redis' string2ld and string2d: whatever strtold takes (exponents, hexadecimal, "inf"), but the
// whole text, no blank in front, no NaN, and no magnitude that overflows or vanishes. Text beyond 5
// KiB is no long double.
bool ParseLongDouble(std::string_view text, long double* value);
bool ParseDouble(std::string_view text, double* value);

inline constexpr size_t kInt64TextSize = 24;

// Writes the digits without a terminator and returns how many bytes they are.
inline size_t FormatInt64(int64_t value, char out[kInt64TextSize]) {
  return static_cast<size_t>(WriteSigned(out, value) - out);
}

// As INCRBYFLOAT stores and answers it: 17 decimals, trailing zeros dropped, never an exponent,
// never "-0".
std::string FormatLongDouble(long double value);

}  // namespace replete
