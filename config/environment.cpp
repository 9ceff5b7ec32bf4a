#include "config/environment.h"

#include <fmt/format.h>

namespace replete {
namespace {

constexpr std::string_view kPrefix = "REPLETE__";
constexpr std::string_view kSeparator = "__";

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : SplitAtBlanks(text)) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

// `path` is what follows the prefix.
Problem ReadVariable(std::string_view variable, std::string_view path, std::string_view value,
                     ConfigSource* source) {
  const size_t at = path.find(kSeparator);
  if (at == std::string_view::npos) {
    return fmt::format(
        "{}: a variable is REPLETE__SECTION__NAME or REPLETE__NAMESPACE__NAME__OPTION", variable);
  }
  const std::string_view section = path.substr(0, at);
  const std::string_view name = path.substr(at + kSeparator.size());
  if (!SameWord(section, "namespace")) {
    if (Problem problem = CheckSection(LowerCase(section), name)) {
      return fmt::format("{}: {}", variable, *problem);
    }
    source->settings.push_back({std::string(variable), std::string(name), std::string(value)});
    return std::nullopt;
  }
  const size_t end = name.rfind(kSeparator);
  if (end == std::string_view::npos || end == 0) {
    return fmt::format("{}: names no option: REPLETE__NAMESPACE__NAME__OPTION", variable);
  }
  const std::string_view option = name.substr(end + kSeparator.size());
  const NamespaceOption* row = FindRow(NamespaceOptions(), option);
  const bool is_list = row != nullptr && row->repeatable;
  source->namespaces.push_back(
      {std::string(variable), std::string(name.substr(0, end)), LowerCase(option),
       is_list ? Words(value) : std::vector<std::string>{std::string(value)}});
  return std::nullopt;
}

}  // namespace

std::vector<std::string> ReadEnvironment(const char* const* variables, ConfigSource* source) {
  source->folds_names = true;
  std::vector<std::string> problems;
  for (; variables != nullptr && *variables != nullptr; ++variables) {
    const std::string_view line = *variables;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || !line.starts_with(kPrefix)) continue;
    const std::string_view variable = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (value.empty()) continue;
    if (Problem problem = ReadVariable(variable, variable.substr(kPrefix.size()), value, source)) {
      problems.push_back(std::move(*problem));
    }
  }
  return problems;
}

}  // namespace replete
