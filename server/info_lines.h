#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace replete {

class Server;

// Lines "name:value" of a section of INFO.
class InfoLines {
 public:
  explicit InfoLines(std::string* out) : out_(out) {}

  template <typename Value>
  void Add(std::string_view name, const Value& value) {
    fmt::format_to(std::back_inserter(*out_), "{}:{}\r\n", name, value);
  }
  // With the same in words beside it.
  void AddBytes(std::string_view name, uint64_t bytes) {
    Add(name, bytes);
    Add(fmt::format("{}_human", name), Human(bytes));
  }

 private:
  static std::string Human(uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{}B", bytes);
    double value = static_cast<double>(bytes);
    size_t unit = 0;
    constexpr std::string_view kUnits = "BKMGTP";
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    return fmt::format("{:.2f}{}", value, kUnits[unit]);
  }

  std::string* out_;
};

// The sections about commands; see info_commands.cpp.
void WriteCommandStats(Server& server, InfoLines& lines);
void WriteErrorStats(Server& server, InfoLines& lines);
void WriteLatencyStats(Server& server, InfoLines& lines);

}  // namespace replete
