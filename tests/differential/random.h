#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>

namespace replete::test {

// The one source of chance of a round: the same seed gives the same requests on every machine,
// which the standard library's distributions do not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t Next() { return engine_(); }
  std::size_t Below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(engine_() % n); }
  int Between(int low, int high) {
    return low + static_cast<int>(Below(static_cast<std::size_t>(high - low) + 1));
  }
  bool Chance(int percent) { return Below(100) < static_cast<std::size_t>(percent); }

  template <typename T>
  const T& Pick(std::span<const T> all) {
    return all[Below(all.size())];
  }
  template <typename T, std::size_t N>
  const T& Pick(const T (&all)[N]) {
    return all[Below(N)];
  }

  std::string Bytes(std::size_t size) {
    std::string out(size, '\0');
    for (char& c : out) c = static_cast<char>(engine_() & 255U);
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace replete::test
