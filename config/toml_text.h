#pragma once

#include <string>
#include <string_view>

#include "config/namespace_settings.h"
#include "config/row.h"

namespace replete {

// How settings are written in the configuration file.

// A basic string of TOML.
std::string TomlString(std::string_view text);
// The value of a setting of that kind, given as its row's `get` gives it.
std::string TomlValue(ValueKind kind, const std::string& text);
// The value of a namespace's option.
std::string TomlValue(const NamespaceOption& row, const NamespaceSettings& settings);

// A file with every setting and option, documented, each as a comment with its default.
std::string SampleConfig();

}  // namespace replete
