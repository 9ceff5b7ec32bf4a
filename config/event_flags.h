#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/problem.h"

namespace replete {

// The classes of keyspace events, one bit each, with the bits of Redis 7.0 (server.h).
namespace event_flags {
inline constexpr uint32_t kKeyspace = 1U << 0;  // K: published on __keyspace@N__
inline constexpr uint32_t kKeyevent = 1U << 1;  // E: published on __keyevent@N__
inline constexpr uint32_t kGeneric = 1U << 2;   // g
inline constexpr uint32_t kString = 1U << 3;    // $
inline constexpr uint32_t kList = 1U << 4;      // l
inline constexpr uint32_t kSet = 1U << 5;       // s
inline constexpr uint32_t kHash = 1U << 6;      // h
inline constexpr uint32_t kZset = 1U << 7;      // z
inline constexpr uint32_t kExpired = 1U << 8;   // x
inline constexpr uint32_t kEvicted = 1U << 9;   // e
inline constexpr uint32_t kStream = 1U << 10;   // t
inline constexpr uint32_t kKeyMiss = 1U << 11;  // m: not part of A
inline constexpr uint32_t kModule = 1U << 13;   // d
inline constexpr uint32_t kNew = 1U << 14;      // n: not part of A
inline constexpr uint32_t kAll = kGeneric | kString | kList | kSet | kHash | kZset | kExpired |
                                 kEvicted | kStream | kModule;  // A
}  // namespace event_flags

// The value of notify-keyspace-events, such as "KEA"; empty switches events off.
[[nodiscard]] Problem ParseEventFlags(std::string_view text, uint32_t* out);

// The order CONFIG GET answers in: classes, then n, K, E, m. As in Redis, n is not shown beside A.
std::string FormatEventFlags(uint32_t flags);

}  // namespace replete
