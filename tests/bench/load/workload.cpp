#include "tests/bench/load/workload.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "tests/bench/load/connection.h"

namespace replete::bench {

std::string_view Value::operator()(uint64_t seed, size_t size) {
  const size_t words = (size + 7) / 8;
  if (bytes_.size() < words * 8) bytes_.resize(words * 8);
  Random random(seed * 0xD6E8FEB86659FD93u + size);
  for (size_t i = 0; i < words; ++i) {
    const uint64_t word = random.Next();
    std::memcpy(bytes_.data() + i * 8, &word, 8);
  }
  return std::string_view(bytes_).substr(0, size);
}

Zipf::Zipf(uint64_t n, double exponent) : n_(static_cast<double>(n)), exponent_(exponent) {
  low_ = Integral(1.5) - 1.0;
  high_ = Integral(n_ + 0.5);
  threshold_ = 2.0 - IntegralInverse(Integral(2.5) - std::pow(2.0, -exponent_));
}

double Zipf::Integral(double x) const {
  const double log_x = std::log(x);
  const double t = (1.0 - exponent_) * log_x;
  return std::abs(t) < 1e-8 ? log_x : std::expm1(t) / t * log_x;
}

double Zipf::IntegralInverse(double x) const {
  const double t = std::max(-1.0, x * (1.0 - exponent_));
  return std::abs(t) < 1e-8 ? std::exp(x) : std::exp(std::log1p(t) / t * x);
}

uint64_t Zipf::operator()(Random* random) const {
  for (;;) {
    const double u = high_ + random->Unit() * (low_ - high_);
    const double x = IntegralInverse(u);
    const double k = std::clamp(std::floor(x + 0.5), 1.0, n_);
    if (k - x <= threshold_ || u >= Integral(k + 0.5) - std::pow(k, -exponent_)) {
      return static_cast<uint64_t>(k) - 1;
    }
  }
}

std::vector<uint32_t> MakeTrace(const std::string& kind, uint64_t requests, uint64_t keys,
                                uint64_t seed) {
  const bool scans = kind == "zipf+scan";
  const bool shifts = kind == "shifting";
  if (!scans && !shifts && kind != "zipf0.9" && kind != "zipf1.0") Fatal("unknown trace " + kind);
  Random random(seed);
  std::vector<uint32_t> key_of_rank(keys);
  std::iota(key_of_rank.begin(), key_of_rank.end(), 0u);
  for (size_t i = keys - 1; i > 0; --i) {
    std::swap(key_of_rank[i], key_of_rank[random.Below(i + 1)]);
  }
  const Zipf zipf(keys, kind == "zipf0.9" ? 0.9 : 1.0);
  const uint64_t period = std::max<uint64_t>(requests / 12, 3);
  const uint64_t era = std::max<uint64_t>(requests / 10, 1);
  uint32_t next_scanned = static_cast<uint32_t>(keys);
  std::vector<uint32_t> trace(requests);
  for (uint64_t i = 0; i < requests; ++i) {
    if (scans && i % period >= period - period / 3) {
      trace[i] = next_scanned++;
      continue;
    }
    uint64_t rank = zipf(&random);
    if (shifts) rank = (rank + i / era * (keys / 50)) % keys;
    trace[i] = key_of_rank[rank];
  }
  return trace;
}

}  // namespace replete::bench
