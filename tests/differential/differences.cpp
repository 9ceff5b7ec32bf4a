#include "tests/differential/differences.h"

#include <fstream>
#include <utility>

namespace replete::test {
namespace {

std::string Trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

bool Glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string ToLine(const Request& request) {
  std::string out = CommandName(request);
  for (std::size_t i = 1; i < request.args.size(); ++i) out += " " + Quoted(request.args[i], 80);
  return out;
}

std::optional<std::string> Differences::Load(const std::string& path) {
  std::ifstream in(path);
  if (!in) return "cannot read " + path;
  std::string line;
  int number = 0;
  while (std::getline(in, line)) {
    ++number;
    line = Trim(line);
    if (line.empty() || line[0] == '#') continue;
    const std::string where = path + ":" + std::to_string(number) + ": ";
    if (line.front() == '[' && line.back() == ']') {
      entries_.push_back({});
      entries_.back().name = line.substr(1, line.size() - 2);
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || entries_.empty()) return where + "no field of an entry";
    const std::string field = Trim(line.substr(0, equals));
    const std::string value = Trim(line.substr(equals + 1));
    Entry& entry = entries_.back();
    std::string* target = field == "command"     ? &entry.command
                          : field == "path"      ? &entry.path
                          : field == "ours"      ? &entry.ours
                          : field == "reference" ? &entry.reference
                          : field == "reason"    ? &entry.reason
                                                 : nullptr;
    if (target == nullptr) return where + "unknown field " + field;
    *target = value;
  }
  if (entries_.size() > kMaxEntries) return path + ": more than 30 entries";
  for (const Entry& entry : entries_) {
    if (auto error = Check(entry)) return path + ": [" + entry.name + "] " + *error;
  }
  return std::nullopt;
}

std::optional<std::string> Differences::Check(const Entry& entry) const {
  if (entry.command.empty() || entry.command == "*") return "needs a command";
  if (entry.ours.empty() || entry.reference.empty()) return "needs ours and reference";
  if (entry.ours == "*" && entry.reference == "*") return "would excuse anything";
  if (entry.reason.empty()) return "needs a reason";
  return std::nullopt;
}

bool Differences::Explains(const Request& request, const LeafDifference& leaf) {
  const std::string line = UpperCase(ToLine(request));
  for (Entry& entry : entries_) {
    if (Glob(UpperCase(entry.command), line) && Glob(entry.path, leaf.path) &&
        Glob(entry.ours, leaf.ours) && Glob(entry.reference, leaf.reference)) {
      ++entry.hits;
      return true;
    }
  }
  return false;
}

std::string Differences::Report() const {
  std::string out;
  for (const Entry& entry : entries_) {
    out += "  " + entry.name + ": " + std::to_string(entry.hits) + " hits" +
           (entry.hits == 0 ? "  <- never needed in this run" : "") + "\n";
  }
  return out;
}

}  // namespace replete::test
