#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/row.h"

namespace replete {

// A setting of the daemon: see Row. The section is the TOML table it belongs to and, with the name,
// the environment variable: REPLETE__SERVER__PORT is "port" of section "server".
using Setting = Row<Config>;

// All settings, in the order they are documented. The table lives as long as the process.
std::span<const Setting> SettingsTable();

// By name or alias, dashes or underscores, any case; null when there is none.
const Setting* FindSetting(std::string_view name);

// The default for a reader: as CONFIG GET prints it, "empty", or what it depends on.
std::string DescribeDefault(const Setting& setting);

// One value from one source. Every source (command line, and later environment and TOML file)
// produces a list of these; they are applied over the defaults in the order of precedence.
struct SettingValue {
  std::string origin;  // where it was written, for messages: "--port", "replete.toml:3: port"
  std::string name;
  std::string value;  // several words are separated by single blanks
};

// Applies the value to the configuration. The problem names origin, value and what is allowed.
// Settings of Redis without a meaning here are known by name: the value that says what is so anyway
// is accepted and changes nothing, any other is refused with the reason.
[[nodiscard]] Problem ApplyValue(const SettingValue& value, Config* config);

}  // namespace replete
