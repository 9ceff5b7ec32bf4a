#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"
#include "config/problem.h"

namespace replete {

// The daemon's log: a line an event, to standard output or to a file, as text or as JSON. One for
// the process, silent until it is opened, so that tests that make servers need none. Any thread;
// not from a signal handler.
class Log {
 public:
  static Log& Get();

  // As the settings say. A problem, and the log is as it was, when the file cannot be opened.
  [[nodiscard]] Problem Open(const Config& config);
  // Level and format from now on.
  void Apply(const Config& config);
  // Opens the file anew: the old one was moved away.
  void Reopen();
  bool Tells(LogLevel level) const;
  void Write(LogLevel level, std::string_view text);

 private:
  Log();
  struct Sink;
  Sink* sink_;  // for ever: threads may log until the process ends
};

template <class... Args>
void LogAt(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (!Log::Get().Tells(level)) return;
  Log::Get().Write(level, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void LogNotice(fmt::format_string<Args...> format, Args&&... args) {
  LogAt(LogLevel::kNotice, format, std::forward<Args>(args)...);
}
template <class... Args>
void LogWarning(fmt::format_string<Args...> format, Args&&... args) {
  LogAt(LogLevel::kWarning, format, std::forward<Args>(args)...);
}

}  // namespace replete
