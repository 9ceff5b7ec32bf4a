#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace replete {

// "-9223372036854775808" or "18446744073709551615".
inline constexpr size_t kMaxDecimalSize = 20;

namespace decimal_internal {

struct DigitPairs {
  char text[200];
  constexpr DigitPairs() : text() {
    for (size_t i = 0; i < 100; ++i) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
inline constexpr DigitPairs kDigitPairs;

inline void CopyPair(char* to, uint64_t pair) { std::memcpy(to, kDigitPairs.text + 2 * pair, 2); }

char* WriteLargeUnsigned(char* to, uint64_t value);

}  // namespace decimal_internal

// Writes the digits of `value` (up to kMaxDecimalSize bytes, no terminator) and returns the end.
// Numbers below 10000, which most replies and lengths are, take a few instructions.
inline char* WriteUnsigned(char* to, uint64_t value) {
  if (value < 10) {
    *to = static_cast<char>('0' + value);
    return to + 1;
  }
  if (value < 100) {
    decimal_internal::CopyPair(to, value);
    return to + 2;
  }
  if (value < 1000) {
    *to = static_cast<char>('0' + value / 100);
    decimal_internal::CopyPair(to + 1, value % 100);
    return to + 3;
  }
  if (value < 10000) {
    decimal_internal::CopyPair(to, value / 100);
    decimal_internal::CopyPair(to + 2, value % 100);
    return to + 4;
  }
  return decimal_internal::WriteLargeUnsigned(to, value);
}

inline char* WriteSigned(char* to, int64_t value) {
  if (value < 0) {
    *to++ = '-';
    return WriteUnsigned(to, uint64_t{0} - static_cast<uint64_t>(value));
  }
  return WriteUnsigned(to, static_cast<uint64_t>(value));
}

// The integers that Redis takes as such (its string2ll): only the one canonical spelling of a
// number is accepted, so no sign '+', no "-0", no leading zeros, no blanks. False leaves *value
// alone.
bool ParseCanonicalInt64(std::string_view text, int64_t* value);

}  // namespace replete
