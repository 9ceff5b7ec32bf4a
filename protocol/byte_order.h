#pragma once

#include <cstddef>
#include <cstdint>

namespace replete {

// Integers of 1 to 8 bytes in a byte order that does not depend on the machine. Compilers make one
// load or store of these when `bytes` is a constant.

inline uint64_t LoadLittleEndian(const char* from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  }
  return value;
}

inline int64_t LoadSignedLittleEndian(const char* from, size_t bytes) {
  const size_t unused_bits = 64 - 8 * bytes;
  return static_cast<int64_t>(LoadLittleEndian(from, bytes) << unused_bits) >> unused_bits;
}

inline uint64_t LoadBigEndian(const char* from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value = value << 8 | static_cast<unsigned char>(from[i]);
  }
  return value;
}

inline void StoreLittleEndian(char* to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) {
    to[i] = static_cast<char>(value >> (8 * i) & 0xff);
  }
}

inline void StoreBigEndian(char* to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) {
    to[i] = static_cast<char>(value >> (8 * (bytes - 1 - i)) & 0xff);
  }
}

}  // namespace replete
