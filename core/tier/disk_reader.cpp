#include "core/tier/disk_reader.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <new>
#include <utility>

#include "core/tier/disk_record.h"
#include "core/tier/disk_store.h"

namespace replete {
namespace {

// Enough that blocks are shared, few enough that nobody waits long for others.
constexpr size_t kReadTogether = 32;
// Fewer than these are read sooner by one thread than another is woken.
constexpr size_t kWorthAThread = 8;

}  // namespace

DiskReader::DiskReader(DiskStore& store, size_t threads) : store_(store), n_threads_(threads) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Serve(); });
}

DiskReader::~DiskReader() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

// No more threads are woken than have enough to do, and once they can have the lock.
void DiskReader::Load(std::span<std::shared_ptr<TierLoad>> loads) {
  size_t woken = 0;
  {
    std::lock_guard lock(mutex_);
    waiting_.insert(waiting_.end(), std::make_move_iterator(loads.begin()),
                    std::make_move_iterator(loads.end()));
    woken = std::min(idle_, (waiting_.size() + kWorthAThread - 1) / kWorthAThread);
    idle_ -= woken;
  }
  for (; woken > 0; --woken) changed_.notify_one();
}

// Without luck only now and then, to see whether it comes back.
bool DiskReader::WorthTrying() {
  constexpr uint32_t kOneOf = 16;
  if (luck_.load(std::memory_order_relaxed) > 0) return true;
  return passed_over_.fetch_add(1, std::memory_order_relaxed) % kOneOf == 0;
}

void DiskReader::ReadNow(std::span<TierRead> reads, const ValueLimits& limits) {
  constexpr int kLost = 3;  // by a miss, for what a hit gains
  if (!WorthTrying()) return;
  std::array<std::string, kReadTogether> keys;
  for (; !reads.empty(); reads = reads.subspan(std::min(reads.size(), kReadTogether))) {
    const size_t n = std::min(reads.size(), kReadTogether);
    for (size_t i = 0; i < n; ++i) keys[i] = DiskKey(reads[i].generation, reads[i].key);
    const size_t found = store_.ReadCached({keys.data(), n}, [&](size_t i, std::string_view bytes) {
      std::string problem;
      try {
        reads[i].found = reads[i].value.Decode(bytes, limits, &problem);
      } catch (const std::bad_alloc&) {  // not through RocksDB
      }
    });
    calls_at_once_.fetch_add(1, std::memory_order_relaxed);
    const auto had = std::count_if(reads.begin(), reads.begin() + static_cast<ptrdiff_t>(n),
                                   [](const TierRead& read) { return read.found; });
    values_at_once_.fetch_add(static_cast<uint64_t>(had), std::memory_order_relaxed);
    const int luck = luck_.load(std::memory_order_relaxed);
    const int change = static_cast<int>(found) - kLost * static_cast<int>(n - found);
    const int now = std::clamp(luck + change, 0, kMostLuck);
    if (now != luck) luck_.store(now, std::memory_order_relaxed);
  }
}

DiskReader::Figures DiskReader::figures() const {
  return {.calls_at_once = calls_at_once_.load(std::memory_order_relaxed),
          .values_at_once = values_at_once_.load(std::memory_order_relaxed),
          .values_by_threads = values_by_threads_.load(std::memory_order_relaxed)};
}

void DiskReader::Serve() {
  ::pthread_setname_np(::pthread_self(), "disk read");
  std::unique_lock lock(mutex_);
  for (;;) {
    if (waiting_.empty()) {
      if (stopping_) return;
      ++idle_;
      changed_.wait(lock);
      continue;
    }
    const size_t share = (waiting_.size() + n_threads_ - 1) / n_threads_;
    const size_t n = std::min({waiting_.size(), std::max(share, kWorthAThread), kReadTogether});
    const auto end = waiting_.begin() + static_cast<ptrdiff_t>(n);
    const Loads loads(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    lock.unlock();
    Answer(loads);
    lock.lock();
  }
}

void DiskReader::Answer(const Loads& loads) {
  values_by_threads_.fetch_add(loads.size(), std::memory_order_relaxed);
  std::vector<std::string> keys;
  keys.reserve(loads.size());
  for (const auto& load : loads) keys.push_back(DiskKey(load->generation(), load->key()));
  store_.Read(keys, [&](size_t i, const DiskStatus& status, std::string_view value) {
    if (status.ok()) {
      loads[i]->Arrived(value);
    } else {
      loads[i]->Failed(status.text);
    }
  });
}

}  // namespace replete
