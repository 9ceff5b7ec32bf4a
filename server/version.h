#pragma once

#include <string_view>

namespace replete {

// The version of this daemon, and the one of Redis whose behaviour clients may expect from it:
// libraries decide by that one which commands they send.
inline constexpr std::string_view kRepleteVersion = REPLETE_VERSION;
inline constexpr std::string_view kRedisVersion = "7.2.4";

}  // namespace replete
