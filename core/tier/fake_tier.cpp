#include "core/tier/fake_tier.h"

#include <charconv>
#include <chrono>

#include "core/keyspace/keyspace.h"

namespace replete {
namespace {

void SleepMicros(int64_t micros) {
  if (micros > 0) std::this_thread::sleep_for(std::chrono::microseconds(micros));
}

bool ParseCount(std::string_view text, int64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && *value >= 0;
}

bool Apply(std::string_view name, std::string_view text, FakeTierOptions* options) {
  if (name == "reorder_loads") {
    options->reorder_loads = text == "yes";
    return text == "yes" || text == "no";
  }
  int64_t value = 0;
  if (!ParseCount(text, &value)) return false;
  if (name == "seed") {
    options->seed = static_cast<uint64_t>(value);
  } else if (name == "load_delay_us") {
    options->load_delay_us = value;
  } else if (name == "write_delay_us") {
    options->write_delay_us = value;
  } else if (name == "fail_load_every") {
    options->fail_load_every = static_cast<uint64_t>(value);
  } else if (name == "fail_write_every") {
    if (value == 1) return false;  // what is written again because of it would never end
    options->fail_write_every = static_cast<uint64_t>(value);
  } else if (name == "hot_memory") {
    options->hot_memory = value;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool ParseFakeTierOptions(std::string_view text, FakeTierOptions* options, std::string* problem) {
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos ||
        !Apply(item.substr(0, equals), item.substr(equals + 1), options)) {
      *problem = "invalid option of the fake tier: '" + std::string(item) + "'";
      return false;
    }
  }
  return true;
}

FakeTier::FakeTier(TierHost& host, const FakeTierOptions& options)
    : host_(host),
      options_(options),
      random_(options.seed),
      load_thread_([this] { ServeLoads(); }),
      write_thread_([this] { ServeWrites(); }) {}

FakeTier::~FakeTier() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  load_thread_.join();
  write_thread_.join();
}

void FakeTier::Load(std::span<std::shared_ptr<TierLoad>> loads) {
  std::lock_guard lock(mutex_);
  loads_.insert(loads_.end(), std::make_move_iterator(loads.begin()),
                std::make_move_iterator(loads.end()));
  changed_.notify_all();
}

void FakeTier::ReadNow(std::span<TierRead> reads, const ValueLimits& limits) {
  asked_at_once_.fetch_add(1);
  if (!reads_at_once_.load()) return;
  std::lock_guard lock(mutex_);
  for (TierRead& read : reads) {
    auto& records = records_[read.generation];
    const auto found = records.find(std::string(read.key));
    std::string problem;
    read.found = found != records.end() && read.value.Decode(found->second.value, limits, &problem);
  }
}

uint64_t FakeTier::Write(TierBatch batch) {
  std::lock_guard lock(mutex_);
  batch.sequence = ++taken_;
  batches_.push_back(std::move(batch));
  changed_.notify_all();
  return taken_;
}

std::string FakeTier::Refusal(bool grows) const {
  std::lock_guard lock(mutex_);
  return grows ? refusal_growing_ : refusal_others_;
}

void FakeTier::HoldLoads(bool held) {
  std::lock_guard lock(mutex_);
  loads_held_ = held;
  changed_.notify_all();
}

void FakeTier::HoldWrites(bool held) {
  std::lock_guard lock(mutex_);
  writes_held_ = held;
  changed_.notify_all();
}

void FakeTier::FailLoads(uint64_t n) {
  std::lock_guard lock(mutex_);
  failing_loads_ = n;
}

void FakeTier::FailWrites(uint64_t n) {
  std::lock_guard lock(mutex_);
  failing_writes_ = n;
}

void FakeTier::Refuse(std::string growing, std::string others) {
  std::lock_guard lock(mutex_);
  refusal_growing_ = std::move(growing);
  refusal_others_ = std::move(others);
}

void FakeTier::Drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return loads_.empty() && batches_.empty() && busy_ == 0; });
}

std::unordered_map<std::string, FakeTier::Record> FakeTier::Records(
    const Keyspace& keyspace) const {
  std::lock_guard lock(mutex_);
  auto found = records_.find(keyspace.generation());
  return found == records_.end() ? std::unordered_map<std::string, Record>() : found->second;
}

uint64_t FakeTier::anomalies() const {
  std::lock_guard lock(mutex_);
  return anomalies_;
}

uint64_t FakeTier::loads() const {
  std::lock_guard lock(mutex_);
  return load_count_;
}

size_t FakeTier::loads_waiting() const {
  std::lock_guard lock(mutex_);
  return loads_.size();
}

int64_t FakeTier::Draw(int64_t most) {
  return most == 0 ? 0 : static_cast<int64_t>(random_() % static_cast<uint64_t>(most + 1));
}

void FakeTier::ServeLoads() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || (!loads_.empty() && !loads_held_); });
    if (loads_.empty()) return;
    const size_t at = options_.reorder_loads ? random_() % loads_.size() : 0;
    const std::shared_ptr<TierLoad> load = std::move(loads_[at]);
    loads_.erase(loads_.begin() + static_cast<ptrdiff_t>(at));
    ++load_count_;
    bool fails = options_.fail_load_every != 0 && load_count_ % options_.fail_load_every == 0;
    if (failing_loads_ > 0) {
      --failing_loads_;
      fails = true;
    }
    const int64_t delay = stopping_ ? 0 : Draw(options_.load_delay_us);
    ++busy_;
    lock.unlock();
    SleepMicros(delay);
    Answer(load, fails);
    lock.lock();
    --busy_;
    changed_.notify_all();
  }
}

void FakeTier::Answer(const std::shared_ptr<TierLoad>& load, bool fails) {
  if (fails) {
    load->Failed("the read failed");
    return;
  }
  std::string value;
  bool stored = false;
  {
    std::lock_guard lock(mutex_);
    auto& records = records_[load->generation()];
    if (auto found = records.find(load->key()); found != records.end()) {
      value = found->second.value;
      stored = true;
    }
  }
  if (stored) {
    load->Arrived(value);
  } else {
    load->Failed("there is no record");
  }
}

void FakeTier::ServeWrites() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || (!batches_.empty() && !writes_held_); });
    if (batches_.empty()) return;
    const TierBatch batch = std::move(batches_.front());
    batches_.pop_front();
    ++write_count_;
    bool fails = options_.fail_write_every != 0 && write_count_ % options_.fail_write_every == 0;
    if (stopping_) fails = false;  // what is written again because of it would never end
    if (failing_writes_ > 0) {
      --failing_writes_;
      fails = true;
    }
    const int64_t delay = stopping_ ? 0 : Draw(options_.write_delay_us);
    if (!fails) Store(batch);
    ++busy_;
    lock.unlock();
    SleepMicros(delay);
    if (fails) host_.Undo(batch);
    commits_.Settle(batch.sequence, fails ? "the write failed" : "");
    lock.lock();
    --busy_;
    changed_.notify_all();
  }
}

void FakeTier::Store(const TierBatch& batch) {
  for (const TierRecord& record : batch.records) {
    auto& records = records_[record.generation];
    switch (record.kind) {
      case TierRecord::Kind::kPut:
        records[record.key] = {record.value, record.deadline};
        break;
      case TierRecord::Kind::kDeadline:
        if (auto found = records.find(record.key); found != records.end()) {
          found->second.deadline = record.deadline;
        } else {
          ++anomalies_;
        }
        break;
      case TierRecord::Kind::kDelete:
        records.erase(record.key);
        break;
      case TierRecord::Kind::kClear:
        std::erase_if(records_, [&](const auto& item) {
          return item.first >> 32 == record.generation >> 32 && item.first < record.generation;
        });
        break;
      case TierRecord::Kind::kExchange:
        break;  // whose a generation is, nobody asks here
    }
  }
}

}  // namespace replete
