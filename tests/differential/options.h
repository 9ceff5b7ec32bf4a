#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace replete::test {

struct Options {
  long long requests = 20000;
  std::uint64_t seed = 1;
  long long round = -1;  // only this one; -1 is all
  std::string ours;
  std::string reference;
  std::vector<int> protocols = {2, 3};
  int threads = 2;
  bool from_docs = false;
  bool list = false;
  bool help = false;
};

// Fills `options` from the command line; false with a message on standard error when it is wrong.
bool ParseOptions(int argc, char** argv, Options* options);

extern const char kUsage[];

}  // namespace replete::test
