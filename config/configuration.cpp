#include "config/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace replete {
namespace {

// As a name looks in a variable: LLM_V2 for llm.v2.
std::string Fold(std::string_view name) {
  std::string folded = LowerCase(name);
  for (char& c : folded) {
    if (c == '.' || c == '-') c = '_';
  }
  return folded;
}

Problem NumberOf(std::string_view name, int databases, int* number) {
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), *number);
  const bool plain =
      error == std::errc() && end == name.data() + name.size() && std::to_string(*number) == name;
  if (plain && *number < databases) return std::nullopt;
  return fmt::format("there is no numbered database '{}': databases is {}", name, databases);
}

class Composer {
 public:
  Composer(const Defaults& defaults, Configuration* composed) : composed_(*composed) {
    composed_.config = defaults.config;
    composed_.defaults = defaults.namespaces;
  }

  void AddSettings(const ConfigSource& source) {
    for (const SettingValue& value : source.settings) {
      Note(ApplyValue(value, &composed_.config));
    }
  }

  void AddNamespaces(const ConfigSource& source) {
    for (const NamespaceValue& value : source.namespaces) {
      DeclaredNamespace* declared = Declare(value, source.folds_names);
      if (declared == nullptr || value.option.empty()) continue;
      if (Problem problem = Apply(value, declared)) {
        Note(fmt::format("{}: {}", value.origin, *problem));
      } else {
        applied_.push_back({&value, declared->name});
      }
    }
  }

  // What no value is wrong by itself for.
  void CheckTogether() {
    for (const Applied& one : applied_) {
      const NamespaceSettings& settings = composed_.Find(one.name)->settings;
      if (Problem problem = CheckEngineHas(one.value->option, settings)) {
        Note(fmt::format("{}: {}", one.value->origin, *problem));
      }
    }
    std::map<int, std::string_view> databases;
    std::map<std::string_view, std::string_view> prefixes;
    for (const DeclaredNamespace& one : composed_.namespaces) {
      if (one.numbered()) continue;
      if (one.settings.database) {
        const int number = *one.settings.database;
        if (number >= composed_.config.databases) {
          Note(fmt::format("{}: namespace '{}': database {} is out of range: databases is {}",
                           one.origin, one.name, number, composed_.config.databases));
        }
        const auto [other, is_first] = databases.emplace(number, one.name);
        if (!is_first) {
          Note(fmt::format("{}: namespace '{}': database {} belongs to namespace '{}'", one.origin,
                           one.name, number, other->second));
        }
      }
      for (const std::string& prefix : one.settings.prefixes) {
        const auto [other, is_first] = prefixes.emplace(prefix, one.name);
        if (is_first) continue;
        Note(fmt::format("{}: namespace '{}': prefix '{}' belongs to namespace '{}'", one.origin,
                         one.name, prefix, other->second));
      }
    }
    for (const DeclaredNamespace& one : composed_.namespaces) {
      int number = 0;
      if (!one.numbered() || NumberOf(one.name, INT_MAX, &number)) continue;
      if (auto taken = databases.find(number); taken != databases.end()) {
        Note(fmt::format("{}: database {} belongs to namespace '{}'", one.origin, number,
                         taken->second));
      }
    }
  }

  std::vector<std::string> TakeProblems() { return std::move(problems_); }

 private:
  void Note(Problem problem) {
    if (problem) problems_.push_back(std::move(*problem));
  }

  DeclaredNamespace* FindDeclared(std::string_view name, bool folds) {
    for (DeclaredNamespace& one : composed_.namespaces) {
      if (one.name == name || (folds && Fold(one.name) == Fold(name))) return &one;
    }
    return nullptr;
  }

  // Null: the problem is noted.
  DeclaredNamespace* Declare(const NamespaceValue& value, bool folds) {
    if (DeclaredNamespace* known = FindDeclared(value.name, folds)) return known;
    DeclaredNamespace added;
    added.name = folds ? LowerCase(value.name) : value.name;
    added.origin = value.origin;
    Problem problem;
    if (!added.name.empty() && added.numbered()) {
      int number = 0;
      problem = NumberOf(added.name, composed_.config.databases, &number);
      added.settings = NumberedDatabase(number, composed_.config.maxmemory_policy);
    } else {
      problem = CheckNamespaceName(added.name);
      added.settings = composed_.defaults.For(added.name);
    }
    if (problem) {
      Note(fmt::format("{}: '{}': {}", value.origin, value.name, *problem));
      return nullptr;
    }
    composed_.namespaces.push_back(std::move(added));
    return &composed_.namespaces.back();
  }

  Problem Apply(const NamespaceValue& value, DeclaredNamespace* declared) {
    if (declared->numbered()) {
      for (const std::string_view option : {"database", "prefix"}) {
        if (SameName(value.option, option)) {
          return fmt::format("option '{}' is for named namespaces", option);
        }
      }
    }
    std::vector<OptionValue> options;
    for (const std::string& text : value.values) options.push_back({value.option, text});
    if (options.empty()) options.push_back({value.option, ""});  // an empty list
    return ApplyOptions(&declared->settings, options, ApplyMode::kCreate);
  }

  // What a source says of a namespace; the sources outlive this.
  struct Applied {
    const NamespaceValue* value;
    std::string name;  // of the namespace as it was declared first
  };

  Configuration& composed_;
  std::vector<Applied> applied_;
  std::vector<std::string> problems_;
};

}  // namespace

const DeclaredNamespace* Configuration::Find(std::string_view name) const {
  const auto found = std::find_if(namespaces.begin(), namespaces.end(),
                                  [&](const DeclaredNamespace& one) { return one.name == name; });
  return found == namespaces.end() ? nullptr : &*found;
}

std::vector<std::string> Compose(const Defaults& defaults,
                                 std::span<const ConfigSource* const> sources,
                                 Configuration* configuration) {
  Configuration composed;
  Composer composer(defaults, &composed);
  for (const ConfigSource* source : sources) composer.AddSettings(*source);
  for (const ConfigSource* source : sources) composer.AddNamespaces(*source);
  composer.CheckTogether();
  std::vector<std::string> problems = composer.TakeProblems();
  if (problems.empty()) *configuration = std::move(composed);
  return problems;
}

Problem CheckSection(std::string_view section, std::string_view setting) {
  std::vector<std::string_view> sections;
  bool known = false;
  for (const Setting& row : SettingsTable()) {
    if (sections.empty() || sections.back() != row.section) sections.push_back(row.section);
    known = known || SameName(row.section, section);
  }
  if (!known) {
    return fmt::format("no section '{}'; there are {}, namespace", section,
                       fmt::join(sections, ", "));
  }
  const Setting* row = FindSetting(setting);
  if (row == nullptr || SameName(row->section, section)) return std::nullopt;
  return fmt::format("{} belongs in section '{}'", row->name, row->section);
}

}  // namespace replete
