#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/tier/load.h"
#include "core/tier/tier.h"

namespace replete {

// How the fake tier misbehaves.
struct FakeTierOptions {
  uint64_t seed = 1;
  // Answers come after up to so many microseconds, drawn at random.
  int64_t load_delay_us = 0;
  int64_t write_delay_us = 0;
  bool reorder_loads = false;
  // Every so manieth load or batch fails; 0: none. Not every batch: what a failed one removes is
  // written again.
  uint64_t fail_load_every = 0;
  uint64_t fail_write_every = 0;
  // Keyspace::hot_memory: 0 lets every value go as soon as it is stored.
  int64_t hot_memory = INT64_MAX;
};

// "load_delay_us=100,reorder_loads=yes,hot_memory=0". False: *problem names what is wrong.
bool ParseFakeTierOptions(std::string_view text, FakeTierOptions* options, std::string* problem);

// The tier of the tests: records in a map, and on demand delays, failures, answers out of order,
// and answers that do not come before they are released.
class FakeTier final : public Tier {
 public:
  FakeTier(TierHost& host, const FakeTierOptions& options);
  ~FakeTier() override;

  // Tier. Thread-safe, as is all that follows.
  void Load(std::span<std::shared_ptr<TierLoad>> loads) override;
  void ReadNow(std::span<TierRead> reads, const ValueLimits& limits) override;
  uint64_t Write(TierBatch batch) override;
  std::string Refusal(bool grows) const override;

  // ReadNow finds what is stored, from now on.
  void ReadAtOnce() { reads_at_once_.store(true); }
  // How often it was asked for what can be had at once.
  uint64_t asked_at_once() const { return asked_at_once_.load(); }
  // Nothing is answered until it is released.
  void HoldLoads(bool held);
  void HoldWrites(bool held);
  // The next n loads or batches that are taken up fail.
  void FailLoads(uint64_t n);
  void FailWrites(uint64_t n);
  // Refusal answers this; empty: writes are taken.
  void Refuse(std::string growing, std::string others);

  // Waits until everything taken over so far has settled and has been answered.
  void Drain();

  struct Record {
    std::string value;
    int64_t deadline;
  };
  // The records of a keyspace's present generation, by key.
  std::unordered_map<std::string, Record> Records(const Keyspace& keyspace) const;
  // Records that spoke of something that is not stored: a deadline without a value.
  uint64_t anomalies() const;
  uint64_t loads() const;
  size_t loads_waiting() const;

 private:
  void ServeLoads();
  void ServeWrites();
  void Answer(const std::shared_ptr<TierLoad>& load, bool fails);
  void Store(const TierBatch& batch);
  int64_t Draw(int64_t most);

  TierHost& host_;
  const FakeTierOptions options_;
  std::atomic<bool> reads_at_once_{false};
  std::atomic<uint64_t> asked_at_once_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<TierLoad>> loads_;
  std::deque<TierBatch> batches_;
  std::unordered_map<uint64_t, std::unordered_map<std::string, Record>> records_;  // by generation
  std::mt19937_64 random_;
  std::string refusal_growing_;
  std::string refusal_others_;
  uint64_t taken_ = 0;  // sequence of the last batch
  uint64_t load_count_ = 0;
  uint64_t write_count_ = 0;
  uint64_t failing_loads_ = 0;
  uint64_t failing_writes_ = 0;
  uint64_t anomalies_ = 0;
  size_t busy_ = 0;  // threads that answer something right now
  bool loads_held_ = false;
  bool writes_held_ = false;
  bool stopping_ = false;
  std::thread load_thread_;
  std::thread write_thread_;
};

}  // namespace replete
