#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "config/problem.h"

namespace replete {

// A setting of Redis without a meaning here, or one of a later version of ours. It is known by name
// so that it can be refused with the reason instead of being taken silently. Where one value
// describes what is so anyway
// ("appendonly no"), that value is accepted, since every script for Redis passes it, and CONFIG GET
// answers it.
struct ForeignSetting {
  enum class Kind : uint8_t {
    kLive,       // Redis takes it from CONFIG SET
    kImmutable,  // Redis refuses it there
    kDirective,  // known to Redis' configuration file only
  };
  std::string_view name;
  std::string_view alias;  // an older name, or empty
  Kind kind = Kind::kLive;
  std::optional<std::string_view> fixed;
  std::string_view reason;
};

std::span<const ForeignSetting> ForeignSettings();

// By name or alias, dashes or underscores, any case; null when there is none.
const ForeignSetting* FindForeignSetting(std::string_view name);

// Whether the value may be said; the problem is Redis' where the value makes no sense there either
// ("appendonly maybe"), else the reason.
[[nodiscard]] Problem CheckForeignValue(const ForeignSetting& setting, std::string_view value);

}  // namespace replete
