#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace replete {

// Whether two keys are the same. Short ones are compared in place, in words of which the last two
// overlap, and nothing beyond their ends is touched: the masked vector loads of memcmp reach into
// the next cache line, which is a miss of its own when the key is in an entry just fetched.
inline bool EqualBytes(std::string_view a, std::string_view b) {
  constexpr size_t kShort = 64;
  const auto differ = [&](size_t at, auto word) {
    auto other = word;
    std::memcpy(&word, a.data() + at, sizeof word);
    std::memcpy(&other, b.data() + at, sizeof other);
    return word != other;
  };
  const size_t size = a.size();
  if (size != b.size()) return false;
  if (size > kShort) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) {
    for (size_t at = 0; at + 8 < size; at += 8) {
      if (differ(at, uint64_t{})) return false;
    }
    return !differ(size - 8, uint64_t{});
  }
  if (size >= 4) return !differ(0, uint32_t{}) && !differ(size - 4, uint32_t{});
  for (size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

}  // namespace replete
