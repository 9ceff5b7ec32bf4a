#include "config/config_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <sstream>
#include <system_error>
#include <toml.hpp>

namespace replete {
namespace {

using Keyed = std::pair<std::string, const toml::value*>;

// TOML's tables have no order here; problems and namespaces are to come as they are written.
std::vector<Keyed> InOrder(const toml::value& table) {
  std::vector<Keyed> members;
  for (const auto& [key, value] : table.as_table()) members.emplace_back(key, &value);
  std::sort(members.begin(), members.end(), [](const Keyed& a, const Keyed& b) {
    const auto place = [](const Keyed& one) {
      return std::pair(one.second->location().line(), one.second->location().column());
    };
    return place(a) < place(b);
  });
  return members;
}

std::string TypeName(const toml::value& value) {
  std::ostringstream name;
  name << value.type();
  return name.str();
}

// A value as settings are written elsewhere, where a setting of this kind may be written so.
// `written`: as it stands in the file.
std::optional<std::string> Text(const toml::value& value, ValueKind kind,
                                std::string_view written) {
  const bool takes_number = kind == ValueKind::kInteger || kind == ValueKind::kMemory ||
                            kind == ValueKind::kShare || kind == ValueKind::kList;
  switch (value.type()) {
    case toml::value_t::string:
      return value.as_string().str;
    case toml::value_t::integer:
      if (!takes_number) return std::nullopt;
      // The parser takes what does not fit for the largest number that does.
      if (value.as_integer() == std::numeric_limits<int64_t>::max() ||
          value.as_integer() == std::numeric_limits<int64_t>::min()) {
        return std::string(written);
      }
      return std::to_string(value.as_integer());
    case toml::value_t::floating:
      if (kind == ValueKind::kShare || kind == ValueKind::kList)
        return fmt::format("{}", value.as_floating());
      return std::nullopt;
    case toml::value_t::boolean:
      if (kind == ValueKind::kYesNo || kind == ValueKind::kWords)
        return value.as_boolean() ? "yes" : "no";
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string_view Wanted(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInteger:
      return "an integer";
    case ValueKind::kOctal:
      return "a string of octal digits";
    case ValueKind::kMemory:
      return "an integer or a string";
    case ValueKind::kYesNo:
      return "true or false";
    case ValueKind::kShare:
      return "a number";
    case ValueKind::kWords:
    case ValueKind::kText:
      return "a string";
    case ValueKind::kList:
      return "an array";
  }
  return "";
}

// One or, of an array, several. What cannot be one is a problem.
Problem Texts(const toml::value& value, ValueKind kind, bool takes_array, std::string_view written,
              std::vector<std::string>* texts) {
  const auto refused = [&](const toml::value& one) {
    return fmt::format(
        "takes {}, not {} {}", Wanted(kind),
        one.type() == toml::value_t::integer || one.type() == toml::value_t::array ? "an" : "a",
        TypeName(one));
  };
  if (!value.is_array() || !takes_array) {
    std::optional<std::string> text = Text(value, kind, written);
    if (!text) return refused(value);
    texts->push_back(std::move(*text));
    return std::nullopt;
  }
  for (const toml::value& element : value.as_array()) {
    std::optional<std::string> text = Text(element, kind, "");
    if (!text) return refused(element);
    texts->push_back(std::move(*text));
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& name, ConfigFile* file)
      : text_(text), name_(name), file_(*file) {
    lines_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') lines_.push_back(i + 1);
    }
  }

  void ReadRoot(const toml::value& root) {
    for (const auto& [section, value] : InOrder(root)) {
      if (SameWord(section, "namespace")) {
        ReadNamespaces(section, *value);
      } else if (SameWord(section, "warming") || SameWord(section, "peer")) {
        Note(*value, fmt::format("section '{}' is not available in this version", section));
      } else if (!value->is_table()) {
        const Setting* row = FindSetting(section);
        Note(*value, row == nullptr
                         ? fmt::format("'{}' stands in no section", section)
                         : fmt::format("{}: it belongs in section [{}]", section, row->section));
      } else {
        ReadSection(section, *value);
      }
    }
    std::sort(file_.headers.begin(), file_.headers.end());
  }

 private:
  std::string At(const toml::value& value) {
    return fmt::format("{}:{}", name_, value.location().line());
  }
  void Note(const toml::value& value, std::string_view problem) {
    file_.problems.push_back(fmt::format("{}: {}", At(value), problem));
  }

  std::string_view Written(const toml::value& value) {
    const ConfigFile::Range range = RangeOf(value);
    return text_.substr(std::min(range.begin, text_.size()), range.end - range.begin);
  }
  size_t LineOf(const toml::value& value) { return lines_[value.location().line() - 1]; }
  ConfigFile::Range RangeOf(const toml::value& value) {
    const size_t begin = LineOf(value) + value.location().column() - 1;
    return {begin, begin + value.location().region()};
  }

  ConfigFile::Table& AddTable(const std::string& path, const toml::value& value) {
    ConfigFile::Table& table = file_.tables[path];
    table.header = LineOf(value);
    file_.headers.push_back(table.header);
    return table;
  }

  void ReadSection(const std::string& section, const toml::value& value) {
    if (Problem problem = CheckSection(section, "")) return Note(value, *problem);
    ConfigFile::Table& table = AddTable(LowerCase(section), value);
    for (const auto& [key, member] : InOrder(value)) {
      if (Problem problem = CheckSection(section, key)) {
        Note(*member, *problem);
        continue;
      }
      const Setting* row = FindSetting(key);
      std::vector<std::string> texts;
      const bool takes_array = row != nullptr && row->kind == ValueKind::kList;
      if (Problem problem = Texts(*member, row == nullptr ? ValueKind::kWords : row->kind,
                                  takes_array, Written(*member), &texts)) {
        // A setting of Redis may be written as a number here, too.
        if (row != nullptr || !member->is_integer()) {
          Note(*member, fmt::format("{} {}", key, *problem));
          continue;
        }
        texts = {std::to_string(member->as_integer())};
      }
      const std::string canonical(row == nullptr ? key : std::string(row->name));
      if (!table.values.emplace(canonical, RangeOf(*member)).second) {
        Note(*member, fmt::format("{} is given twice", key));
        continue;
      }
      file_.source.settings.push_back(
          {fmt::format("{}: {}", At(*member), key), key, JoinWithBlanks(texts)});
    }
  }

  void ReadNamespaces(const std::string& section, const toml::value& value) {
    if (!value.is_table()) return Note(value, fmt::format("{}: write [namespace.NAME]", section));
    for (const auto& [name, member] : InOrder(value)) {
      if (!member->is_table()) {
        Note(*member, fmt::format("'{}': write [namespace.NAME] above it", name));
        continue;
      }
      ReadNamespace(name, *member);
    }
  }

  void ReadNamespace(const std::string& name, const toml::value& value) {
    ConfigFile::Table& table = AddTable("namespace." + name, value);
    file_.source.namespaces.push_back({At(value), name, "", {}});
    for (const auto& [key, member] : InOrder(value)) {
      const NamespaceOption* row = FindRow(NamespaceOptions(), key);
      std::vector<std::string> texts;
      const bool is_list = row != nullptr && row->repeatable;
      Problem problem;
      if (row == nullptr) {
        problem = fmt::format("unknown option '{}'", key);
      } else if (row->available) {
        problem = Texts(*member, row->kind, is_list, Written(*member), &texts);
        if (problem) problem = fmt::format("option '{}' {}", key, *problem);
      }
      if (!problem && !table.values.emplace(LowerCase(key), RangeOf(*member)).second) {
        problem = fmt::format("option '{}' is given twice", key);
      }
      if (problem) {
        Note(*member, fmt::format("namespace '{}': {}", name, *problem));
        continue;
      }
      file_.source.namespaces.push_back(
          {fmt::format("{}: namespace '{}'", At(*member), name), name, LowerCase(key), texts});
    }
  }

  const std::string_view text_;
  const std::string& name_;
  ConfigFile& file_;
  std::vector<size_t> lines_;  // where each begins
};

// "name:3: 'port 6379': missing separator" out of the parser's message of several lines:
//   [error] toml::parse_key_value_pair: missing separator
//    --> name
//    3 | port 6379
std::string SyntaxProblem(const std::string& message, const std::string& name, size_t fallback) {
  std::string_view what(message);
  what = what.substr(0, what.find('\n'));
  if (what.starts_with("[error] ")) what.remove_prefix(8);
  if (what.starts_with("toml::")) {
    const size_t colon = what.find(": ");
    if (colon != std::string_view::npos) what.remove_prefix(colon + 2);
  }
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) {
    const size_t digit = line.find_first_not_of(' ');
    if (digit == std::string::npos || line[digit] < '0' || line[digit] > '9') continue;
    const size_t bar = line.find(" | ", digit);
    if (bar == std::string::npos) continue;
    return fmt::format("{}:{}: '{}': {}", name, line.substr(digit, bar - digit),
                       line.substr(bar + 3), what);
  }
  return fmt::format("{}:{}: {}", name, fallback, what);
}

}  // namespace

ConfigFile ParseConfigFile(std::string_view text, const std::string& name) {
  ConfigFile file;
  try {
    std::istringstream stream{std::string(text)};
    const toml::value root = toml::parse(stream, name);
    Reader(text, name, &file).ReadRoot(root);
  } catch (const toml::exception& error) {
    file.problems.push_back(SyntaxProblem(error.what(), name, error.location().line()));
  } catch (const std::exception& error) {
    file.problems.push_back(fmt::format("{}: {}", name, error.what()));
  }
  return file;
}

Problem ReadFile(const std::string& path, std::string* text) {
  constexpr size_t kMost = 16 << 20;
  const auto failed = [&] {
    return fmt::format("{}: {}", path, std::system_category().message(errno));
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed();
  text->clear();
  char buffer[65536];
  ssize_t got = 0;
  while ((got = ::read(file, buffer, sizeof buffer)) > 0 && text->size() <= kMost) {
    text->append(buffer, static_cast<size_t>(got));
  }
  Problem problem;
  if (got < 0) problem = failed();
  if (text->size() > kMost) problem = fmt::format("{}: longer than 16 MiB", path);
  ::close(file);
  return problem;
}

}  // namespace replete
