#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace replete {

// How far a tier has come with the batches it took over, and who waits for that. Batches settle in
// sequence. Thread-safe.
class CommitLog {
 public:
  // All batches up to this one are stored or have failed.
  uint64_t settled() const { return settled_.load(std::memory_order_acquire); }

  // `wake` is called once, from the tier's thread, when the batch has settled. False: it has
  // settled already, and `wake` is dropped.
  bool Await(uint64_t sequence, std::function<void()> wake);
  // Of a batch that has settled: why it was not stored; empty: it was.
  std::string FailureOf(uint64_t sequence) const;

  // By the tier: all batches up to this one are stored; or the next one failed for this reason (not
  // empty).
  void Settle(uint64_t sequence) { Settle(sequence, {}); }
  void Settle(uint64_t sequence, std::string failure);

 private:
  // Who waits asks at once, so old failures are forgotten: whoever still asks about a batch of that
  // age is told that its outcome is not known.
  static constexpr size_t kFailuresKept = 1 << 16;

  std::atomic<uint64_t> settled_{0};
  mutable std::mutex mutex_;
  std::map<uint64_t, std::string> failures_;
  uint64_t forgotten_ = 0;  // up to this batch failures are not known any more
  std::multimap<uint64_t, std::function<void()>> waiting_;
};

}  // namespace replete
