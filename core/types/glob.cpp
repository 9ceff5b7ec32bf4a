#include "core/types/glob.h"

#include <utility>

namespace replete {
namespace {

// C's tolower on a plain char that is signed: bytes from 0x80 come out unsigned, except 0xff, which
// is EOF.
int Lower(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A' + 'a';
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0xff ? -1 : byte;
}

template <bool kNoCase>
bool Same(char a, char b) {
  return a == b || (kNoCase && Lower(a) == Lower(b));
}

template <bool kNoCase>
bool InRange(char from, char to, char c) {
  if (static_cast<signed char>(from) > static_cast<signed char>(to)) std::swap(from, to);
  if constexpr (kNoCase) return Lower(c) >= Lower(from) && Lower(c) <= Lower(to);
  return static_cast<signed char>(c) >= static_cast<signed char>(from) &&
         static_cast<signed char>(c) <= static_cast<signed char>(to);
}

// `*at` is just behind the '['; it is left behind the class.
template <bool kNoCase>
bool MatchClass(std::string_view pattern, size_t* at, char c) {
  size_t i = *at;
  const bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool match = false;
  while (i < pattern.size()) {
    const size_t left = pattern.size() - i;
    if (pattern[i] == '\\' && left >= 2) {
      match |= pattern[i + 1] == c;
      i += 2;
    } else if (pattern[i] == ']') {
      ++i;
      break;
    } else if (left >= 3 && pattern[i + 1] == '-') {
      match |= InRange<kNoCase>(pattern[i], pattern[i + 2], c);
      i += 3;
    } else {
      match |= Same<kNoCase>(pattern[i], c);
      ++i;
    }
  }
  *at = i;
  return match != negated;
}

// One element other than `*`, at `*at`, against one byte; every element takes exactly one.
template <bool kNoCase>
bool MatchElement(std::string_view pattern, size_t* at, char c) {
  const char first = pattern[(*at)++];
  switch (first) {
    case '?':
      return true;
    case '[':
      return MatchClass<kNoCase>(pattern, at, c);
    case '\\':
      if (*at < pattern.size()) return Same<kNoCase>(pattern[(*at)++], c);
      [[fallthrough]];
    default:
      return Same<kNoCase>(first, c);
  }
}

bool IsSpecial(char c) { return c == '*' || c == '?' || c == '[' || c == '\\'; }

// Where, from `from` on, the elements behind a star may match first: at their first byte, when that
// is known.
template <bool kNoCase>
size_t NextCandidate(std::string_view pattern, size_t at, std::string_view text, size_t from) {
  if (kNoCase || IsSpecial(pattern[at])) return from;
  return text.find(pattern[at], from);
}

template <bool kNoCase>
bool Match(std::string_view pattern, std::string_view text) {
  if (text.empty()) return pattern.empty();
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0;
  size_t t = 0;
  size_t behind_star = kNone;  // the pattern after the last star passed,
  size_t star_text = 0;        // and where its elements were tried last
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      p = pattern.find_first_not_of('*', p);
      if (p == kNone) return true;
      behind_star = p;
      t = star_text = NextCandidate<kNoCase>(pattern, p, text, t);
      if (t == kNone) return false;
    } else if (p < pattern.size() && MatchElement<kNoCase>(pattern, &p, text[t])) {
      ++t;
    } else {
      if (behind_star == kNone) return false;
      p = behind_star;
      t = star_text = NextCandidate<kNoCase>(pattern, p, text, star_text + 1);
      if (t == kNone) return false;
    }
  }
  return pattern.find_first_not_of('*', p) == kNone;
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase) {
  return nocase ? Match<true>(pattern, text) : Match<false>(pattern, text);
}

bool IsLiteralPattern(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") == std::string_view::npos;
}

}  // namespace replete
