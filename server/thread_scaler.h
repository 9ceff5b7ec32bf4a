#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "server/thread_scaling.h"

namespace replete {

class Loop;

// Measures the loops, asks ThreadScaling and moves sessions between them. One thread (that of the
// first loop).
class ThreadScaler {
 public:
  explicit ThreadScaler(std::span<const std::unique_ptr<Loop>> loops);

  // Once a window. Returns how many loops take connections from now on; those of the others are on
  // their way.
  size_t Tick();

 private:
  ThreadScaling::Window Measure();
  void Spread(size_t before, size_t now);
  void Gather(size_t now);

  const std::span<const std::unique_ptr<Loop>> loops_;
  ThreadScaling scaling_;
  IdleCores idle_cores_;
  std::vector<int64_t> cpu_nanos_;  // of each loop, when it was last looked at
  int64_t last_nanos_;
  unsigned windows_ = 0;
};

}  // namespace replete
