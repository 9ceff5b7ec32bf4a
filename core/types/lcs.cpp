#include "core/types/lcs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace replete {
namespace {

constexpr size_t kWordBits = 64;

size_t WordsFor(size_t bits) { return (bits + kWordBits - 1) / kWordBits; }

// For each byte value of one string, where it stands in the other: a bit a place.
class Places {
 public:
  Places(std::string_view values, std::string_view text) : words_(WordsFor(text.size())) {
    uint16_t different = 0;
    for (const char value : values) {
      uint16_t& at = index_[static_cast<uint8_t>(value)];
      if (at == 0) at = ++different;
    }
    bits_.resize(different * words_);
    for (size_t j = 0; j < text.size(); ++j) {
      const uint16_t at = index_[static_cast<uint8_t>(text[j])];
      if (at != 0) bits_[(at - 1) * words_ + j / kWordBits] |= uint64_t{1} << (j % kWordBits);
    }
  }
  // `value` is one of the values.
  const uint64_t* Of(char value) const {
    return &bits_[(index_[static_cast<uint8_t>(value)] - size_t{1}) * words_];
  }
  size_t words() const { return words_; }

 private:
  size_t words_;
  std::array<uint16_t, 256> index_{};  // of the value's bits, from 1; 0: not among the values
  std::vector<uint64_t> bits_;
};

// The row that follows `above` when the first string is longer by a byte that stands at `places` of
// the second. Both may be the same.
void NextRow(const uint64_t* above, const uint64_t* places, size_t words, uint64_t* row) {
  uint64_t carry = 0;
  for (size_t i = 0; i < words; ++i) {
    const uint64_t old = above[i];
    const uint64_t met = old & places[i];
    uint64_t sum = 0;
    const bool first = __builtin_add_overflow(old, met, &sum);
    const bool second = __builtin_add_overflow(sum, carry, &sum);
    carry = static_cast<uint64_t>(first || second);
    row[i] = sum | (old & ~places[i]);
  }
}

// Clear bits among the first `bits`.
size_t CountClear(const uint64_t* row, size_t bits) {
  size_t set = 0;
  for (size_t i = 0; i < bits / kWordBits; ++i) set += static_cast<size_t>(std::popcount(row[i]));
  if (const size_t rest = bits % kWordBits; rest != 0) {
    set += static_cast<size_t>(std::popcount(row[bits / kWordBits] & ((uint64_t{1} << rest) - 1)));
  }
  return bits - set;
}

}  // namespace

LongestCommonSubsequence::LongestCommonSubsequence(std::string_view a, std::string_view b)
    : a_(a), b_(b), words_(WordsFor(b.size())), rows_((a.size() + 1) * words_, ~uint64_t{0}) {
  if (words_ == 0) return;
  const Places places(a, b);
  for (size_t i = 0; i < a.size(); ++i) {
    NextRow(&rows_[i * words_], places.Of(a[i]), words_, &rows_[(i + 1) * words_]);
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
  if (b.empty()) return 0;
  const Places places(a, b);
  std::vector<uint64_t> row(places.words(), ~uint64_t{0});
  for (const char byte : a) NextRow(row.data(), places.Of(byte), row.size(), row.data());
  return CountClear(row.data(), b.size());
}

size_t LongestCommonSubsequence::LengthAt(size_t i, size_t j) const {
  return words_ == 0 ? 0 : CountClear(&rows_[i * words_], j);
}

std::string LongestCommonSubsequence::text() const {
  std::string text(length(), '\0');
  auto end = text.end();
  for (const CommonRun& run : runs()) {
    end -= static_cast<std::ptrdiff_t>(run.size);
    std::copy_n(a_.begin() + static_cast<std::ptrdiff_t>(run.a), run.size, end);
  }
  return text;
}

std::vector<CommonRun> LongestCommonSubsequence::runs() const {
  std::vector<CommonRun> runs;
  if (a_.empty() || b_.empty()) return runs;
  size_t i = a_.size();
  size_t j = b_.size();
  size_t here = LengthAt(i, j);
  size_t above = LengthAt(i - 1, j);
  bool goes_on = false;  // the last run begins just behind where we are
  // A byte of either string less; `above` is 0 where i is.
  const auto shorten_b = [&] {
    --j;
    here -= StepAt(i, j);
    above -= StepAt(i - 1, j);
  };
  const auto shorten_a = [&] {
    --i;
    here = above;
    above = i == 0 ? 0 : LengthAt(i - 1, j);
  };
  while (i > 0 && j > 0) {
    if (a_[i - 1] == b_[j - 1]) {
      shorten_b();
      shorten_a();
      if (goes_on) {
        CommonRun& run = runs.back();
        run = {i, j, run.size + 1};
      } else {
        runs.push_back({i, j, 1});
      }
      goes_on = true;
    } else {
      goes_on = false;
      above > here - StepAt(i, j - 1) ? shorten_a() : shorten_b();
    }
  }
  return runs;
}

}  // namespace replete
