#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"

namespace replete {

// What the command line asked for:
//   replete-server [FILE] [--config FILE] [--NAME VALUE ... | --NAME=VALUE] [--version] [--help]
//                  [--commands] [--sample-config] [--check-config]
// NAME is any setting of the table, or namespace.NAME.OPTION. As in Redis, a setting takes all
// words up to the next --NAME; a value that starts with -- is written --NAME=VALUE. A later value
// of a setting wins.
struct CommandLine {
  enum class Action : uint8_t {
    kRun,
    kCommands,  // --commands: print the reference of commands, then exit
    kPing,      // --ping: ask the daemon of this configuration, then exit
    kCheck,     // --check-config: validate all there is, then exit
    kPrint,     // print `text` to standard output and exit 0
    kFail,      // print `text` to standard error and exit 1
  };
  Action action = Action::kRun;
  std::string text;
  std::string file;     // of the configuration; empty: none
  ConfigSource source;  // in the order given; each value is right by itself
};

CommandLine ParseCommandLine(int argc, const char* const* argv);

// The texts of --version and --help.
std::string VersionText();
std::string HelpText();

}  // namespace replete
