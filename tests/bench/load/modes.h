// What the load generator can do: one function a mode. Each prints JSON objects, one a line, the
// last of which is its result, and returns the exit status.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace replete::bench {

class Options {
 public:
  Options(int argc, char** argv);
  std::string Text(const std::string& name, const std::string& fallback = "") const;
  uint64_t Number(const std::string& name, uint64_t fallback) const;
  int Port() const;

 private:
  std::map<std::string, std::string> values_;
};

// True once stdin has reached its end: how the driver stops a mode that runs until told.
const std::atomic<bool>& StopRequested();

// Durations, and the figures that are printed of them.
class Samples {
 public:
  void Add(uint64_t ns) { ns_.push_back(ns); }
  void Merge(const Samples& other) { ns_.insert(ns_.end(), other.ns_.begin(), other.ns_.end()); }
  void Sort();
  size_t size() const { return ns_.size(); }
  double QuantileMs(double quantile) const;  // after Sort
  // "p50":..,"p99":..,"p999":..,"p9999":..,"max":.. in milliseconds; after Sort.
  std::string Json() const;

 private:
  std::vector<uint64_t> ns_;
};

int Fill(const Options& options);
int Probe(const Options& options);
int Call(const Options& options);
int Events(const Options& options);
int Refresh(const Options& options);
int Replay(const Options& options);
int Burst(const Options& options);
int Idle(const Options& options);
int Clients(const Options& options);
int Churn(const Options& options);
int Gaps(const Options& options);

}  // namespace replete::bench
