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
// beginnings (R. Wagner and M. Fischer, "The String-to-String Correction Problem", 1974), of which
// only the steps along a row are kept, a bit each, and 64 are computed at once (H. Hyyro,
// "Bit-Parallel LCS-length Computation Revisited", 2004). Of several that are equally long it is
// the one that redis-server answers: read from the end, the first string is shortened only where
// that keeps strictly more.
class LongestCommonSubsequence {
 public:
  // Time grows with the product of the sizes, memory with an eighth of it. Throws std::bad_alloc.
  // The strings are kept by the caller.
  LongestCommonSubsequence(std::string_view a, std::string_view b);

  // What redis-server's table of 32-bit lengths takes; saturates.
  static uint64_t TableBytes(size_t a, size_t b);
  // The length alone, in one row's memory.
  static size_t Length(std::string_view a, std::string_view b);

  size_t length() const { return LengthAt(a_.size(), b_.size()); }
  std::string text() const;
  // What is common in runs as long as they are in the subsequence, the last one first.
  std::vector<CommonRun> runs() const;

 private:
  // Of the first i bytes of a and the first j of b. Time grows with j.
  size_t LengthAt(size_t i, size_t j) const;
  // By how much one byte of b more (its j-th) lengthens it beside the first i of a: 0 or 1.
  size_t StepAt(size_t i, size_t j) const { return ~rows_[i * words_ + j / 64] >> (j % 64) & 1; }

  std::string_view a_;
  std::string_view b_;
  size_t words_;                // of a row
  std::vector<uint64_t> rows_;  // a.size() + 1 of them; bit j is clear where StepAt(i, j) is 1
};

}  // namespace replete
