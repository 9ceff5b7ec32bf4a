#include "config/toml_text.h"

#include <fmt/format.h>

#include "config/settings_table.h"

namespace replete {
namespace {

constexpr size_t kColumns = 100;

// The text as comments, broken at blanks.
std::string Comment(std::string_view text) {
  std::string comment;
  while (!text.empty()) {
    size_t end = text.size();
    if (end > kColumns - 2) {
      end = text.rfind(' ', kColumns - 2);
      if (end == std::string_view::npos) end = std::min(text.find(' '), text.size());
    }
    comment += fmt::format("# {}\n", text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return comment;
}

template <typename Owner>
std::string Described(const Row<Owner>& row, std::string_view value, std::string_view default_doc) {
  std::string text = "\n" + Comment(row.doc);
  text += Comment(fmt::format("Allowed: {}.{}{}", DescribeAllowed(row),
                              default_doc.empty() ? "" : fmt::format(" Default: {}.", default_doc),
                              row.change == Change::kAtStart ? " Not while it runs." : ""));
  return text + fmt::format("#{} = {}\n", row.name, value);
}

}  // namespace

std::string TomlString(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string TomlValue(ValueKind kind, const std::string& text) {
  switch (kind) {
    case ValueKind::kInteger:
    case ValueKind::kMemory:
    case ValueKind::kShare:
      return text;
    case ValueKind::kYesNo:
      return text == "yes" ? "true" : "false";
    default:
      return TomlString(text);
  }
}

std::string TomlValue(const NamespaceOption& row, const NamespaceSettings& settings) {
  if (!row.repeatable) return TomlValue(row.kind, row.get(settings));
  std::vector<std::string> quoted;
  for (const std::string& prefix : settings.prefixes) quoted.push_back(TomlString(prefix));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string SampleConfig() {
  std::string text =
      "# The configuration of Replete: replete-server --config FILE. TOML; every line that begins\n"
      "# with #NAME shows a default. Variables (REPLETE__SERVER__PORT) and the command line "
      "(--port)\n"
      "# override what is here. CONFIG SET changes what may change while the daemon runs, CONFIG\n"
      "# REWRITE writes it into this file, SIGHUP reads this file again.\n";
  std::string_view section;
  const Config config;
  for (const Setting& row : SettingsTable()) {
    if (row.section != section) {
      section = row.section;
      text += fmt::format("\n[{}]\n", section);
    }
    // What depends on the machine is not the same in every copy of this file.
    const std::string value = row.default_doc.empty() ? row.get(config) : "";
    const bool has_number = row.kind == ValueKind::kInteger || row.kind == ValueKind::kMemory;
    text += Described(row, value.empty() && has_number ? "0" : TomlValue(row.kind, value),
                      row.default_doc);
  }
  text += "\n" + Comment(
                     "A namespace; as many of these as there are caches. A number (namespace.0) "
                     "gives a numbered database limits.");
  text += "#[namespace.NAME]\n";
  const NamespaceSettings settings;
  for (const NamespaceOption& row : NamespaceOptions()) {
    if (!row.available) continue;
    const bool unset = row.kind == ValueKind::kInteger && row.get(settings).empty();
    text += Described(row, unset ? "0" : TomlValue(row, settings), unset ? "none" : "");
  }
  return text;
}

}  // namespace replete
