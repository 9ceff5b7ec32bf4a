#pragma once

#include <cstdint>
#include <string_view>

namespace replete {

// 64-bit hash of a key: XXH3 over a secret drawn at random when the process starts, so that a
// client cannot choose keys that collide. Stable within a process only; nothing stored may depend
// on it.
uint64_t HashKey(std::string_view key);

}  // namespace replete
