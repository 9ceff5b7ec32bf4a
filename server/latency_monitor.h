#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace replete {

// When something took long (LATENCY): of each kind of event the longest one of each of the last
// seconds in which there was one. Thread-safe.
class LatencyMonitor {
 public:
  static constexpr size_t kKept = 160;  // seconds

  struct Sample {
    int64_t time_s;  // Unix time
    int64_t millis;
  };
  struct Event {
    std::string name;
    std::deque<Sample> samples;  // the oldest first
    int64_t longest = 0;         // since the last reset
  };

  // `event` is a literal.
  void Note(std::string_view event, int64_t millis);
  std::vector<Event> All() const;
  // Samples of one event; none: there was none.
  std::vector<Sample> History(std::string_view event) const;
  // False: there was none.
  bool Reset(std::string_view event);
  // How many there were.
  size_t ResetAll();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Event, std::less<>> events_;
};

}  // namespace replete
