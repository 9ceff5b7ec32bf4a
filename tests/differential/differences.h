#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/commands.h"
#include "tests/differential/compare.h"

namespace replete::test {

// The list of what Replete answers otherwise on purpose (differences.txt). At most 30 entries:
// a list that grows is a compatibility that shrinks.
class Differences {
 public:
  static constexpr std::size_t kMaxEntries = 30;

  // An error message, or nothing.
  std::optional<std::string> Load(const std::string& path);

  // True when an entry explains it; the entry's hits are counted.
  bool Explains(const Request& request, const LeafDifference& leaf);

  // One line an entry; those never hit are marked.
  std::string Report() const;

 private:
  struct Entry {
    std::string name;
    std::string command;  // glob over the request's words, in any case
    std::string path;     // globs over the difference's fields
    std::string ours;
    std::string reference;
    std::string reason;
    long long hits = 0;
  };
  std::optional<std::string> Check(const Entry& entry) const;

  std::vector<Entry> entries_;
};

// `*` is any text, `?` any one character; everything else is itself.
bool Glob(std::string_view pattern, std::string_view text);

// The request on one line.
std::string ToLine(const Request& request);

}  // namespace replete::test
