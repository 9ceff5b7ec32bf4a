#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace replete {

// Epoch-based reclamation (K. Fraser, "Practical lock-freedom", 2004, section 5.2.3) for the memory
// of tables: a loop looks ahead through a pipeline without a lock, only to prefetch, while another
// thread may replace the segment it looks at. What is replaced is retired here and freed when no
// reader that could still see it is inside a ReadGuard.
//
// Thread rules: Retire and Collect from any thread; one Reader belongs to one thread.
class Reclaimer {
 public:
  static constexpr size_t kMaxReaders = 256;

  class Reader {
   public:
    Reader() = default;

   private:
    friend class Reclaimer;
    friend class ReadGuard;
    explicit Reader(std::atomic<uint64_t>* epoch, const std::atomic<uint64_t>* global)
        : epoch_(epoch), global_(global) {}
    std::atomic<uint64_t>* epoch_ = nullptr;
    const std::atomic<uint64_t>* global_ = nullptr;
  };

  class ReadGuard {
   public:
    explicit ReadGuard(Reader& reader) : epoch_(reader.epoch_) {
      if (epoch_ == nullptr) return;
      epoch_->store(reader.global_->load(std::memory_order_acquire), std::memory_order_seq_cst);
    }
    ~ReadGuard() {
      if (epoch_ != nullptr) epoch_->store(kIdle, std::memory_order_release);
    }
    ReadGuard(const ReadGuard&) = delete;
    ReadGuard& operator=(const ReadGuard&) = delete;

   private:
    std::atomic<uint64_t>* epoch_;
  };

  using Deleter = void (*)(void* memory, size_t size);

  Reclaimer() = default;
  ~Reclaimer();
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

  // At most kMaxReaders over the life of the process; one more gets a Reader whose guard does not
  // protect, and `valid` false: it must not look at tables without their lock.
  Reader Register(bool* valid);

  // Takes over `memory`, already unreachable for new readers. Freed at once when nobody reads.
  void Retire(void* memory, size_t size, Deleter deleter);

  // Frees what no reader can see any more. Cheap when nothing is retired.
  void Collect();

 private:
  static constexpr uint64_t kIdle = ~uint64_t{0};
  struct alignas(64) Slot {
    std::atomic<uint64_t> epoch{kIdle};
  };
  struct Retired {
    void* memory;
    size_t size;
    Deleter deleter;
    uint64_t epoch;
  };

  uint64_t OldestReader() const;

  std::atomic<uint64_t> epoch_{1};
  std::array<Slot, kMaxReaders> slots_;
  std::atomic<size_t> readers_{0};
  std::atomic<size_t> pending_{0};
  std::mutex mutex_;
  std::vector<Retired> retired_;
};

}  // namespace replete
