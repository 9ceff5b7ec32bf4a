#include "server/machine.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <fstream>
#include <sstream>
#include <string_view>

namespace replete {
namespace {

namespace fs = std::filesystem;

std::string ReadLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<uint64_t> ReadNumber(const fs::path& path) {
  std::istringstream text(ReadLine(path));
  uint64_t number = 0;
  if (text >> number) return number;
  return std::nullopt;
}

// "MemTotal:       2031616 kB"
uint64_t ReadMemInfo(const fs::path& root, std::string_view name) {
  std::ifstream file(root / "proc/meminfo");
  for (std::string word; file >> word;) {
    uint64_t kib = 0;
    if (word == name && file >> kib) return kib * 1024;
  }
  return 0;
}

// The least limit on the way from the process's group to the root: version 2 in one tree, version 1
// in that of its memory controller (man 7 cgroups). In a container the group's own path may not be
// there, only what is mounted as the root.
std::optional<uint64_t> ReadGroupLimit(const fs::path& root) {
  std::optional<uint64_t> least;
  const auto take = [&](const fs::path& file) {
    const auto limit = ReadNumber(file);
    if (limit && (!least || *limit < *least)) least = limit;
  };
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool unified = controllers == ",,";
    if (!unified && controllers.find(",memory,") == std::string::npos) continue;
    const fs::path tree = root / (unified ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
    const char* const name = unified ? "memory.max" : "memory.limit_in_bytes";
    for (fs::path group = fs::path(line.substr(second + 1)).relative_path(); !group.empty();
         group = group.parent_path()) {
      take(tree / group / name);
    }
    take(tree / name);
  }
  return least;
}

}  // namespace

Machine Machine::Read(const fs::path& root) {
  Machine machine;
  machine.memory_total = ReadMemInfo(root, "MemTotal:");
  machine.memory_available = ReadMemInfo(root, "MemAvailable:");
  const auto limit = ReadGroupLimit(root);
  if (limit && (machine.memory_total == 0 || *limit < machine.memory_total)) {
    machine.memory_limit = limit;
  }
  const std::string pages = ReadLine(root / "sys/kernel/mm/transparent_hugepage/enabled");
  const size_t open = pages.find('[');
  const size_t close = pages.find(']');
  if (open < close && close != std::string::npos) {
    machine.huge_pages = pages.substr(open + 1, close - open - 1);
  }
  const fs::path settings = root / "proc/sys";
  machine.overcommit =
      static_cast<int64_t>(ReadNumber(settings / "vm/overcommit_memory").value_or(0));
  machine.longest_backlog =
      static_cast<int64_t>(ReadNumber(settings / "net/core/somaxconn").value_or(0));
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) machine.descriptors = files.rlim_max;
  return machine;
}

uint64_t Machine::DefaultMaxMemory() const { return memory_limit ? *memory_limit / 4 * 3 : 0; }

std::vector<std::string> Machine::Warnings(const Config& config) const {
  constexpr uint64_t kMiB = 1 << 20;
  std::vector<std::string> warnings;
  const uint64_t usable = memory_limit.value_or(memory_total);
  if (usable != 0 && config.maxmemory > usable) {
    warnings.push_back(fmt::format("maxmemory is {} MiB, but there are only {} MiB of memory{}",
                                   config.maxmemory / kMiB, usable / kMiB,
                                   memory_limit ? " for this control group" : ""));
  } else if (memory_available != 0 && config.maxmemory > memory_available) {
    warnings.push_back(fmt::format("maxmemory is {} MiB, but only {} MiB of memory are free now",
                                   config.maxmemory / kMiB, memory_available / kMiB));
  }
  if (huge_pages == "always") {
    warnings.push_back(
        "transparent huge pages are on: they cost memory and delays; put 'madvise' into "
        "/sys/kernel/mm/transparent_hugepage/enabled");
  }
  if (overcommit == 2) {
    warnings.push_back(
        "vm.overcommit_memory is 2: the system refuses memory before it is used up; writes may be "
        "refused below maxmemory");
  }
  if (longest_backlog != 0 && config.tcp_backlog > longest_backlog) {
    warnings.push_back(fmt::format("tcp-backlog {} cannot be had: net.core.somaxconn is {}",
                                   config.tcp_backlog, longest_backlog));
  }
  const auto wanted = static_cast<uint64_t>(config.maxclients) + kOwnDescriptors;
  if (descriptors != 0 && descriptors < wanted) {
    warnings.push_back(
        fmt::format("maxclients is {}, but only {} files may be open (ulimit -n): connections over "
                    "that wait",
                    config.maxclients, descriptors));
  }
  return warnings;
}

}  // namespace replete
