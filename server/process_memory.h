#pragma once

#include <cstdint>

namespace replete {

// Resident memory of the process, in bytes; 0 when the system does not say.
uint64_t ResidentBytes();

}  // namespace replete
