#pragma once

#include <cstddef>
#include <cstdint>

namespace replete {

// How many of the loops serve connections. A loop that is mostly asleep costs both sides: every
// request finds it sleeping, and waking a thread costs about as much as serving a request. So the
// connections share few loops while those have time to spare, and spread over more when the busiest
// is at its limit and the machine has a core for another.
//
// Only the decision; one thread.
class ThreadScaling {
 public:
  // Of a window of 100 ms or so, in cores: 1.0 is a thread that never slept.
  struct Window {
    double busiest = 0;  // of the loops that are in use
    double total = 0;    // all loops together
    double idle = 0;     // what nobody on the machine used
  };

  explicit ThreadScaling(size_t most) : most_(most) {}

  size_t active() const { return active_; }
  // Returns the number from now on: as it was, twice that, or half of it, rounded up.
  size_t Observe(const Window& window);

 private:
  const size_t most_;
  size_t active_ = 1;
  // Windows in a row for which this was so.
  int saturated_ = 0;
  int slack_ = 0;
  int squeezed_ = 0;
};

// What the machine's cores did nothing in, from /proc/stat. One thread.
class IdleCores {
 public:
  IdleCores();
  ~IdleCores();
  IdleCores(const IdleCores&) = delete;
  IdleCores& operator=(const IdleCores&) = delete;

  // Cores on average since the last call. The first tells 0; where the system says nothing, it is
  // as if all were idle.
  double Read();

 private:
  int file_;
  int64_t last_ticks_ = -1;
  int64_t last_nanos_ = 0;
};

}  // namespace replete
