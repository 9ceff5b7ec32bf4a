#pragma once

#include <optional>
#include <string>

namespace replete {

// The outcome of reading a setting: nothing when all is well, else a text for a person (no error
// code in front, no full stop needed). Configuration is read at start-up and by administrators, so
// a string is cheap enough here.
using Problem = std::optional<std::string>;

}  // namespace replete
