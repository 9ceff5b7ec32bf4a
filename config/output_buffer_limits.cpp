#include "config/output_buffer_limits.h"

#include <fmt/format.h>

#include <limits>
#include <optional>

#include "config/values.h"

namespace replete {
namespace {

constexpr std::string_view kClassNames[kClientClassCount] = {"normal", "slave", "pubsub"};

std::optional<size_t> FindClass(std::string_view name) {
  if (SameWord(name, "replica")) return static_cast<size_t>(ClientClass::kReplica);
  for (size_t i = 0; i < kClientClassCount; ++i) {
    if (SameWord(name, kClassNames[i])) return i;
  }
  return std::nullopt;
}

}  // namespace

Problem ParseOutputBufferLimits(std::string_view text, OutputBufferLimits* limits) {
  const std::vector<std::string_view> words = SplitAtBlanks(text);
  if (words.size() % 4 != 0) return "Wrong number of arguments in buffer limit configuration.";
  OutputBufferLimits changed = *limits;
  for (size_t i = 0; i < words.size(); i += 4) {
    const std::optional<size_t> client_class = FindClass(words[i]);
    if (!client_class) return "Invalid client class specified in buffer limit configuration.";
    constexpr uint64_t kAnySize = std::numeric_limits<uint64_t>::max();
    OutputBufferLimit limit;
    int64_t seconds = 0;
    if (ParseMemory(words[i + 1], 0, kAnySize, &limit.hard_bytes) ||
        ParseMemory(words[i + 2], 0, kAnySize, &limit.soft_bytes) ||
        ParseInteger(words[i + 3], 0, std::numeric_limits<int>::max(), &seconds)) {
      return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    }
    limit.soft_seconds = static_cast<int>(seconds);
    changed.by_class[*client_class] = limit;
  }
  *limits = changed;
  return std::nullopt;
}

std::string FormatOutputBufferLimits(const OutputBufferLimits& limits) {
  std::string text;
  for (size_t i = 0; i < kClientClassCount; ++i) {
    const OutputBufferLimit& limit = limits.by_class[i];
    text += fmt::format("{}{} {} {} {}", i == 0 ? "" : " ", kClassNames[i], limit.hard_bytes,
                        limit.soft_bytes, limit.soft_seconds);
  }
  return text;
}

}  // namespace replete
