#include "config/event_flags.h"

#include <algorithm>
#include <iterator>

namespace replete {
namespace {

struct Letter {
  char letter;
  uint32_t flags;
};

// In output order. A stands for all those before n, so it is handled apart.
constexpr Letter kLetters[] = {
    {'g', event_flags::kGeneric},  {'$', event_flags::kString},  {'l', event_flags::kList},
    {'s', event_flags::kSet},      {'h', event_flags::kHash},    {'z', event_flags::kZset},
    {'x', event_flags::kExpired},  {'e', event_flags::kEvicted}, {'t', event_flags::kStream},
    {'d', event_flags::kModule},   {'n', event_flags::kNew},     {'K', event_flags::kKeyspace},
    {'E', event_flags::kKeyevent}, {'m', event_flags::kKeyMiss},
};

}  // namespace

Problem ParseEventFlags(std::string_view text, uint32_t* out) {
  uint32_t flags = 0;
  for (const char c : text) {
    if (c == 'A') {
      flags |= event_flags::kAll;
      continue;
    }
    const auto* known = std::find_if(std::begin(kLetters), std::end(kLetters),
                                     [c](const Letter& letter) { return letter.letter == c; });
    if (known == std::end(kLetters)) {
      return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    }
    flags |= known->flags;
  }
  *out = flags;
  return std::nullopt;
}

std::string FormatEventFlags(uint32_t flags) {
  std::string text;
  if ((flags & event_flags::kAll) == event_flags::kAll) {
    text += 'A';
    flags &= ~(event_flags::kAll | event_flags::kNew);
  }
  for (const Letter& letter : kLetters) {
    if ((flags & letter.flags) != 0) text += letter.letter;
  }
  return text;
}

}  // namespace replete
