#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/problem.h"

namespace replete {

// The classes of clients whose unsent replies are limited apart, in the order they are written.
enum class ClientClass : uint8_t { kNormal, kReplica, kPubSub };
inline constexpr size_t kClientClassCount = 3;

// A client is cut at once above the hard limit, and when it stays above the soft limit for as many
// seconds. 0 bytes: no such limit.
struct OutputBufferLimit {
  uint64_t hard_bytes = 0;
  uint64_t soft_bytes = 0;
  int soft_seconds = 0;

  bool operator==(const OutputBufferLimit&) const = default;
};

struct OutputBufferLimits {
  std::array<OutputBufferLimit, kClientClassCount> by_class = {{
      {},
      {256ULL << 20, 64ULL << 20, 60},
      {32ULL << 20, 8ULL << 20, 60},
  }};

  const OutputBufferLimit& of(ClientClass client_class) const {
    return by_class[static_cast<size_t>(client_class)];
  }
  bool operator==(const OutputBufferLimits&) const = default;
};

// "CLASS HARD SOFT SECONDS ..." with CLASS one of normal, replica (or slave), pubsub; a class that
// is not named keeps its limits.
[[nodiscard]] Problem ParseOutputBufferLimits(std::string_view text, OutputBufferLimits* limits);

// All three classes in bytes; the replica's is written "slave" as Redis does.
std::string FormatOutputBufferLimits(const OutputBufferLimits& limits);

}  // namespace replete
