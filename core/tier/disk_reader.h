#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/tier/load.h"
#include "core/tier/tier.h"

namespace replete {

class DiskStore;

// Threads that fetch values: what waits together is read together. Thread-safe.
class DiskReader {
 public:
  // `store` lives longer.
  DiskReader(DiskStore& store, size_t threads);
  // Answers everything first.
  ~DiskReader();
  DiskReader(const DiskReader&) = delete;
  DiskReader& operator=(const DiskReader&) = delete;

  void Load(std::span<std::shared_ptr<TierLoad>> loads);
  // See Tier::ReadNow.
  void ReadNow(std::span<TierRead> reads, const ValueLimits& limits);

  // Since the start.
  struct Figures {
    uint64_t calls_at_once = 0;   // of ReadNow that looked in memory
    uint64_t values_at_once = 0;  // which these have found
    uint64_t values_by_threads = 0;
  };
  Figures figures() const;

 private:
  static constexpr int kMostLuck = 256;

  using Loads = std::vector<std::shared_ptr<TierLoad>>;

  void Serve();
  void Answer(const Loads& loads);

  bool WorthTrying();

  DiskStore& store_;
  const size_t n_threads_;
  // How well ReadNow went lately, from 0: looking in memory in vain costs half as much as reading.
  std::atomic<int> luck_{kMostLuck};
  std::atomic<uint32_t> passed_over_{0};
  std::atomic<uint64_t> calls_at_once_{0};
  std::atomic<uint64_t> values_at_once_{0};
  std::atomic<uint64_t> values_by_threads_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<TierLoad>> waiting_;
  size_t idle_ = 0;  // threads that wait, or at times more
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace replete
