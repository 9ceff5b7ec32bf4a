#pragma once

#include <string>
#include <string_view>

#include "config/problem.h"

namespace replete {

// Replaces what a file holds: a new file takes its place (and its mode and owner), or, where that
// cannot be (the file is a mount point, its folder takes no new files), it is written over once
// there is room for all of it. A symbolic link stays one. The problem is the system's text.
[[nodiscard]] Problem ReplaceFile(const std::string& path, std::string_view text);

}  // namespace replete
