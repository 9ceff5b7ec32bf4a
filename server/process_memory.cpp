#include "server/process_memory.h"

#include <unistd.h>

#include <cstdio>

namespace replete {

uint64_t ResidentBytes() {
  uint64_t total = 0;
  uint64_t resident = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace replete
