#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/keyspace/entry.h"

namespace replete {

// How the disk engine lays records out. Integers are little-endian but for the generation, which is
// big-endian so that the records of one lie together, in the order of their keys.
//
//   key:    generation (8) | the entry's key
//   value:  flags (1) | [deadline (8)] | the value as EncodeValue makes it
//
// A change of the deadline alone is a merge operand: flags with kOperand | [deadline (8)], and no
// value. Generation 0 holds what the store says of itself (disk_catalog.h).
//
// Views point into what was decoded.
struct DiskRecord {
  enum Flag : uint8_t { kHasDeadline = 1, kVoid = 2, kOperand = 4 };

  int64_t deadline = kNoDeadline;
  std::string_view value{};
  bool is_void = false;  // a deadline that was set on nothing: no record at all

  // False: the bytes are no record.
  bool Decode(std::string_view bytes);
  // The type of the value; false: it has none that is known.
  bool Type(ValueType* type) const;
};

inline constexpr size_t kGenerationSize = 8;

void AppendGeneration(uint64_t generation, std::string* key);
inline std::string DiskKey(uint64_t generation, std::string_view key) {
  std::string bytes;
  bytes.reserve(kGenerationSize + key.size());
  AppendGeneration(generation, &bytes);
  bytes.append(key);
  return bytes;
}
// False: too short to be one.
bool SplitDiskKey(std::string_view bytes, uint64_t* generation, std::string_view* key);

void AppendDiskValue(int64_t deadline, std::string_view value, std::string* bytes);
void AppendDeadlineOperand(int64_t deadline, std::string* bytes);

// The record (none: null) as it is once the operand has been applied, appended to *bytes. False:
// one of them is damaged.
bool ApplyDeadlineOperand(const std::string_view* record, std::string_view operand,
                          std::string* bytes);

}  // namespace replete
