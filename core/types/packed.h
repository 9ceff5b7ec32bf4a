#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

// The bytes of packed runs, shared by the small encodings of collections: sizes as varints (seven
// bits a byte, lowest first, the high bit says that more follow), and the same mirrored, to be read
// from its end. Nothing here checks bounds: runs are only ever written by this process.
namespace replete::packed {

inline size_t SizeLength(size_t size) {
  size_t length = 1;
  for (; size >= 0x80; size >>= 7) ++length;
  return length;
}

inline char* WriteSize(char* to, size_t size) {
  for (; size >= 0x80; size >>= 7) *to++ = static_cast<char>(size | 0x80);
  *to++ = static_cast<char>(size);
  return to;
}

// Returns the first byte behind the size.
inline const char* ReadSize(const char* from, size_t* size) {
  auto byte = static_cast<unsigned char>(*from++);
  size_t result = byte & 0x7f;
  for (unsigned shift = 7; byte & 0x80; shift += 7) [[unlikely]] {
      byte = static_cast<unsigned char>(*from++);
      result |= size_t{byte & 0x7fu} << shift;
    }
  *size = result;
  return from;
}

inline char* WriteMirroredSize(char* to, size_t size) {
  char* const end = to + SizeLength(size);
  char* at = end;
  for (; size >= 0x80; size >>= 7) *--at = static_cast<char>(size | 0x80);
  *--at = static_cast<char>(size);
  return end;
}

// `end` is behind the size; returns its first byte.
inline const char* ReadMirroredSize(const char* end, size_t* size) {
  auto byte = static_cast<unsigned char>(*--end);
  size_t result = byte & 0x7f;
  for (unsigned shift = 7; byte & 0x80; shift += 7) [[unlikely]] {
      byte = static_cast<unsigned char>(*--end);
      result |= size_t{byte & 0x7fu} << shift;
    }
  *size = result;
  return end;
}

inline char* WriteBytes(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

// [size][bytes]
inline size_t TextSize(std::string_view text) { return SizeLength(text.size()) + text.size(); }

inline char* WriteText(char* to, std::string_view text) {
  return WriteBytes(WriteSize(to, text.size()), text);
}

// Returns the first byte behind the text.
inline const char* ReadText(const char* from, std::string_view* text) {
  size_t size = 0;
  const char* bytes = ReadSize(from, &size);
  *text = {bytes, size};
  return bytes + size;
}

}  // namespace replete::packed
