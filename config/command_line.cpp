#include "config/command_line.h"

#include <fmt/format.h>

#include <span>

#include "config/foreign_settings.h"
#include "config/man_page.h"
#include "config/toml_text.h"

namespace replete {
namespace {

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

constexpr std::string_view kNamespacePrefix = "namespace.";

// namespace.NAME.OPTION; names may have dots, options have none.
Problem ReadNamespaceOption(const Option& option, CommandLine* line) {
  const std::string origin = fmt::format("--{}", option.name);
  const std::string_view path = option.name.substr(kNamespacePrefix.size());
  const size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == path.size()) {
    return fmt::format("{}: write --namespace.NAME.OPTION VALUE", origin);
  }
  const NamespaceOption* row = FindRow(NamespaceOptions(), path.substr(dot + 1));
  if (option.words.empty()) return fmt::format("{} needs a value", origin);
  if (option.words.size() > 1 && (row == nullptr || !row->repeatable)) {
    return fmt::format("{} takes one value, not '{}'", origin, JoinWords(option.words));
  }
  line->source.namespaces.push_back({origin,
                                     std::string(path.substr(0, dot)),
                                     std::string(path.substr(dot + 1)),
                                     {option.words.begin(), option.words.end()}});
  return std::nullopt;
}

// A setting with its value, or why it cannot be one.
Problem ReadSetting(const Option& option, CommandLine* line) {
  if (option.name.starts_with(kNamespacePrefix)) return ReadNamespaceOption(option, line);
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
  Config ignored;
  Problem problem = ApplyValue(value, &ignored);
  if (!problem) line->source.settings.push_back(std::move(value));
  return problem;
}

Problem ReadFileName(const Option& option, CommandLine* line) {
  if (option.words.size() != 1) return fmt::format("--{} takes one file", option.name);
  if (!line->file.empty()) {
    return fmt::format("--{} '{}': there is one configuration file, '{}' already", option.name,
                       option.words[0], line->file);
  }
  line->file = option.words[0];
  return std::nullopt;
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
    // configuration file.
    if (!IsOption(argument)) {
      if (at > 1 || argument.starts_with('-')) {
        return fail(fmt::format("'{}': neither an option nor a file", argument));
      }
      line.file = argument;
      ++at;
      continue;
    }
    const Option option = TakeOption(arguments, &at);
    if (SameName(option.name, "help")) return Exit(CommandLine::Action::kPrint, HelpText());
    if (SameName(option.name, "version")) return Exit(CommandLine::Action::kPrint, VersionText());
    if (SameName(option.name, "commands")) return Exit(CommandLine::Action::kCommands, {});
    if (SameName(option.name, "man")) return Exit(CommandLine::Action::kPrint, ManPage());
    if (SameName(option.name, "ping")) {
      if (!option.words.empty()) return fail("--ping takes no value");
      line.action = CommandLine::Action::kPing;
      continue;
    }
    if (SameName(option.name, "sample-config")) {
      return Exit(CommandLine::Action::kPrint, SampleConfig());
    }
    if (SameName(option.name, "config")) {
      if (Problem problem = ReadFileName(option, &line)) return fail(std::move(*problem));
      continue;
    }
    if (SameName(option.name, "check-config")) {
      if (!option.words.empty()) {
        if (Problem problem = ReadFileName(option, &line)) return fail(std::move(*problem));
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
      "Usage: replete-server [--config FILE] [--NAME VALUE ...] [--NAME=VALUE ...]\n"
      "\n"
      "Replete is a cache daemon that speaks the protocol of Redis. Without arguments it listens\n"
      "on 127.0.0.1:6379, keeps everything in memory and writes no files.\n"
      "\n"
      "  --version        print the version\n"
      "  --help           print this text\n"
      "  --commands       print the reference of commands in Markdown\n"
      "  --sample-config  print a configuration file with every setting\n"
      "  --man            print the manual page\n"
      "  --ping           ask the daemon of this configuration whether it answers\n"
      "  --config FILE    read settings from a file in TOML\n"
      "  --check-config   check the settings and exit\n"
      "\n"
      "The command line overrides variables of the environment (REPLETE__SERVER__PORT,\n"
      "REPLETE__NAMESPACE__LLM__MAX_ENTRIES), they override the file ([server] port,\n"
      "[namespace.llm] max_entries). Options of a namespace: --namespace.llm.max_entries 1000.\n"
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
