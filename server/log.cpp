#include "server/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>

namespace replete {
namespace {

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kVerbose:
      return spdlog::level::info;
    case LogLevel::kNotice:
      return spdlog::level::warn;
    case LogLevel::kWarning:
      return spdlog::level::err;
  }
  return spdlog::level::off;
}

std::string_view Word(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "verbose";
    case spdlog::level::warn:
      return "notice";
    default:
      return "warning";
  }
}

class LevelWord final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view word = Word(message.level);
    out.append(word.data(), word.data() + word.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelWord>();
  }
};

// The text as it may stand between quotes of JSON (RFC 8259), or in one line of text: what others
// have sent can be part of it.
class SafeText final : public spdlog::custom_flag_formatter {
 public:
  explicit SafeText(bool json) : json_(json) {}

  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    for (const char c : std::string_view(message.payload.data(), message.payload.size())) {
      const auto byte = static_cast<unsigned char>(c);
      if (json_ && (c == '"' || c == '\\')) {
        out.push_back('\\');
        out.push_back(c);
      } else if (byte < 0x20 || byte == 0x7f) {
        const std::string escape =
            json_ ? fmt::format("\\u{:04x}", byte) : fmt::format("\\x{:02x}", byte);
        out.append(escape.data(), escape.data() + escape.size());
      } else {
        out.push_back(c);
      }
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<SafeText>(json_);
  }

 private:
  const bool json_;
};

std::unique_ptr<spdlog::formatter> MakeFormatter(LogFormat format) {
  const bool json = format == LogFormat::kJson;
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelWord>('*').add_flag<SafeText>('$', json);
  formatter->set_pattern(
      json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%*","pid":%P,"message":"%$"})"
           : "%P %Y-%m-%d %H:%M:%S.%e %* %$");
  return formatter;
}

}  // namespace

struct Log::Sink {
  std::mutex mutex;
  std::shared_ptr<spdlog::sinks::sink> to;
  std::string file;
  LogFormat format = LogFormat::kText;
  std::atomic<int> level{spdlog::level::off};
};

Log::Log() : sink_(new Sink) {}

Log& Log::Get() {
  static Log log;
  return log;
}

Problem Log::Open(const Config& config) {
  std::shared_ptr<spdlog::sinks::sink> to;
  try {
    if (config.logfile.empty()) {
      to = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    } else {
      // The library would make the folder.
      const std::filesystem::path folder = std::filesystem::absolute(config.logfile).parent_path();
      if (!std::filesystem::is_directory(folder)) {
        return fmt::format("logfile '{}': there is no folder {}", config.logfile, folder.string());
      }
      to = std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.logfile);
    }
  } catch (const std::exception& error) {
    return fmt::format("logfile '{}': {}", config.logfile, error.what());
  }
  {
    const std::lock_guard lock(sink_->mutex);
    sink_->to = std::move(to);
    sink_->file = config.logfile;
  }
  Apply(config);
  return std::nullopt;
}

void Log::Apply(const Config& config) {
  const std::lock_guard lock(sink_->mutex);
  if (!sink_->to) return;
  sink_->to->set_formatter(MakeFormatter(config.log_format));
  sink_->format = config.log_format;
  sink_->level.store(SpdlogLevel(config.loglevel), std::memory_order_relaxed);
}

void Log::Reopen() {
  const std::lock_guard lock(sink_->mutex);
  if (sink_->file.empty()) return;
  try {
    auto to = std::make_shared<spdlog::sinks::basic_file_sink_mt>(sink_->file);
    to->set_formatter(MakeFormatter(sink_->format));
    sink_->to = std::move(to);
  } catch (const std::exception&) {
    // Without the new file the old one is better than none.
  }
}

bool Log::Tells(LogLevel level) const {
  return SpdlogLevel(level) >= sink_->level.load(std::memory_order_relaxed);
}

void Log::Write(LogLevel level, std::string_view text) {
  const std::lock_guard lock(sink_->mutex);
  if (!sink_->to) return;
  try {
    sink_->to->log({spdlog::source_loc{}, "", SpdlogLevel(level), {text.data(), text.size()}});
    sink_->to->flush();
  } catch (const std::exception&) {
    // The disk is full or the file is gone: that is no reason to stop serving.
  }
}

}  // namespace replete
