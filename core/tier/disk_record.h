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
// A value of kDetachedFrom bytes or more has a record of its own, so that keys are read back
// without it: the key's record has kDetached and, instead of the value, its first byte (the type) |
// its size (8); the value stands alone under the same key with the highest bit of the generation
// set. Both are written and deleted together.
//
// A change of the deadline alone is a merge operand: flags with kOperand | [deadline (8)], and no
// value. Generation 0 holds what the store says of itself (disk_catalog.h).
//
// Views point into what was decoded.
struct DiskRecord {
  enum Flag : uint8_t { kHasDeadline = 1, kVoid = 2, kOperand = 4, kDetached = 8 };

  int64_t deadline = kNoDeadline;
  std::string_view value{};  // of a detached one the type alone
  uint64_t size = 0;         // of the whole value
  bool is_detached = false;
  bool is_void = false;  // a deadline that was set on nothing: no record at all

  // False: the bytes are no record.
  bool Decode(std::string_view bytes);
  // The type of the value; false: it has none that is known.
  bool Type(ValueType* type) const;
};

inline constexpr size_t kGenerationSize = 8;
inline constexpr size_t kDetachedFrom = 4096;
inline constexpr uint64_t kDetachedBit = uint64_t{1} << 63;

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

// The key of the value's own record, of the key of its key's.
std::string DetachedKeyOf(std::string_view disk_key);

void AppendDiskValue(int64_t deadline, std::string_view value, std::string* bytes);
// The record of a key whose value has one of its own.
void AppendDetached(int64_t deadline, char type, uint64_t size, std::string* bytes);
void AppendDeadlineOperand(int64_t deadline, std::string* bytes);

// The record (none: null) as it is once the operand has been applied, appended to *bytes. False:
// one of them is damaged.
bool ApplyDeadlineOperand(const std::string_view* record, std::string_view operand,
                          std::string* bytes);

}  // namespace replete
