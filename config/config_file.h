#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"

namespace replete {

// The configuration file: TOML (https://toml.io/en/v1.0.0), a table a section, [namespace.NAME] for
// namespaces. Keys are the names of settings, with dashes or underscores.
struct ConfigFile {
  ConfigSource source;
  std::vector<std::string> problems;  // each names file, line and key; then `source` is not whole

  // Where things stand in the text, for rewriting it: bytes from its beginning.
  struct Range {
    size_t begin;
    size_t end;
  };
  struct Table {
    size_t header = 0;                    // the beginning of its line
    std::map<std::string, Range> values;  // by canonical name of the setting or option
  };
  std::map<std::string, Table> tables;  // "server", "namespace.llm"
  std::vector<size_t> headers;          // of every table, also of those that are not ours, in order
};

// `name` is what problems call the file. Reads nothing but `text`.
ConfigFile ParseConfigFile(std::string_view text, const std::string& name);

// The whole file, of at most 16 MiB. The problem names it.
[[nodiscard]] Problem ReadFile(const std::string& path, std::string* text);

}  // namespace replete
