// What the documents say of the daemon, against the daemon.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

std::string OutputOf(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char bytes[4096];
  for (size_t n; (n = std::fread(bytes, 1, sizeof bytes, pipe)) > 0;) output.append(bytes, n);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

// A file of the project, relative to its top.
std::string Contents(const char* name) {
  const auto path = std::filesystem::path(__FILE__).parent_path() / "../.." / name;
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Documentation, TheReferenceIsWhatCommandsPrints) {
  REPLETE_ONLY();
  EXPECT_EQ(Contents("server/commands/REFERENCE.md"), OutputOf(ServerBinary() + " --commands"))
      << "put the output of replete-server --commands into server/commands/REFERENCE.md";
}

TEST(Documentation, TheSampleIsWhatSampleConfigPrints) {
  REPLETE_ONLY();
  EXPECT_EQ(Contents("config/replete.toml"), OutputOf(ServerBinary() + " --sample-config"))
      << "put the output of replete-server --sample-config into config/replete.toml";
}

TEST(Documentation, TheReadmeHoldsWhatHelpPrints) {
  REPLETE_ONLY();
  const std::string readme = Contents("README.md");
  const std::string begin = "<!-- begin: replete-server --help -->\n```text\n";
  const size_t from = readme.find(begin);
  ASSERT_NE(from, std::string::npos);
  const size_t to = readme.find("```\n<!-- end -->", from);
  ASSERT_NE(to, std::string::npos);
  const size_t start = from + begin.size();
  EXPECT_EQ(readme.substr(start, to - start), OutputOf(ServerBinary() + " --help"))
      << "put the output of replete-server --help into README.md";
}

}  // namespace
}  // namespace replete::test
