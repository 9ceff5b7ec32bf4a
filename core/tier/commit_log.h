#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace replete {

// How far a tier has come with the batches it took over, and who waits for that. Batches are
// answered in sequence, and settle in sequence: mostly at once, later where what they wrote is only
// in memory for the time being. Thread-safe.
class CommitLog {
 public:
  // All batches up to this one are stored or have failed.
  uint64_t settled() const { return settled_.load(std::memory_order_acquire); }
  // What came of all batches up to this one may be told.
  uint64_t answered() const { return answered_.load(std::memory_order_acquire); }

  // `wake` is called once, from the tier's thread, when the batch has been answered. False: it has
  // been already, and `wake` is dropped.
  bool Await(uint64_t sequence, std::function<void()> wake);
  // Of a batch that has been answered: why it failed; empty: it did not.
  std::string FailureOf(uint64_t sequence) const;

  // By the tier: all batches up to this one are stored; or the next one failed for this reason (not
  // empty).
  void Settle(uint64_t sequence) { Settle(sequence, {}); }
  void Settle(uint64_t sequence, std::string failure);
  // The same while some before it, or it itself, are only in memory.
  void Answer(uint64_t sequence, std::string failure);

 private:
  // Who waits asks at once, so old failures are forgotten: whoever still asks about a batch of that
  // age is told that its outcome is not known.
  static constexpr size_t kFailuresKept = 1 << 16;

  std::atomic<uint64_t> settled_{0};  // at most answered_
  std::atomic<uint64_t> answered_{0};
  mutable std::mutex mutex_;
  std::map<uint64_t, std::string> failures_;
  uint64_t forgotten_ = 0;  // up to this batch failures are not known any more
  std::multimap<uint64_t, std::function<void()>> waiting_;
};

}  // namespace replete
