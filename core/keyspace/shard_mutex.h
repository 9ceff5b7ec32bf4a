#pragma once

#include <atomic>
#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace replete {

// A four-byte adaptive mutex: one compare-and-swap when free, a short spin when not (holders work
// for microseconds), then the kernel. Counts how often it was found taken. Meets Lockable. (U.
// Drepper, "Futexes are tricky", 2011, mutex 2, with a spin before it.)
class ShardMutex {
 public:
  ShardMutex() = default;
  ShardMutex(const ShardMutex&) = delete;
  ShardMutex& operator=(const ShardMutex&) = delete;

  void lock() {
    uint32_t expected = kFree;
    if (!state_.compare_exchange_strong(expected, kTaken, std::memory_order_acquire)) [[unlikely]] {
      LockSlow();
    }
  }
  bool try_lock() {
    uint32_t expected = kFree;
    return state_.compare_exchange_strong(expected, kTaken, std::memory_order_acquire);
  }
  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kWaitedFor) [[unlikely]] {
      state_.notify_one();
    }
  }
  // Times that lock() found it taken. Written by its holders.
  uint64_t contended() const { return contended_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kTaken = 1;
  static constexpr uint32_t kWaitedFor = 2;

  static void Pause() {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#endif
  }

  void LockSlow() {
    bool locked = false;
    for (int spin = 0; spin < 200 && !locked; ++spin) {
      Pause();
      locked = state_.load(std::memory_order_relaxed) == kFree && try_lock();
    }
    if (!locked) {
      while (state_.exchange(kWaitedFor, std::memory_order_acquire) != kFree) {
        state_.wait(kWaitedFor, std::memory_order_relaxed);
      }
    }
    contended_.store(contended_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::atomic<uint32_t> state_{kFree};
  std::atomic<uint64_t> contended_{0};
};

}  // namespace replete
