#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/differential/commands.h"
#include "tests/integration/connection.h"

namespace replete::test {

// One place where two replies differ. The path names it: "" is the whole reply, ".2" the third
// element, ".version" what a map holds under that key.
struct LeafDifference {
  std::string path;
  std::string ours;
  std::string reference;
};

// `tolerance` is how far two TTLs may be apart.
std::vector<LeafDifference> Compare(Match match, const Reply& ours, const Reply& reference,
                                    std::chrono::milliseconds tolerance);

// EXEC: every element is the reply to a queued request.
std::vector<LeafDifference> CompareExec(const std::vector<Request>& queued, const Reply& ours,
                                        const Reply& reference,
                                        std::chrono::milliseconds tolerance);

}  // namespace replete::test
