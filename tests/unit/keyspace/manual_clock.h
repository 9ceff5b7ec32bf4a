#pragma once

#include <cstdint>

#include "core/keyspace/clock.h"

namespace replete {

// A clock that only the test moves. One thread.
class ManualClock final : public Clock {
 public:
  static constexpr int64_t kStart = 1'700'000'000'000;

  explicit ManualClock(int64_t now = kStart) { Set(now); }
  int64_t NowMs() const override { return now_; }
  int64_t Tick() override { return 0; }
  void Advance(int64_t ms) { Set(now_ + ms); }
  void Set(int64_t now) {
    now_ = now;
    set_second(static_cast<uint32_t>(now / 1000));
  }

 private:
  int64_t now_;
};

}  // namespace replete
