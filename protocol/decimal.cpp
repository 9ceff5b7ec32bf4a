#include "protocol/decimal.h"

namespace replete {

char* decimal_internal::WriteLargeUnsigned(char* to, uint64_t value) {
  char digits[kMaxDecimalSize];
  char* first = digits + kMaxDecimalSize;
  while (value >= 100) {
    first -= 2;
    CopyPair(first, value % 100);
    value /= 100;
  }
  if (value >= 10) {
    first -= 2;
    CopyPair(first, value);
  } else {
    *--first = static_cast<char>('0' + value);
  }
  const auto size = static_cast<size_t>(digits + kMaxDecimalSize - first);
  std::memcpy(to, first, size);
  return to + size;
}

bool ParseCanonicalInt64(std::string_view text, int64_t* value) {
  if (text == "0") {
    *value = 0;
    return true;
  }
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) {
    text.remove_prefix(1);
  }
  // 19 digits hold every magnitude up to 2^63 and none of them overflows 64 unsigned bits.
  if (text.empty() || text.size() > 19 || text.front() < '1' || text.front() > '9') {
    return false;
  }
  uint64_t magnitude = 0;
  for (const char c : text) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(c)) - '0';
    if (digit > 9) {
      return false;
    }
    magnitude = magnitude * 10 + digit;
  }
  constexpr uint64_t kMost = uint64_t{1} << 63;
  if (magnitude > kMost || (magnitude == kMost && !negative)) {
    return false;
  }
  *value = static_cast<int64_t>(negative ? uint64_t{0} - magnitude : magnitude);
  return true;
}

}  // namespace replete
