#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace replete {

// Files that the daemon needs beside those of its clients.
inline constexpr uint64_t kOwnDescriptors = 64;

// What the system the daemon runs on says of itself, at start.
struct Machine {
  uint64_t memory_total = 0;  // bytes; 0: unknown
  uint64_t memory_available = 0;
  std::optional<uint64_t> memory_limit;  // of the control group, where it is less than all memory
  std::string huge_pages;                // "always", "madvise", "never"; empty: unknown
  int64_t overcommit = 0;                // man 5 proc, vm.overcommit_memory
  int64_t longest_backlog = 0;           // net.core.somaxconn; 0: unknown
  uint64_t descriptors = 0;              // how many files may be open

  // Reads /proc and /sys below `root`.
  static Machine Read(const std::filesystem::path& root = "/");

  // maxmemory where nobody has set it: three quarters of the control group's limit, else 0.
  uint64_t DefaultMaxMemory() const;
  // What an operator should know before it hurts, a line each.
  std::vector<std::string> Warnings(const Config& config) const;
};

}  // namespace replete
