#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/modes.h"

namespace replete::bench {

Options::Options(int argc, char** argv) {
  for (int i = 0; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name.substr(0, 2) != "--") Fatal("expected --NAME VALUE, got " + std::string(name));
    values_[std::string(name.substr(2))] = argv[i + 1];
  }
}

std::string Options::Text(const std::string& name, const std::string& fallback) const {
  const auto found = values_.find(name);
  return found == values_.end() ? fallback : found->second;
}

uint64_t Options::Number(const std::string& name, uint64_t fallback) const {
  const auto found = values_.find(name);
  return found == values_.end() ? fallback : std::strtoull(found->second.c_str(), nullptr, 10);
}

int Options::Port() const { return static_cast<int>(Number("port", 6379)); }

const std::atomic<bool>& StopRequested() {
  static std::atomic<bool> stop{false};
  static const bool started = [] {
    std::thread([] {
      char byte = 0;
      while (read(STDIN_FILENO, &byte, 1) > 0) {
      }
      stop = true;
    }).detach();
    return true;
  }();
  static_cast<void>(started);
  return stop;
}

void Samples::Sort() { std::sort(ns_.begin(), ns_.end()); }

double Samples::QuantileMs(double quantile) const {
  if (ns_.empty()) return 0;
  // Nearest rank: p99.99 of fewer than 10,000 samples is the largest one.
  const double rank = std::ceil(quantile * static_cast<double>(ns_.size()));
  const auto index = static_cast<size_t>(std::max(1.0, rank)) - 1;
  return static_cast<double>(ns_[std::min(index, ns_.size() - 1)]) / 1e6;
}

std::string Samples::Json() const {
  char text[200];
  std::snprintf(
      text, sizeof text,
      "\"samples\":%zu,\"p50\":%.4f,\"p99\":%.4f,\"p999\":%.4f,\"p9999\":%.4f,\"max\":%.4f", size(),
      QuantileMs(0.5), QuantileMs(0.99), QuantileMs(0.999), QuantileMs(0.9999), QuantileMs(1.0));
  return text;
}

namespace {

struct Mode {
  std::string_view name;
  int (*run)(const Options&);
};

constexpr Mode kModes[] = {
    {"fill", Fill},       {"probe", Probe},   {"call", Call},   {"events", Events},
    {"refresh", Refresh}, {"replay", Replay}, {"burst", Burst}, {"idle", Idle},
    {"clients", Clients}, {"churn", Churn},   {"gaps", Gaps},
};

int Run(int argc, char** argv) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  for (const Mode& mode : kModes) {
    if (mode.name == wanted) return mode.run(Options(argc - 2, argv + 2));
  }
  std::fprintf(stderr, "usage: load MODE [--NAME VALUE]...\n");
  return 2;
}

}  // namespace
}  // namespace replete::bench

int main(int argc, char** argv) { return replete::bench::Run(argc, argv); }
