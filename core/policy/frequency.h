#pragma once

#include <cstdint>

namespace replete {

// An entry's clock under lfu: the minute of the last use in the upper 16 bits, a logarithmic
// counter of uses in the lowest 8. A use raises the counter with a probability that falls as it
// grows; each idle minute takes one off. (As redis-server's LFU with lfu-log-factor 10 and
// lfu-decay-time 1: about a million uses saturate it.)
class Frequency {
 public:
  static constexpr uint32_t kInitial = 5;  // so that a new entry is not the next victim

  static uint32_t First(int64_t now_ms) { return With(kInitial, now_ms); }
  // As if the counter stood at `count`, at most 255, after a use just now.
  static uint32_t With(uint32_t count, int64_t now_ms) { return Minute(now_ms) << 16 | count; }

  static uint32_t Used(uint32_t clock, int64_t now_ms, uint32_t random) {
    uint32_t count = Count(clock, now_ms);
    const uint32_t over = count > kInitial ? count - kInitial : 0;
    if (count < 255 && random < UINT32_MAX / (over * 10 + 1)) ++count;
    return Minute(now_ms) << 16 | count;
  }

  // The counter as it is now, idle minutes taken off.
  static uint32_t Count(uint32_t clock, int64_t now_ms) {
    const uint32_t idle = (Minute(now_ms) - (clock >> 16)) & 0xffff;
    const uint32_t count = clock & 0xff;
    return idle >= count ? 0 : count - idle;
  }

 private:
  static uint32_t Minute(int64_t now_ms) { return static_cast<uint32_t>(now_ms / 60000) & 0xffff; }
};

}  // namespace replete
