#include "server/command_stats.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "server/command_table.h"

namespace replete {
namespace {

constexpr size_t kSlots = 1024;
constexpr unsigned kFirstBit = 5;  // shorter times are in the first bucket

size_t SlotOf(const Command& command) {
  return (reinterpret_cast<uintptr_t>(&command) * 0x9e3779b97f4a7c15u) >> 54;
}

}  // namespace

size_t CommandStats::BucketOf(uint64_t ticks) {
  if (ticks < uint64_t{1} << kFirstBit) return 0;
  const unsigned bit = static_cast<unsigned>(std::bit_width(ticks)) - 1;
  const size_t quarter = ticks >> (bit - 2) & 3;
  return std::min<size_t>((bit - kFirstBit) * 4 + quarter + 1, kBuckets - 1);
}

uint64_t CommandStats::BucketEnd(size_t bucket) {
  if (bucket == 0) return (uint64_t{1} << kFirstBit) - 1;
  const unsigned bit = static_cast<unsigned>((bucket - 1) / 4) + kFirstBit;
  return ((4 + (bucket - 1) % 4 + 1) << (bit - 2)) - 1;
}

void CommandStats::Total::Add(const Total& other) {
  calls += other.calls;
  ticks += other.ticks;
  rejected += other.rejected;
  failed += other.failed;
  for (size_t i = 0; i < kBuckets; ++i) times[i] += other.times[i];
}

void CommandStats::Total::Subtract(const Total& other) {
  calls -= other.calls;
  ticks -= other.ticks;
  rejected -= other.rejected;
  failed -= other.failed;
  for (size_t i = 0; i < kBuckets; ++i) times[i] -= other.times[i];
}

uint64_t CommandStats::Total::timed() const {
  uint64_t sum = 0;
  for (const uint64_t n : times) sum += n;
  return sum;
}

uint64_t CommandStats::Total::Percentile(double percent) const {
  const auto wanted =
      static_cast<uint64_t>(std::ceil(static_cast<double>(timed()) * percent / 100));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += times[i];
    if (seen > 0 && seen >= wanted) return BucketEnd(i);
  }
  return 0;
}

CommandStats::CommandStats(const CommandTable& table, bool shared)
    : shared_(shared), slots_(std::make_unique<Slot[]>(kSlots)) {
  const auto add = [this](const Command& command) {
    size_t at = SlotOf(command);
    while (slots_[at].command != nullptr) at = (at + 1) % kSlots;
    slots_[at].command = &command;
  };
  for (const Command* command : table.all()) {
    add(*command);
    for (const Command& sub : command->subcommands) add(sub);
  }
}

CommandStats::Slot& CommandStats::Of(const Command& command) const {
  size_t at = SlotOf(command);
  while (slots_[at].command != &command) at = (at + 1) % kSlots;
  return slots_[at];
}

void CommandStats::NoteCall(const Command& command, uint64_t ticks, bool failed, bool with_time) {
  std::unique_lock lock(mutex_, std::defer_lock);
  if (shared_) lock.lock();
  Slot& slot = Of(command);
  slot.calls.Add();
  slot.ticks.Add(ticks);
  if (failed) [[unlikely]]
    slot.failed.Add();
  if (!with_time) return;
  Times* times = slot.times.load(std::memory_order_relaxed);
  if (times == nullptr) [[unlikely]] {
    owned_.push_back(std::make_unique<Times>());
    times = owned_.back().get();
    slot.times.store(times, std::memory_order_release);
  }
  (*times)[BucketOf(ticks)].Add();
}

void CommandStats::NoteRejected(const Command& command) {
  std::unique_lock lock(mutex_, std::defer_lock);
  if (shared_) lock.lock();
  Of(command).rejected.Add();
}

bool CommandStats::IsUsed(const Command& command) const {
  const Slot& slot = Of(command);
  return slot.calls.get() + slot.rejected.get() > 0;
}

void CommandStats::AddTo(const Command& command, Total* total) const {
  const Slot& slot = Of(command);
  total->calls += slot.calls.get();
  total->ticks += slot.ticks.get();
  total->rejected += slot.rejected.get();
  total->failed += slot.failed.get();
  const Times* times = slot.times.load(std::memory_order_acquire);
  if (times == nullptr) return;
  for (size_t i = 0; i < kBuckets; ++i) total->times[i] += (*times)[i].get();
}

}  // namespace replete
