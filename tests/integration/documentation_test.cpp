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

TEST(Documentation, TheReadmeHoldsWhatHelpPrints) {
  REPLETE_ONLY();
  const auto path = std::filesystem::path(__FILE__).parent_path() / "../../README.md";
  std::stringstream readme;
  readme << std::ifstream(path).rdbuf();
  const std::string begin = "<!-- begin: replete-server --help -->\n```text\n";
  const size_t from = readme.str().find(begin);
  ASSERT_NE(from, std::string::npos) << path;
  const size_t to = readme.str().find("```\n<!-- end -->", from);
  ASSERT_NE(to, std::string::npos);
  const size_t start = from + begin.size();
  EXPECT_EQ(readme.str().substr(start, to - start), OutputOf(ServerBinary() + " --help"))
      << "put the output of replete-server --help into README.md";
}

}  // namespace
}  // namespace replete::test
