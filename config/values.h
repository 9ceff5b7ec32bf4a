#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace replete {

// How values are written in settings: text to value and back. The syntax and the texts of the
// problems are Redis' (7.0, config.c and util.c), because scripts and clients match on them.
// Nothing here keeps state; every function may be called from any thread. An output argument is
// written only on success.

// Letters and digits as they come; 'A' is 'a' and '_' is '-': names are read in both spellings.
char FoldNameChar(char c);
bool SameName(std::string_view a, std::string_view b);
bool SameWord(std::string_view a, std::string_view b);  // case-insensitive, nothing else
std::string LowerCase(std::string_view text);

// A decimal integer without sign tricks: no '+', no leading zero, no blanks.
[[nodiscard]] Problem ParseInteger(std::string_view text, int64_t min, int64_t max, int64_t* out);

// Permission bits, such as 700.
[[nodiscard]] Problem ParseOctal(std::string_view text, int64_t min, int64_t max, int64_t* out);
std::string FormatOctal(int64_t value);

// A number of bytes with an optional unit: b, k (1000), kb (1024), m, mb, g, gb, upper or lower
// case. Unlike Redis, what does not fit 64 bits is refused instead of wrapping round to a small
// limit. As in Redis, an empty number is 0.
[[nodiscard]] Problem ParseMemory(std::string_view text, uint64_t min, uint64_t max, uint64_t* out);

[[nodiscard]] Problem ParseYesNo(std::string_view text, bool* out);
std::string_view FormatYesNo(bool value);

// A decimal fraction from 0 to 1.
[[nodiscard]] Problem ParseShare(std::string_view text, double* out);

// The parts between single blanks; empty parts are kept, an empty text has none.
std::vector<std::string_view> SplitAtBlanks(std::string_view text);
std::string JoinWithBlanks(const std::vector<std::string>& parts);

}  // namespace replete
