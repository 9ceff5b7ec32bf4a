#pragma once

#include <string_view>

namespace replete {

// Whether all of `text` matches `pattern`, exactly as redis-server's stringmatchlen decides it:
// `*`, `?`, classes `[ab] [a-c] [^x]`, and `\` before a byte that stands for itself. A class that
// is not closed ends with the pattern, ranges may be reversed, and bounds of ranges are signed
// bytes. The empty text matches the empty pattern only, not even "*": callers with a short cut for
// all keys ask MatchesEverything first, as Redis does.
//
// Costs O(pattern * text) at worst: only the last `*` passed is ever tried again, since whatever an
// earlier one could still match the last one could as well. `nocase` folds ASCII letters (not after
// `\` in a class).
bool GlobMatch(std::string_view pattern, std::string_view text, bool nocase = false);

// No byte of `pattern` is special: it can match itself only.
bool IsLiteralPattern(std::string_view pattern);

inline bool MatchesEverything(std::string_view pattern) { return pattern == "*"; }

}  // namespace replete
