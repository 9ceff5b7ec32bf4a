#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace replete {

// Options of a namespace by name, as NAMESPACE CREATE takes them.
using StoredOptions = std::vector<std::pair<std::string, std::string>>;

// What the disk engine remembers of a namespace.
struct StoredNamespace {
  // Never reused; the generations of its records are id << 32 and on. From 1.
  uint32_t id = 0;
  std::string name;
  uint64_t generation = 0;  // records of older ones are void
  uint64_t version = 1;     // NAMESPACE VERSION
  // It was made by NAMESPACE CREATE, so; empty: the configuration says what it is.
  StoredOptions options;

  bool remembered() const { return !options.empty(); }

  // Name and options.
  std::string Encode() const;
  // False: the bytes are no namespace.
  bool Decode(std::string_view bytes);
};

}  // namespace replete
