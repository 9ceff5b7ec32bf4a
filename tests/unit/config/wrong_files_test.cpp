// Hundreds of wrong files, made from the tables: each mistake names its line and its key.
#include <gtest/gtest.h>

#include "config/config_file.h"

namespace replete {
namespace {

struct Wrong {
  std::string text;
  int line;
  std::string key;
};

std::vector<std::string> ProblemsOf(const std::string& text) {
  ConfigFile file = ParseConfigFile(text, "f.toml");
  const ConfigSource* const sources[] = {&file.source};
  Configuration ignored;
  std::vector<std::string> problems = file.problems;
  for (std::string& problem : Compose({}, sources, &ignored)) problems.push_back(problem);
  return problems;
}

// Values that no setting of the kind can have.
std::vector<std::string> WrongValues(ValueKind kind) {
  std::vector<std::string> values = {"{ a = 1 }", "[[1]]", "1979-05-27"};
  switch (kind) {
    case ValueKind::kInteger:
      values.insert(values.end(), {"\"x\"", "true", "1.5", "99999999999999999999", "\" 1\""});
      break;
    case ValueKind::kOctal:
      values.insert(values.end(), {"\"8\"", "700", "true", "\"1000\""});
      break;
    case ValueKind::kMemory:
      values.insert(values.end(), {"\"1xb\"", "\"-1\"", "true", "1.5", "\"mb\\u0000\""});
      break;
    case ValueKind::kYesNo:
      values.insert(values.end(), {"\"maybe\"", "1", "\"\"", "0.0"});
      break;
    case ValueKind::kShare:
      values.insert(values.end(), {"\"x\"", "1.5", "-0.1", "true"});
      break;
    case ValueKind::kWords:
      values.insert(values.end(), {"\"nosuchword\"", "1", "2.5", "\"\""});
      break;
    case ValueKind::kText:
      values.insert(values.end(), {"1", "true", "[\"a\"]", "1.5"});
      break;
    case ValueKind::kList:
      values.insert(values.end(), {"true", "[true]", "[{a=1}]"});
      break;
  }
  return values;
}

std::vector<Wrong> WrongFiles() {
  std::vector<Wrong> files;
  for (const Setting& row : SettingsTable()) {
    const std::string name(row.name);
    const std::string header = "# comment\n[" + std::string(row.section) + "]\n\n";
    for (const std::string& value : WrongValues(row.kind)) {
      files.push_back({header + name + " = " + value + "\n", 4, name});
    }
    const std::string other = row.section == "types" ? "server" : "types";
    const std::string value = row.kind == ValueKind::kInteger ? "1" : "\"x\"";
    files.push_back({"[" + other + "]\n" + name + " = " + value + "\n", 2, name});
    files.push_back({header + name + "x = " + value + "\n", 4, name + "x"});
    files.push_back({name + " = " + value + "\n", 1, name});
    files.push_back({header + name + "\n", 4, name});
    files.push_back({header + name + " = \n", 4, name});
  }
  for (const NamespaceOption& row : NamespaceOptions()) {
    const std::string name(row.name);
    if (!row.available) {
      files.push_back({"[namespace.a]\n" + name + " = \"x\"\n", 2, name});
      continue;
    }
    for (const std::string& value : WrongValues(row.kind)) {
      files.push_back({"[namespace.a]\n\n" + name + " = " + value + "\n", 3, name});
    }
    files.push_back({"[namespace.a]\n" + name + "x = 1\n", 2, name + "x"});
  }
  return files;
}

TEST(WrongFilesTest, EachMistakeNamesItsLineAndItsKey) {
  const std::vector<Wrong> files = WrongFiles();
  EXPECT_GE(files.size(), 200U);
  for (const Wrong& wrong : files) {
    const std::vector<std::string> problems = ProblemsOf(wrong.text);
    ASSERT_FALSE(problems.empty()) << wrong.text;
    const std::string place = "f.toml:" + std::to_string(wrong.line) + ":";
    EXPECT_TRUE(problems[0].starts_with(place)) << wrong.text << "\n" << problems[0];
    EXPECT_NE(problems[0].find(wrong.key), std::string::npos) << wrong.text << "\n" << problems[0];
  }
}

}  // namespace
}  // namespace replete
