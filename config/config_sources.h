#pragma once

#include <string>
#include <vector>

#include "config/configuration.h"

namespace replete {

// Where the configuration comes from: defaults < file < environment < command line. Kept while the
// daemon runs, so that the file can be read again and written to.
struct ConfigSources {
  std::string file;  // absolute path; empty: none
  ConfigSource environment;
  ConfigSource command_line;
  Defaults defaults;

  // What the daemon would start from now. Returns every mistake, a line for a person each; then
  // *configuration is as it was.
  std::vector<std::string> Load(Configuration* configuration) const;
};

// Writes into the file what differs between `live` and what Load gives, so that from then on Load
// gives `live`; all else stays in its place, comments included. The file changes as a whole, where
// it cannot be replaced (it is a mount point) in place. `overruled`: settings that environment or
// command line go on to decide otherwise ("maxmemory", "namespace.llm.max_entries"). Without a
// file, or with mistakes in it, a problem, and nothing is written.
[[nodiscard]] Problem RewriteConfig(const ConfigSources& sources, const Configuration& live,
                                    std::vector<std::string>* overruled);

}  // namespace replete
