#include "config/command_line.h"

#include <fmt/format.h>

#include <span>

#include "config/foreign_settings.h"

namespace replete {
namespace {

constexpr std::string_view kNoConfigFile =
    "configuration files are not available in this version; give settings as --NAME VALUE";

// One --NAME with the words that belong to it.
struct Option {
  std::string_view name;
  std::vector<std::string_view> words;
};

bool IsOption(std::string_view argument) {
  return argument.size() > 2 && argument.starts_with("--");
}

Option TakeOption(std::span<const char* const> arguments, size_t* at) {
  Option option{std::string_view(arguments[*at]).substr(2), {}};
  if (const size_t equals = option.name.find('='); equals != std::string_view::npos) {
    option.words.push_back(option.name.substr(equals + 1));
    option.name = option.name.substr(0, equals);
  }
  for (++*at; *at < arguments.size() && !IsOption(arguments[*at]); ++*at) {
    option.words.emplace_back(arguments[*at]);
  }
  return option;
}

std::string JoinWords(const std::vector<std::string_view>& words) {
  return JoinWithBlanks({words.begin(), words.end()});
}

// A setting with its value, or why it cannot be one.
Problem ReadSetting(const Option& option, CommandLine* line) {
  const std::string origin = fmt::format("--{}", option.name);
  if (const Setting* setting = FindSetting(option.name)) {
    if (option.words.empty()) {
      return fmt::format("{} needs a value: {}", origin, DescribeAllowed(*setting));
    }
    if (option.words.size() > 1 && !setting->repeatable) {
      return fmt::format("{} takes one value, not '{}' (allowed: {})", origin,
                         setting->sensitive ? "***" : JoinWords(option.words),
                         DescribeAllowed(*setting));
    }
  }
  SettingValue value{origin, std::string(option.name), JoinWords(option.words)};
  Problem problem = ApplyValue(value, &line->config);
  if (!problem) line->values.push_back(std::move(value));
  return problem;
}

CommandLine Exit(CommandLine::Action action, std::string text) {
  CommandLine line;
  line.action = action;
  line.text = std::move(text);
  return line;
}

}  // namespace

CommandLine ParseCommandLine(int argc, const char* const* argv) {
  const std::span<const char* const> arguments(argv, static_cast<size_t>(argc));
  const auto fail = [](std::string text) {
    return Exit(CommandLine::Action::kFail, "replete-server: " + std::move(text) + "\n");
  };
  CommandLine line;
  for (size_t at = 1; at < arguments.size();) {
    const std::string_view argument = arguments[at];
    if (argument == "-h") return Exit(CommandLine::Action::kPrint, HelpText());
    if (argument == "-v") return Exit(CommandLine::Action::kPrint, VersionText());
    // Words after an option belong to it, so only a leading word gets here: Redis' place for the
    // configuration file, or - for one from standard input.
    if (!IsOption(argument)) return fail(fmt::format("'{}': {}", argument, kNoConfigFile));
    const Option option = TakeOption(arguments, &at);
    if (SameName(option.name, "help")) return Exit(CommandLine::Action::kPrint, HelpText());
    if (SameName(option.name, "version")) return Exit(CommandLine::Action::kPrint, VersionText());
    if (SameName(option.name, "commands")) return Exit(CommandLine::Action::kCommands, {});
    if (SameName(option.name, "config")) {
      return fail(fmt::format("--config '{}': {}", JoinWords(option.words), kNoConfigFile));
    }
    if (SameName(option.name, "check-config")) {
      if (!option.words.empty()) {
        return fail(fmt::format("--check-config '{}': takes no value; {}", JoinWords(option.words),
                                kNoConfigFile));
      }
      line.action = CommandLine::Action::kCheck;
      continue;
    }
    if (Problem problem = ReadSetting(option, &line)) return fail(std::move(*problem));
  }
  return line;
}

std::string VersionText() { return "replete-server " REPLETE_VERSION "\n"; }

std::string HelpText() {
  std::string text =
      "Usage: replete-server [--NAME VALUE ...] [--NAME=VALUE ...]\n"
      "\n"
      "Replete is a cache daemon that speaks the protocol of Redis. Without arguments it listens\n"
      "on 127.0.0.1:6379, keeps everything in memory and writes no files.\n"
      "\n"
      "  --version        print the version\n"
      "  --help           print this text\n"
      "  --commands       print the reference of commands in Markdown\n"
      "  --check-config   check the settings and exit\n"
      "\n"
      "Settings, with dashes or underscores. * = changeable by CONFIG SET.\n";
  std::string_view section;
  for (const Setting& setting : SettingsTable()) {
    if (setting.section != section) {
      section = setting.section;
      text += fmt::format("\n[{}]\n", section);
    }
    text += fmt::format("{} --{}  {}\n      {}\n      Default: {}\n",
                        setting.change == Change::kLive ? '*' : ' ', setting.name,
                        DescribeAllowed(setting), setting.doc, DescribeDefault(setting));
  }
  return text;
}

}  // namespace replete
