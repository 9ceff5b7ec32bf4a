#include "config/config_sources.h"

#include "config/config_file.h"

namespace replete {

std::vector<std::string> ConfigSources::Load(Configuration* configuration) const {
  ConfigFile parsed;
  if (!file.empty()) {
    std::string text;
    if (Problem problem = ReadFile(file, &text)) return {std::move(*problem)};
    parsed = ParseConfigFile(text, file);
  }
  std::vector<std::string> problems = std::move(parsed.problems);
  const ConfigSource* const sources[] = {&parsed.source, &environment, &command_line};
  Configuration composed;
  for (std::string& problem : Compose(defaults, sources, &composed)) {
    problems.push_back(std::move(problem));
  }
  if (problems.empty()) *configuration = std::move(composed);
  return problems;
}

}  // namespace replete
