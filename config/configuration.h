#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/namespace_settings.h"
#include "config/settings_table.h"

namespace replete {

// One option of one namespace from one source.
struct NamespaceValue {
  std::string origin;               // as in SettingValue
  std::string name;                 // of the namespace
  std::string option;               // empty: the namespace is only named
  std::vector<std::string> values;  // of a list perhaps several
};

// What one source says: the command line, the environment or a file.
struct ConfigSource {
  std::vector<SettingValue> settings;
  std::vector<NamespaceValue> namespaces;
  // Names of namespaces are written as variables allow: in capitals, with _ for . and -. They mean
  // one that a weaker source names, else one in lower case.
  bool folds_names = false;
};

// A namespace that is there from the start.
struct DeclaredNamespace {
  std::string name;    // of a numbered database: its number
  std::string origin;  // of its first option
  NamespaceSettings settings;

  bool numbered() const { return name[0] >= '0' && name[0] <= '9'; }
};

// All that the daemon starts from.
struct Configuration {
  Config config;
  NamespaceDefaults defaults;
  std::vector<DeclaredNamespace> namespaces;  // as the sources name them first

  const DeclaredNamespace* Find(std::string_view name) const;
};

// What there is without any source.
struct Defaults {
  Config config;
  NamespaceDefaults namespaces;
};

// The sources, weakest first, applied over the defaults and over each other. Returns what is wrong,
// each a line for a person that says where; then *configuration is as it was.
std::vector<std::string> Compose(const Defaults& defaults,
                                 std::span<const ConfigSource* const> sources,
                                 Configuration* configuration);

// Why a setting of that name cannot stand in this section: there is no such section, or the setting
// belongs in another one.
[[nodiscard]] Problem CheckSection(std::string_view section, std::string_view setting);

}  // namespace replete
