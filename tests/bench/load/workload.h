// Keys, values, distributions and traces: pure functions of their seeds, so that both servers of a
// comparison get the same bytes in the same order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace replete::bench {

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() { return Mix(state_ += 0x9E3779B97F4A7C15u); }
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  uint64_t Between(uint64_t low, uint64_t high) { return low + Below(high - low + 1); }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  static uint64_t Mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }

 private:
  uint64_t state_;
};

// A key of exactly 16 bytes, `prefix` (4 bytes) and 12 digits: the form redis-benchmark uses, so
// that what is filled here is what it finds. The view is valid until the next call.
class KeyName {
 public:
  explicit KeyName(std::string_view prefix = "key:") : text_(prefix) { text_.resize(16, '0'); }
  std::string_view operator()(uint64_t id) {
    for (size_t i = 15; i >= 4; --i, id /= 10) text_[i] = static_cast<char>('0' + id % 10);
    return text_;
  }

 private:
  std::string text_;
};

// `size` bytes that do not compress, a function of `seed` alone.
class Value {
 public:
  std::string_view operator()(uint64_t seed, size_t size);

 private:
  std::string bytes_;
};

// Ranks 0..n-1 with probability proportional to 1/(rank+1)^exponent, by rejection-inversion
// (Hörmann and Derflinger 1996): no table, exact for any n.
class Zipf {
 public:
  Zipf(uint64_t n, double exponent);
  uint64_t operator()(Random* random) const;

 private:
  double Integral(double x) const;
  double IntegralInverse(double x) const;

  double n_;
  double exponent_;
  double low_;
  double high_;
  double threshold_;
};

// Key ids of a cache trace. Kinds: zipf0.9, zipf1.0, zipf+scan (a third of the time a sweep over
// keys never asked for again), shifting (the popular ranks move on every tenth of the trace).
std::vector<uint32_t> MakeTrace(const std::string& kind, uint64_t requests, uint64_t keys,
                                uint64_t seed);

}  // namespace replete::bench
