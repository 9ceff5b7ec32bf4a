#include "server/reload.h"

#include <fmt/format.h>

#include <mutex>

#include "server/log.h"
#include "server/server.h"

namespace replete {
namespace {

// One at a time reads or writes the file.
std::mutex file_mutex;

std::string Shown(const Setting& row, const Config& config) {
  return row.sensitive ? "***" : fmt::format("'{}'", row.get(config));
}

// What is to change, before anything does.
struct Plan {
  std::vector<const Setting*> settings;  // live ones
  std::vector<const DeclaredNamespace*> altered;
  std::vector<const DeclaredNamespace*> created;
  std::vector<std::string> told;  // a line each, what will not change included
};

void PlanSettings(const Config& live, const Config& next, Plan* plan) {
  for (const Setting& row : SettingsTable()) {
    if (row.get(live) == row.get(next)) continue;
    const bool at_start = row.change == Change::kAtStart;
    if (!at_start) plan->settings.push_back(&row);
    plan->told.push_back(fmt::format("{}: {} -> {}{}", row.name, Shown(row, live), Shown(row, next),
                                     at_start ? " (at the next start)" : ""));
  }
}

void PlanNamespaces(const Configuration& live, const Configuration& next, Plan* plan) {
  for (const DeclaredNamespace& one : next.namespaces) {
    const DeclaredNamespace* known = live.Find(one.name);
    if (known == nullptr && !one.numbered()) {
      plan->created.push_back(&one);
      plan->told.push_back(fmt::format("namespace {}: created", one.name));
      continue;
    }
    const NamespaceSettings before =
        known != nullptr ? known->settings
                         : NumberedDatabase(std::stoi(one.name), next.config.maxmemory_policy);
    bool alters = false;
    for (const NamespaceOption& row : NamespaceOptions()) {
      if (!row.available || row.get(before) == row.get(one.settings)) continue;
      const bool at_start = row.change == Change::kAtStart;
      alters = alters || !at_start;
      plan->told.push_back(fmt::format("namespace {}: {}: '{}' -> '{}'{}", one.name, row.name,
                                       row.get(before), row.get(one.settings),
                                       at_start ? " (at the next start)" : ""));
    }
    if (alters) plan->altered.push_back(&one);
  }
}

Problem ApplySettings(Server& server, const Plan& plan, const Config& next) {
  std::vector<std::string> values;
  for (const Setting* row : plan.settings) values.push_back(row->get(next));
  std::vector<Settings::NameValue> pairs;
  for (size_t i = 0; i < values.size(); ++i) pairs.push_back({plan.settings[i]->name, values[i]});
  if (pairs.empty()) return std::nullopt;
  return server.settings().Set(pairs, Settings::Access::kProtected);
}

Problem ApplyNamespaces(Server& server, const Plan& plan) {
  for (const DeclaredNamespace* one : plan.altered) {
    const auto keyspace = server.namespaces().Current()->Find(one->name);
    if (keyspace == nullptr) continue;  // dropped meanwhile
    NamespaceSettings settings = one->settings;
    settings.engine = keyspace->settings().engine;
    settings.database = keyspace->settings().database;
    if (Problem problem = server.namespaces().Alter(one->name, settings)) {
      return fmt::format("namespace {}: {}", one->name, *problem);
    }
    server.TrimLater(*keyspace);
  }
  for (const DeclaredNamespace* one : plan.created) {
    if (Problem problem = server.namespaces().Create(one->name, one->settings)) {
      return fmt::format("namespace {}: {}", one->name, *problem);
    }
  }
  return std::nullopt;
}

// What Apply would fail with, as far as it can be known without doing it.
Problem CheckNamespaces(const Server& server, const Plan& plan) {
  for (const auto* list : {&plan.altered, &plan.created}) {
    for (const DeclaredNamespace* one : *list) {
      if (Problem problem = server.namespaces().Check(one->name, one->settings)) {
        return fmt::format("{}: namespace {}: {}", one->origin, one->name, *problem);
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Configuration LiveConfiguration(const Server& server) {
  Configuration live;
  live.config = *server.settings().Snapshot();
  live.defaults = server.namespace_defaults();
  const auto map = server.namespaces().Current();
  for (size_t i = 0; i < map->databases.size(); ++i) {
    const Keyspace& database = *map->databases[i];
    const auto plain = NumberedDatabase(static_cast<int>(i), live.config.maxmemory_policy);
    if (!database.numbered() || database.settings() == plain) continue;
    live.namespaces.push_back({database.name(), "", database.settings()});
  }
  for (const auto& [name, keyspace] : map->named) {
    live.namespaces.push_back({name, "", keyspace->settings()});
  }
  return live;
}

Problem RewriteConfiguration(const Server& server) {
  const std::lock_guard lock(file_mutex);
  std::vector<std::string> overruled;
  if (Problem problem =
          RewriteConfig(server.config_sources(), LiveConfiguration(server), &overruled)) {
    LogWarning("the configuration was not written to {}: {}", server.config_sources().file,
               *problem);
    return problem;
  }
  LogNotice("the configuration was written to {}", server.config_sources().file);
  for (const std::string& name : overruled) {
    LogWarning("{}: environment or command line will overrule what was written", name);
  }
  return std::nullopt;
}

void ReloadConfiguration(Server& server) {
  const std::lock_guard lock(file_mutex);
  Configuration next;
  const std::vector<std::string> problems = server.config_sources().Load(&next);
  for (const std::string& problem : problems) LogWarning("reload: {}", problem);
  if (!problems.empty()) {
    return LogWarning("reload: nothing was changed because of {} mistake{}", problems.size(),
                      problems.size() == 1 ? "" : "s");
  }
  const Configuration live = LiveConfiguration(server);
  Plan plan;
  PlanSettings(live.config, next.config, &plan);
  PlanNamespaces(live, next, &plan);
  Problem problem = CheckNamespaces(server, plan);
  if (!problem) problem = ApplySettings(server, plan, next.config);
  if (problem) {
    LogWarning("reload: {}; nothing was changed, this would have been:", *problem);
    for (const std::string& line : plan.told) LogWarning("reload: not {}", line);
    return;
  }
  problem = ApplyNamespaces(server, plan);
  for (const std::string& line : plan.told) LogNotice("reload: {}", line);
  if (problem) LogWarning("reload: not all of it: {}", *problem);
  if (plan.told.empty()) LogNotice("reload: nothing is different");
}

}  // namespace replete
