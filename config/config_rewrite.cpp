#include <fmt/format.h>

#include <algorithm>

#include "config/config_file.h"
#include "config/config_sources.h"
#include "config/file_writer.h"
#include "config/toml_text.h"

namespace replete {
namespace {

// The text of the file with changes to be made to it.
class Editor {
 public:
  Editor(std::string text, const ConfigFile& file) : text_(std::move(text)), file_(file) {}

  void Set(const std::string& table, std::string_view header, std::string_view key,
           const std::string& literal) {
    const auto known = file_.tables.find(table);
    if (known == file_.tables.end()) {
      added_[table].header = header;
      added_[table].lines += fmt::format("{} = {}\n", key, literal);
      return;
    }
    const auto value = known->second.values.find(std::string(key));
    if (value != known->second.values.end()) {
      edits_.push_back({value->second, literal});
      return;
    }
    const size_t at = EndOf(known->second);
    edits_.push_back({{at, at}, fmt::format("{} = {}\n", key, literal)});
  }

  // A table without a value of its own.
  void Declare(const std::string& table, std::string_view header) {
    if (!file_.tables.contains(table)) added_[table].header = header;
  }

  // The table, but not the comment above the next one.
  void Remove(const std::string& table) {
    const auto known = file_.tables.find(table);
    if (known == file_.tables.end()) return;
    const size_t begin = known->second.header;
    const auto next = std::upper_bound(file_.headers.begin(), file_.headers.end(), begin);
    size_t end = next == file_.headers.end() ? text_.size() : *next;
    while (next != file_.headers.end() && end > begin) {
      const size_t line = text_.rfind('\n', end - 2) + 1;
      if (line <= begin || (text_[line] != '#' && text_[line] != '\n')) break;
      end = line;
    }
    edits_.push_back({{begin, end}, ""});
  }

  std::string Finish() {
    // From the end on, so that what is before stays where it was; of insertions at one place the
    // later ones come first, each before what is there.
    std::stable_sort(edits_.begin(), edits_.end(),
                     [](const Edit& a, const Edit& b) { return a.range.begin < b.range.begin; });
    for (auto edit = edits_.rbegin(); edit != edits_.rend(); ++edit) {
      text_.replace(edit->range.begin, edit->range.end - edit->range.begin, edit->text);
    }
    for (const auto& [name, table] : added_) {
      if (!text_.empty()) text_ += '\n';
      text_ += fmt::format("{}\n{}", table.header, table.lines);
    }
    return std::move(text_);
  }

 private:
  struct Edit {
    ConfigFile::Range range;
    std::string text;
  };
  struct Added {
    std::string header;
    std::string lines;
  };

  size_t EndOf(const ConfigFile::Table& table) const {
    size_t last = table.header;
    for (const auto& [key, range] : table.values) last = std::max(last, range.end);
    return text_.find('\n', last) + 1;
  }

  std::string text_;
  const ConfigFile& file_;
  std::vector<Edit> edits_;
  std::map<std::string, Added> added_;
};

std::string TableOf(std::string_view name) { return fmt::format("namespace.{}", name); }

std::string HeaderOf(std::string_view name) {
  const bool plain = name.find('.') == std::string_view::npos;
  return plain ? fmt::format("[namespace.{}]", name)
               : fmt::format("[namespace.{}]", TomlString(name));
}

// Calls fn(row) for every option in which the two differ.
template <class Fn>
void ForEachDifference(const NamespaceSettings& a, const NamespaceSettings& b, Fn&& fn) {
  for (const NamespaceOption& row : NamespaceOptions()) {
    if (row.available && row.get(a) != row.get(b)) fn(row);
  }
}

NamespaceSettings Untold(const DeclaredNamespace& one, const Configuration& live) {
  return one.numbered() ? NumberedDatabase(std::stoi(one.name), live.config.maxmemory_policy)
                        : live.defaults.For(one.name);
}

void EditNamespaces(const Configuration& live, const Configuration& next, Editor* editor) {
  for (const DeclaredNamespace& one : live.namespaces) {
    const DeclaredNamespace* known = next.Find(one.name);
    const NamespaceSettings before = known != nullptr ? known->settings : Untold(one, live);
    if (known == nullptr) {
      // One called default is there without being named.
      if (one.name == "default" && one.settings == before) continue;
      editor->Declare(TableOf(one.name), HeaderOf(one.name));
    }
    ForEachDifference(one.settings, before, [&](const NamespaceOption& row) {
      editor->Set(TableOf(one.name), HeaderOf(one.name), row.name, TomlValue(row, one.settings));
    });
  }
  for (const DeclaredNamespace& one : next.namespaces) {
    if (!one.numbered() && live.Find(one.name) == nullptr) editor->Remove(TableOf(one.name));
  }
}

// In what the two differ, by the names of settings.
std::vector<std::string> Differences(const Configuration& live, const Configuration& next) {
  std::vector<std::string> names;
  for (const Setting& row : SettingsTable()) {
    if (row.get(live.config) != row.get(next.config)) names.emplace_back(row.name);
  }
  for (const DeclaredNamespace& one : live.namespaces) {
    const DeclaredNamespace* known = next.Find(one.name);
    const NamespaceSettings then = known != nullptr ? known->settings : Untold(one, live);
    if (known == nullptr && one.name != "default") names.push_back(TableOf(one.name));
    ForEachDifference(one.settings, then, [&](const NamespaceOption& row) {
      names.push_back(fmt::format("namespace.{}.{}", one.name, row.name));
    });
  }
  for (const DeclaredNamespace& one : next.namespaces) {
    if (!one.numbered() && live.Find(one.name) == nullptr) names.push_back(TableOf(one.name));
  }
  return names;
}

Problem ComposeWith(const ConfigSources& sources, const ConfigFile& file, bool alone,
                    Configuration* next) {
  const ConfigSource* const all[] = {&file.source, &sources.environment, &sources.command_line};
  std::vector<std::string> problems = file.problems;
  if (problems.empty()) problems = Compose(sources.defaults, {all, alone ? 1U : 3U}, next);
  if (problems.empty()) return std::nullopt;
  return fmt::format("{}", fmt::join(problems, "; "));
}

}  // namespace

Problem RewriteConfig(const ConfigSources& sources, const Configuration& live,
                      std::vector<std::string>* overruled) {
  if (sources.file.empty()) return "The server is running without a config file";
  std::string text;
  if (Problem problem = ReadFile(sources.file, &text)) return problem;
  if (!text.empty() && text.back() != '\n') text += '\n';
  const ConfigFile file = ParseConfigFile(text, sources.file);
  Configuration next;
  if (Problem problem = ComposeWith(sources, file, false, &next)) return problem;

  Editor editor(text, file);
  for (const Setting& row : SettingsTable()) {
    const std::string value = row.get(live.config);
    if (value == row.get(next.config)) continue;
    const std::string section(row.section);
    editor.Set(section, fmt::format("[{}]", section), row.name, TomlValue(row.kind, value));
  }
  EditNamespaces(live, next, &editor);
  const std::string rewritten = editor.Finish();
  if (rewritten == text) return std::nullopt;

  // What cannot be read back as it was meant is not written.
  const ConfigFile changed = ParseConfigFile(rewritten, sources.file);
  Configuration then;
  if (Problem problem = ComposeWith(sources, changed, false, &then)) {
    return fmt::format("the rewritten file would be wrong: {}", *problem);
  }
  *overruled = Differences(live, then);
  if (!overruled->empty()) {
    Configuration alone;
    if (Problem problem = ComposeWith(sources, changed, true, &alone)) return problem;
    for (const std::string& name : Differences(live, alone)) {
      if (std::find(overruled->begin(), overruled->end(), name) == overruled->end()) continue;
      return fmt::format("{} cannot be written into this file", name);
    }
  }
  return ReplaceFile(sources.file, rewritten);
}

}  // namespace replete
