#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace replete {

struct Client;
struct Command;

// The last commands that took long (SLOWLOG). Thread-safe.
class SlowLog {
 public:
  struct Record {
    uint64_t id;
    int64_t time_s;  // Unix time at its end
    int64_t micros;
    std::vector<std::string> args;  // of many or long ones a part, which says so
    std::string address;
    std::string client_name;
  };

  // Keeps `most` records, the latest.
  void Add(const Client& client, const Command& command, std::span<const std::string_view> args,
           int64_t micros, size_t most);
  // The latest first.
  std::vector<Record> Latest(size_t most) const;
  size_t size() const;
  void Clear();

 private:
  mutable std::mutex mutex_;
  std::deque<Record> records_;
  uint64_t next_id_ = 0;
};

}  // namespace replete
