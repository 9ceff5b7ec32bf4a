#include "core/types/glob.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <cctype>
#include <chrono>
#include <random>
#include <string>

namespace replete {
namespace {

struct Row {
  std::string_view pattern;
  std::string_view text;
  bool match;
};

// What redis-server 7.0.15 answered to KEYS with one key in the database.
constexpr Row kRows[] = {
    {"a*", "a", true},
    {"a*", "", false},
    {"**", "", false},
    {"", "", true},
    {"", "a", false},
    {"a", "a", true},
    {"a", "ab", false},
    {"ab", "a", false},
    {"?", "a", true},
    {"?", "", false},
    {"??", "a", false},
    {"*b*", "abc", true},
    {"*c", "abc", true},
    {"*d", "abc", false},
    {"a**c", "abc", true},
    {"a*c*", "abc", true},
    {"***", "a", true},
    {"*?", "a", true},
    {"?*?", "a", false},
    {"*?*?*", "ab", true},
    {"h[ae]llo", "hello", true},
    {"h[ae]llo", "hillo", false},
    {"h[^e]llo", "hallo", true},
    {"h[^e]llo", "hello", false},
    {"h[a-b]llo", "hbllo", true},
    {"h[b-a]llo", "hallo", true},
    {"h[a-b]llo", "hcllo", false},
    {"[^a-c]", "b", false},
    {"[^c-a]", "d", true},
    {"[a-]", "a", true},
    {"[a-]", "-", false},
    {"[a-]", "]", true},
    {"[a-]", "_", true},
    {"[-a]", "-", true},
    {"[a-c-e]", "d", false},
    {"[a-c-e]", "-", true},
    {"[a-c-e]", "e", true},
    {"[]", "]", false},
    {"[]a]", "]a", false},
    {"[]a]", "a", false},
    {"[]", "a", false},
    {"[^]", "a", true},
    {"[^]a", "ba", true},
    {"[^", "a", true},
    {"[", "[", false},
    {"[", "a", false},
    {"[a", "a", true},
    {"[a", "b", false},
    {"[ab", "b", true},
    {"[^a", "b", true},
    {"[a-", "-", true},
    {"[a-", "a", true},
    {"[a-c", "b", true},
    {"[a-c", "d", false},
    {"x[", "x[", false},
    {"x[^", "xy", true},
    {"*[", "a[", false},
    {"*[a", "ba", true},
    {"[a]*", "abc", true},
    {"[\\]]", "]", true},
    {"[\\]", "]", true},
    {"[\\]", "\\", false},
    {"[\\", "\\", true},
    {"[\\", "a", false},
    {"[a\\", "\\", true},
    {"[\\a-c]", "b", false},
    {"[\\a-c]", "-", true},
    {"[\\a-c]", "c", true},
    {"[a-\\]", "]", true},
    {"[a-\\c]", "b", false},
    {"[a-\\c]", "c", true},
    {"[^\\^]", "^", false},
    {"[\\^a]", "^", true},
    {"[^^]", "^", false},
    {"[a^]", "^", true},
    {"[*]", "*", true},
    {"[*]", "a", false},
    {"[?]", "?", true},
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"\\", "\\", true},
    {"a\\", "a\\", true},
    {"\\\\", "\\", true},
    {"\\a", "a", true},
    {"\\[a]", "[a]", true},
    {"*\\*", "a*", true},
    {"*\\*", "ab", false},
    {"\\?", "?", true},
    {"A", "a", false},
    {"[A-Z]", "a", false},
    {"[\200-\377]", "\303", true},
    {"[a-\377]", "b", false},
    {"[a-\377]", "\020", true},
    {"[a-\377]", "\376", false},
    {"?", "\377", true},
    {"[\377-a]", "A", true},
    {"user:*:name", "user:1:name", true},
    {"user:*:name", "user::name", true},
    {"user:*:name", "user:1:names", false},
    {"*a*a*b", "aaab", true},
    {"*ab*ab", "abab", true},
    {"*ab*ab", "abaab", true},
    {"*ab*ab", "abb", false},
    {"a*b*c*d", "abxcdd", true},
    {"*[a-c]", "xyzb", true},
    {"*[^a-c]*x", "aaax", false},
    {"*?b", "b", false},
    {"*?b", "ab", true},
    {"a]", "a]", true},
    {"a-c", "a-c", true},
    {"a^", "a^", true},
};

TEST(Glob, DecidesAsRedisDoes) {
  for (const Row& row : kRows) {
    EXPECT_EQ(GlobMatch(row.pattern, row.text), row.match) << row.pattern << " on " << row.text;
  }
}

// The same language, told differently: the bytes an element takes as a set, stars by recursion.
std::bitset<256> TakeElement(std::string_view* pattern, bool nocase) {
  std::bitset<256> taken;
  auto add_if = [&](auto&& condition) {
    for (int c = 0; c < 256; ++c) {
      if (condition(static_cast<int>(static_cast<signed char>(c))))
        taken.set(static_cast<size_t>(c));
    }
  };
  auto fold = [&](int c) { return nocase ? std::tolower(c) : c; };
  auto number = [](char c) { return static_cast<int>(static_cast<signed char>(c)); };
  auto next = [&] {
    int c = number(pattern->front());
    pattern->remove_prefix(1);
    return c;
  };
  int first = next();
  if (first == '?') return taken.set();
  if (first != '[') {
    if (first == '\\' && !pattern->empty()) first = next();
    add_if([&](int c) { return fold(c) == fold(first); });
    return taken;
  }
  const bool negated = !pattern->empty() && pattern->front() == '^';
  if (negated) next();
  while (!pattern->empty()) {
    int from = next();
    if (from == '\\' && !pattern->empty()) {
      int exactly = next();
      add_if([&](int c) { return c == exactly; });
    } else if (from == ']') {
      break;
    } else if (pattern->size() >= 2 && pattern->front() == '-') {
      next();
      int to = next();
      if (from > to) std::swap(from, to);
      add_if([&](int c) { return fold(c) >= fold(from) && fold(c) <= fold(to); });
    } else {
      add_if([&](int c) { return fold(c) == fold(from); });
    }
  }
  return negated ? ~taken : taken;
}

bool Recursive(std::string_view pattern, std::string_view text, bool nocase) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (Recursive(pattern.substr(1), text.substr(i), nocase)) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  const std::bitset<256> taken = TakeElement(&pattern, nocase);
  return taken.test(static_cast<unsigned char>(text.front())) &&
         Recursive(pattern, text.substr(1), nocase);
}

bool Reference(std::string_view pattern, std::string_view text, bool nocase) {
  return text.empty() ? pattern.empty() : Recursive(pattern, text, nocase);
}

std::string RandomText(std::mt19937* random, std::string_view alphabet, size_t longest) {
  std::string text((*random)() % (longest + 1), '\0');
  for (char& c : text) c = alphabet[(*random)() % alphabet.size()];
  return text;
}

TEST(Glob, AgreesWithARecursiveMatcher) {
  std::mt19937 random(3);
  int matches = 0;
  for (int i = 0; i < 150000; ++i) {
    const std::string pattern = RandomText(&random, "***??[[]]^-\\aabbBc\xc3\xff", 9);
    const std::string text = RandomText(&random, "aabbABc-]\\^[\xc3\xff\xe3", 7);
    for (bool nocase : {false, true}) {
      const bool want = Reference(pattern, text, nocase);
      matches += want;
      ASSERT_EQ(GlobMatch(pattern, text, nocase), want)
          << testing::PrintToString(pattern) << " on " << testing::PrintToString(text) << ' '
          << nocase;
    }
  }
  EXPECT_GT(matches, 10000);
}

TEST(Glob, CaseIsFoldedOnRequest) {
  EXPECT_TRUE(GlobMatch("MaxMemory*", "maxmemory-policy", true));
  EXPECT_FALSE(GlobMatch("MaxMemory*", "maxmemory-policy"));
  EXPECT_TRUE(GlobMatch("[A-C]x", "bX", true));
  EXPECT_FALSE(GlobMatch("[\\A]", "a", true));
  EXPECT_TRUE(GlobMatch("*FOO*bar", "a foo BAR", true));
}

TEST(Glob, ManyStarsOnALongTextStayCheap) {
  const std::string text(100000, 'a');
  std::string stars;
  for (int i = 0; i < 40; ++i) stars += "*a";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(GlobMatch(stars + "*b", text));
  EXPECT_FALSE(GlobMatch(stars + "*[b-c]", text));
  EXPECT_FALSE(GlobMatch(stars + "?b*", text, true));
  EXPECT_FALSE(GlobMatch("*" + text.substr(0, 300) + "b*", text));
  EXPECT_TRUE(GlobMatch(stars, text));
  EXPECT_TRUE(GlobMatch(stars + "*", text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Glob, LiteralPatterns) {
  for (const char* pattern : {"", "a", "user:1", "a]b", "a-b", "^"})
    EXPECT_TRUE(IsLiteralPattern(pattern));
  for (const char* pattern : {"*", "a*", "?", "[a]", "a\\", "\\*"})
    EXPECT_FALSE(IsLiteralPattern(pattern));
  EXPECT_TRUE(MatchesEverything("*"));
  EXPECT_FALSE(MatchesEverything("**"));
  EXPECT_FALSE(MatchesEverything(""));
}

}  // namespace
}  // namespace replete
