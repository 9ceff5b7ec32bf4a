#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace replete {

// Bytes [a, a + size) of one string that stand at [b, b + size) of the other.
struct CommonRun {
  size_t a;
  size_t b;
  size_t size;
};

// A longest common subsequence of two strings, by the table of the lengths for all pairs of their
// beginnings (R. Wagner and M. Fischer, "The String-to-String Correction Problem", 1974). Of
// several that are equally long it is the one that redis-server answers: read from the end, the
// first string is shortened only where that keeps strictly more.
class LongestCommonSubsequence {
 public:
  // Memory and time grow with the product of the sizes: TableBytes. Throws std::bad_alloc. The
  // strings are kept by the caller.
  LongestCommonSubsequence(std::string_view a, std::string_view b);

  // What the table takes; saturates.
  static uint64_t TableBytes(size_t a, size_t b);
  // The length alone, in memory that grows with the second string only.
  static size_t Length(std::string_view a, std::string_view b);

  size_t length() const { return At(a_.size(), b_.size()); }
  std::string text() const;
  // What is common in runs as long as they are in the subsequence, the last one first.
  std::vector<CommonRun> runs() const;

 private:
  uint32_t At(size_t i, size_t j) const { return lengths_[i * (b_.size() + 1) + j]; }

  std::string_view a_;
  std::string_view b_;
  std::vector<uint32_t> lengths_;  // of the first i bytes of a and the first j of b
};

}  // namespace replete
