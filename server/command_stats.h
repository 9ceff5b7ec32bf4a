#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/stats/counters.h"
#include "server/command.h"

namespace replete {

class CommandTable;

// How often each command was called, and how long it took. One thread counts (a shared one:
// several, under a mutex), any may read. Times are CycleClock's ticks; they include the wait for
// locks.
class CommandStats {
 public:
  // Four buckets to each power of two of ticks: a time is known to within a fifth of it.
  static constexpr size_t kBuckets = 4 * 44;
  static size_t BucketOf(uint64_t ticks);
  // No time in the bucket is longer.
  static uint64_t BucketEnd(size_t bucket);

  // What was counted of one command.
  struct Total {
    uint64_t calls = 0;
    uint64_t ticks = 0;
    uint64_t rejected = 0;  // did not run: arguments, rights, memory
    uint64_t failed = 0;    // ran and answered an error
    std::array<uint64_t, kBuckets> times{};

    void Add(const Total& other);
    void Subtract(const Total& other);
    // The time, in ticks, that `percent` of the calls did not take longer than.
    uint64_t Percentile(double percent) const;
    uint64_t timed() const;  // calls whose times are in the buckets
  };

  CommandStats(const CommandTable& table, bool shared);

  void NoteCall(const Command& command, uint64_t ticks, bool failed, bool with_time);
  void NoteRejected(const Command& command);
  void AddTo(const Command& command, Total* total) const;
  // Whether it was ever called or rejected.
  bool IsUsed(const Command& command) const;

 private:
  using Times = std::array<Counter, kBuckets>;
  struct Slot {
    const Command* command = nullptr;
    Counter calls;
    Counter ticks;
    Counter rejected;
    Counter failed;
    std::atomic<Times*> times{nullptr};
  };

  Slot& Of(const Command& command) const;

  const bool shared_;
  std::mutex mutex_;
  const std::unique_ptr<Slot[]> slots_;  // a hash table by the address of the row
  std::vector<std::unique_ptr<Times>> owned_;
};

}  // namespace replete
