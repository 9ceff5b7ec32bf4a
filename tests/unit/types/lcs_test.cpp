#include "core/types/lcs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace replete {
namespace {

std::string Text(const char* a, const char* b) { return LongestCommonSubsequence(a, b).text(); }

// By the definition: tries every subsequence of `a`, the longest first.
size_t Reference(const std::string& a, const std::string& b) {
  size_t longest = 0;
  for (uint32_t mask = 0; mask < 1u << a.size(); ++mask) {
    std::string chosen;
    for (size_t i = 0; i < a.size(); ++i) {
      if (mask >> i & 1) chosen += a[i];
    }
    size_t at = 0;
    for (const char c : b) at += at < chosen.size() && chosen[at] == c;
    if (at == chosen.size()) longest = std::max(longest, at);
  }
  return longest;
}

TEST(Lcs, FindsWhatRedisFinds) {
  EXPECT_EQ(Text("ohmytext", "mynewtext"), "mytext");
  EXPECT_EQ(Text("abc", "abc"), "abc");
  EXPECT_EQ(Text("abc", "xyz"), "");
  EXPECT_EQ(Text("", "abc"), "");
  EXPECT_EQ(Text("abc", ""), "");
  EXPECT_EQ(Text("ab", "ba"), "b") << "the second string is shortened first";
}

TEST(Lcs, RunsComeFromTheEnd) {
  const LongestCommonSubsequence common("ohmytext", "mynewtext");
  const auto runs = common.runs();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].a, 4u);
  EXPECT_EQ(runs[0].b, 5u);
  EXPECT_EQ(runs[0].size, 4u);
  EXPECT_EQ(runs[1].a, 2u);
  EXPECT_EQ(runs[1].b, 0u);
  EXPECT_EQ(runs[1].size, 2u);
}

TEST(Lcs, RandomStringsAgreeWithTheDefinition) {
  std::mt19937 random(11);
  const auto make = [&](size_t most) {
    std::string text;
    for (size_t n = random() % (most + 1); n > 0; --n)
      text += static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string a = make(9);
    const std::string b = make(12);
    const LongestCommonSubsequence common(a, b);
    ASSERT_EQ(common.length(), Reference(a, b)) << a << ' ' << b;
    ASSERT_EQ(LongestCommonSubsequence::Length(a, b), common.length()) << a << ' ' << b;
    ASSERT_EQ(common.text().size(), common.length());
    size_t sum = 0;
    for (const CommonRun& run : common.runs()) {
      sum += run.size;
      ASSERT_EQ(a.substr(run.a, run.size), b.substr(run.b, run.size)) << a << ' ' << b;
    }
    ASSERT_EQ(sum, common.length());
  }
}

// By the whole table, read from its end as redis-server does.
std::string ByTable(const std::string& a, const std::string& b) {
  std::vector<std::vector<int>> lengths(a.size() + 1, std::vector<int>(b.size() + 1));
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      lengths[i][j] = a[i - 1] == b[j - 1] ? lengths[i - 1][j - 1] + 1
                                           : std::max(lengths[i - 1][j], lengths[i][j - 1]);
    }
  }
  std::string found;
  for (size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      found += std::to_string(i) + ":" + std::to_string(j) + " ";
      --i, --j;
    } else {
      lengths[i - 1][j] > lengths[i][j - 1] ? --i : --j;
    }
  }
  return found;
}

TEST(Lcs, LongStringsAgreeWithTheTable) {
  std::mt19937 random(12);
  for (int round = 0; round < 300; ++round) {
    const unsigned letters = 1 + random() % 20;
    std::string texts[2];
    for (std::string& text : texts) {
      text.resize(random() % 300);
      for (char& c : text) c = static_cast<char>('\x90' + random() % letters);
    }
    const LongestCommonSubsequence common(texts[0], texts[1]);
    std::string found;
    for (const CommonRun& run : common.runs()) {
      for (size_t k = run.size; k > 0; --k) {
        found += std::to_string(run.a + k) + ":" + std::to_string(run.b + k) + " ";
      }
    }
    ASSERT_EQ(found, ByTable(texts[0], texts[1]))
        << "sizes " << texts[0].size() << ' ' << texts[1].size();
    ASSERT_EQ(LongestCommonSubsequence::Length(texts[0], texts[1]), common.length());
  }
}

TEST(Lcs, TheTablesSizeSaturates) {
  EXPECT_EQ(LongestCommonSubsequence::TableBytes(0, 0), 4u);
  EXPECT_EQ(LongestCommonSubsequence::TableBytes(9, 99), 4000u);
  EXPECT_EQ(LongestCommonSubsequence::TableBytes(size_t{1} << 40, size_t{1} << 40),
            std::numeric_limits<uint64_t>::max());
}

}  // namespace
}  // namespace replete
