#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/keyspace/manual_clock.h"

namespace replete {

// Makes up write commands with arguments that are right most of the time.
class RandomWriter {
 public:
  // `swaps`: SWAPDB too, which databases with a tier refuse.
  RandomWriter(uint64_t seed, const ManualClock& clock, bool swaps = true)
      : random_(seed), clock_(clock), swaps_(swaps) {}

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  std::vector<std::string> Command();

 private:
  std::string Key() {
    static constexpr const char* kPrefixes[] = {"", "", "", "c:", "c:", "t:"};
    return kPrefixes[prefix_] + std::string("key:") + std::to_string(Below(30));
  }
  std::string Value() {
    if (OneIn(3)) return std::to_string(Below(1000));
    return std::string(Below(OneIn(50) ? 9000 : 60), static_cast<char>('a' + Below(26)));
  }
  std::string Seconds() { return std::to_string(Below(5) + 1); }
  std::string Millis() { return std::to_string(Below(3000) + 1); }
  std::string AtMillis() {
    return std::to_string(clock_.NowMs() + static_cast<int64_t>(Below(4000)) - 200);
  }
  std::string AtSeconds() {
    return std::to_string(clock_.NowMs() / 1000 + static_cast<int64_t>(Below(5)));
  }
  void AddDeadline(std::vector<std::string>* words) {
    switch (Below(5)) {
      case 0:
        words->insert(words->end(), {"EX", Seconds()});
        break;
      case 1:
        words->insert(words->end(), {"PX", Millis()});
        break;
      case 2:
        words->insert(words->end(), {"EXAT", AtSeconds()});
        break;
      case 3:
        words->insert(words->end(), {"PXAT", AtMillis()});
        break;
      default:
        break;
    }
  }
  std::string Dump();
  std::vector<std::string> OfStrings();
  std::vector<std::string> OfKeys();
  std::vector<std::string> OfExpiry();
  std::vector<std::string> OfBits();
  std::vector<std::string> OfCollections();
  std::vector<std::string> OfKeyspaces();

  std::mt19937_64 random_;
  const ManualClock& clock_;
  const bool swaps_;
  size_t prefix_ = 0;  // of all keys of one command: they stay in one namespace
};

}  // namespace replete
