#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/settings_table.h"

namespace replete {

// What the command line asked for:
//   replete-server [--NAME VALUE ... | --NAME=VALUE] [--version] [--help] [--commands]
//                  [--check-config]
// NAME is any setting of the table. As in Redis, a setting takes all words up to the next --NAME;
// a value that starts with -- is written --NAME=VALUE. A later value of a setting wins.
struct CommandLine {
  enum class Action : uint8_t {
    kRun,
    kCommands,  // --commands: print the reference of commands, then exit
    kCheck,     // --check-config: validate what there is, then exit
    kPrint,     // print `text` to standard output and exit 0
    kFail,      // print `text` to standard error and exit 1
  };
  Action action = Action::kRun;
  std::string text;
  // In the order given; for a source of lower precedence they are applied again on top of it.
  std::vector<SettingValue> values;
  // The defaults with `values` applied; meaningful for kRun and kCheck.
  Config config;
};

CommandLine ParseCommandLine(int argc, const char* const* argv);

// The texts of --version and --help.
std::string VersionText();
std::string HelpText();

}  // namespace replete
