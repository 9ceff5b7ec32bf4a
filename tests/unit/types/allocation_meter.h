#pragma once

#include <cstdint>

#if REPLETE_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace replete {

// What this thread has allocated less what it has freed, as the allocator counts it. Only jemalloc
// tells: in other builds tests of exact bytes have nothing to compare with.
class AllocationMeter {
 public:
#if REPLETE_JEMALLOC
  static constexpr bool kExact = true;
  static int64_t Now() {
    return static_cast<int64_t>(*Counter("thread.allocatedp") - *Counter("thread.deallocatedp"));
  }

 private:
  static const uint64_t* Counter(const char* name) {
    uint64_t* counter = nullptr;
    size_t size = sizeof(counter);
    mallctl(name, &counter, &size, nullptr, 0);
    return counter;
  }
#else
  static constexpr bool kExact = false;
  static int64_t Now() { return 0; }
#endif
};

}  // namespace replete
