#include "core/tier/disk_record.h"

#include <bit>
#include <cstring>

#include "core/tier/stored_value.h"

namespace replete {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint8_t kKnown =
    DiskRecord::kHasDeadline | DiskRecord::kVoid | DiskRecord::kOperand | DiskRecord::kDetached;

void AppendHead(uint8_t flags, int64_t deadline, std::string* bytes) {
  if (deadline != kNoDeadline) flags |= DiskRecord::kHasDeadline;
  bytes->push_back(static_cast<char>(flags));
  if (deadline == kNoDeadline) return;
  char raw[sizeof deadline];
  std::memcpy(raw, &deadline, sizeof deadline);
  bytes->append(raw, sizeof raw);
}

// Flags and deadline; what follows them stays in *bytes.
bool TakeHead(std::string_view* bytes, uint8_t* flags, int64_t* deadline) {
  if (bytes->empty()) return false;
  *flags = static_cast<uint8_t>(bytes->front());
  bytes->remove_prefix(1);
  if ((*flags & ~kKnown) != 0) return false;
  *deadline = kNoDeadline;
  if ((*flags & DiskRecord::kHasDeadline) == 0) return true;
  if (bytes->size() < sizeof *deadline) return false;
  std::memcpy(deadline, bytes->data(), sizeof *deadline);
  bytes->remove_prefix(sizeof *deadline);
  return true;
}

}  // namespace

bool DiskRecord::Decode(std::string_view bytes) {
  uint8_t flags = 0;
  if (!TakeHead(&bytes, &flags, &deadline) || (flags & kOperand) != 0) return false;
  is_void = (flags & kVoid) != 0;
  is_detached = (flags & kDetached) != 0;
  value = bytes;
  size = bytes.size();
  if (is_detached) {
    if (bytes.size() != 1 + sizeof size) return false;
    std::memcpy(&size, bytes.data() + 1, sizeof size);
    value = bytes.substr(0, 1);
  }
  return is_void == value.empty();
}

bool DiskRecord::Type(ValueType* type) const { return StoredValue::TypeOf(value, type); }

void AppendGeneration(uint64_t generation, std::string* key) {
  const uint64_t swapped = __builtin_bswap64(generation);
  char raw[sizeof swapped];
  std::memcpy(raw, &swapped, sizeof swapped);
  key->append(raw, sizeof raw);
}

bool SplitDiskKey(std::string_view bytes, uint64_t* generation, std::string_view* key) {
  if (bytes.size() < kGenerationSize) return false;
  std::memcpy(generation, bytes.data(), sizeof *generation);
  *generation = __builtin_bswap64(*generation);
  *key = bytes.substr(kGenerationSize);
  return true;
}

std::string DetachedKeyOf(std::string_view disk_key) {
  std::string bytes(disk_key);
  bytes[0] = static_cast<char>(static_cast<uint8_t>(bytes[0]) | 0x80);  // kDetachedBit
  return bytes;
}

void AppendDetached(int64_t deadline, char type, uint64_t size, std::string* bytes) {
  AppendHead(DiskRecord::kDetached, deadline, bytes);
  bytes->push_back(type);
  char raw[sizeof size];
  std::memcpy(raw, &size, sizeof size);
  bytes->append(raw, sizeof raw);
}

void AppendDiskValue(int64_t deadline, std::string_view value, std::string* bytes) {
  AppendHead(0, deadline, bytes);
  bytes->append(value);
}

void AppendDeadlineOperand(int64_t deadline, std::string* bytes) {
  AppendHead(DiskRecord::kOperand, deadline, bytes);
}

bool ApplyDeadlineOperand(const std::string_view* record, std::string_view operand,
                          std::string* bytes) {
  uint8_t flags = 0;
  int64_t deadline = kNoDeadline;
  if (!TakeHead(&operand, &flags, &deadline) || (flags & DiskRecord::kOperand) == 0) return false;
  DiskRecord base;
  base.is_void = true;
  if (record != nullptr && !base.Decode(*record)) return false;
  if (base.is_void) {
    AppendHead(DiskRecord::kVoid, kNoDeadline, bytes);
  } else if (base.is_detached) {
    AppendDetached(deadline, base.value[0], base.size, bytes);
  } else {
    AppendDiskValue(deadline, base.value, bytes);
  }
  return true;
}

}  // namespace replete
