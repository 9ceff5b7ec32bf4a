#include "core/types/lcs.h"

#include <algorithm>
#include <limits>

namespace replete {
namespace {

// The row of the table that follows `above` when the first string is longer by `byte`. row[0] is 0.
void NextRow(char byte, std::string_view b, const uint32_t* above, uint32_t* row) {
  for (size_t j = 0; j < b.size(); ++j) {
    row[j + 1] = byte == b[j] ? above[j] + 1 : std::max(above[j + 1], row[j]);
  }
}

}  // namespace

LongestCommonSubsequence::LongestCommonSubsequence(std::string_view a, std::string_view b)
    : a_(a), b_(b), lengths_((a.size() + 1) * (b.size() + 1)) {
  const size_t width = b.size() + 1;
  for (size_t i = 0; i < a.size(); ++i) {
    NextRow(a[i], b, &lengths_[i * width], &lengths_[(i + 1) * width]);
  }
}

uint64_t LongestCommonSubsequence::TableBytes(size_t a, size_t b) {
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(uint64_t{a} + 1, uint64_t{b} + 1, &bytes) ||
      __builtin_mul_overflow(bytes, sizeof(uint32_t), &bytes)) {
    return std::numeric_limits<uint64_t>::max();
  }
  return bytes;
}

size_t LongestCommonSubsequence::Length(std::string_view a, std::string_view b) {
  std::vector<uint32_t> above(b.size() + 1);
  std::vector<uint32_t> row(b.size() + 1);
  for (const char byte : a) {
    NextRow(byte, b, above.data(), row.data());
    std::swap(above, row);
  }
  return above.back();
}

std::string LongestCommonSubsequence::text() const {
  std::string text(length(), '\0');
  auto end = text.end();
  for (const CommonRun& run : runs()) {
    end -= static_cast<std::ptrdiff_t>(run.size);
    std::copy_n(a_.begin() + run.a, run.size, end);
  }
  return text;
}

std::vector<CommonRun> LongestCommonSubsequence::runs() const {
  std::vector<CommonRun> runs;
  bool goes_on = false;  // the last run begins just behind where we are
  for (size_t i = a_.size(), j = b_.size(); i > 0 && j > 0;) {
    if (a_[i - 1] == b_[j - 1]) {
      --i, --j;
      if (goes_on) {
        CommonRun& run = runs.back();
        run = {i, j, run.size + 1};
      } else {
        runs.push_back({i, j, 1});
      }
      goes_on = true;
    } else {
      goes_on = false;
      At(i - 1, j) > At(i, j - 1) ? --i : --j;
    }
  }
  return runs;
}

}  // namespace replete
