#include "protocol/listpack.h"

#include "protocol/byte_order.h"

namespace replete {
namespace {

constexpr size_t kHeader = 6;
constexpr uint32_t kUnknownCount = 0xffff;
constexpr unsigned char kEndMark = 0xff;

// How many bytes the size behind an element takes. Redis 7.0 goes on to the next number of bytes
// one size early ("<" where "<=" would do), and all listpacks are like that.
size_t SizeBytes(size_t size) {
  if (size <= 127) {
    return 1;
  }
  size_t bytes = 2;
  for (size_t most = 16383; bytes < 5 && size >= most; most = most << 7 | 127) {
    ++bytes;
  }
  return bytes;
}

}  // namespace

ListpackReader::ListpackReader(std::string_view bytes) {
  if (bytes.size() <= kHeader || LoadLittleEndian(bytes.data(), 4) != bytes.size() ||
      static_cast<unsigned char>(bytes.back()) != kEndMark) {
    return;
  }
  announced_ = static_cast<uint32_t>(LoadLittleEndian(bytes.data() + 4, 2));
  rest_ = bytes.substr(kHeader);
}

PackedStep ListpackReader::Next(PackedEntry* entry) {
  if (rest_.empty()) {
    return PackedStep::kMalformed;
  }
  if (static_cast<unsigned char>(rest_.front()) == kEndMark) {
    const bool right = rest_.size() == 1 && (announced_ == kUnknownCount || announced_ == seen_);
    return right ? PackedStep::kEnd : PackedStep::kMalformed;
  }
  if (!ReadElement(entry)) {
    rest_ = {};
    return PackedStep::kMalformed;
  }
  ++seen_;
  return PackedStep::kEntry;
}

// At the first byte, which says what follows:
//   0xxxxxxx           the integer 0 to 127
//   10xxxxxx           a string of up to 63 bytes
//   110xxxxx +1        a signed integer of 13 bits, big-endian
//   1110xxxx +1        a string of up to 4095 bytes, the size is big-endian
//   11110000 +4        a string, the size is little-endian
//   11110001 to 100    a signed integer of 2, 3, 4 or 8 bytes, little-endian
bool ListpackReader::ReadElement(PackedEntry* entry) {
  const auto first = static_cast<unsigned char>(rest_.front());
  if (first < 0x80) {
    entry->Set(int64_t{first});
    return ReadSizeBehind(1);
  }
  if (first < 0xc0) {
    return ReadString(1, first & 0x3fU, entry);
  }
  if (first < 0xf0) {
    if (rest_.size() < 2) {
      return false;
    }
    const auto second = static_cast<unsigned char>(rest_[1]);
    if (first >= 0xe0) {
      return ReadString(2, (first & 0xfU) << 8 | second, entry);
    }
    const int64_t value = (first & 0x1f) << 8 | second;
    entry->Set(value < 4096 ? value : value - 8192);
    return ReadSizeBehind(2);
  }
  if (first == 0xf0) {
    return rest_.size() >= 5 && ReadString(5, LoadLittleEndian(rest_.data() + 1, 4), entry);
  }
  if (first > 0xf4) {
    return false;
  }
  constexpr size_t kIntegerBytes[] = {2, 3, 4, 8};
  const size_t bytes = kIntegerBytes[first - 0xf1];
  if (rest_.size() < 1 + bytes) {
    return false;
  }
  entry->Set(LoadSignedLittleEndian(rest_.data() + 1, bytes));
  return ReadSizeBehind(1 + bytes);
}

bool ListpackReader::ReadString(size_t header, uint64_t size, PackedEntry* entry) {
  if (size > rest_.size() - header) {
    return false;
  }
  entry->Set(rest_.substr(header, size));
  return ReadSizeBehind(header + size);
}

// Steps over the element and its size: seven bits a byte, the highest first, and all but the first
// marked, as it is made for reading backwards.
bool ListpackReader::ReadSizeBehind(size_t element_size) {
  const size_t bytes = SizeBytes(element_size);
  if (rest_.size() < element_size + bytes) {
    return false;
  }
  for (size_t i = 0; i < bytes; ++i) {
    const unsigned mark = i == 0 ? 0 : 0x80;
    const uint64_t part = element_size >> (7 * (bytes - 1 - i)) & 0x7f;
    if (static_cast<unsigned char>(rest_[element_size + i]) != (part | mark)) {
      return false;
    }
  }
  rest_.remove_prefix(element_size + bytes);
  return true;
}

}  // namespace replete
