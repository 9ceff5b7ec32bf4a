#include "core/tier/disk_reader.h"

#include <algorithm>
#include <utility>

#include "core/tier/disk_record.h"
#include "core/tier/disk_store.h"

namespace replete {
namespace {

// Enough that blocks are shared, few enough that nobody waits long for others.
constexpr size_t kReadTogether = 32;

}  // namespace

DiskReader::DiskReader(DiskStore& store, size_t threads) : store_(store) {
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

void DiskReader::Load(std::shared_ptr<TierLoad> load) {
  std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(load));
  changed_.notify_one();
}

// Without luck only now and then, to see whether it comes back.
bool DiskReader::WorthTrying() {
  constexpr uint32_t kOneOf = 16;
  if (luck_.load(std::memory_order_relaxed) > 0) return true;
  return passed_over_.fetch_add(1, std::memory_order_relaxed) % kOneOf == 0;
}

bool DiskReader::ReadNow(uint64_t generation, std::string_view key, const ValueLimits& limits,
                         StoredValue* value) {
  constexpr int kLost = 3;  // by a miss, for what a hit gains
  if (!WorthTrying()) return false;
  bool decoded = false;
  const auto decode = [&](std::string_view bytes) {
    std::string problem;
    decoded = value->Decode(bytes, limits, &problem);
  };
  const bool found = store_.ReadCached(DiskKey(generation, key), decode);
  const int luck = luck_.load(std::memory_order_relaxed);
  luck_.store(found ? std::min(luck + 1, kMostLuck) : std::max(luck - kLost, 0),
              std::memory_order_relaxed);
  return decoded;
}

void DiskReader::Serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const size_t n = std::min(waiting_.size(), kReadTogether);
    const auto end = waiting_.begin() + static_cast<ptrdiff_t>(n);
    const Loads loads(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    lock.unlock();
    Answer(loads);
    lock.lock();
  }
}

void DiskReader::Answer(const Loads& loads) {
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
