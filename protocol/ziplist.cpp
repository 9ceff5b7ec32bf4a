#include "protocol/ziplist.h"

#include "protocol/byte_order.h"

namespace replete {
namespace {

constexpr size_t kHeader = 10;
constexpr uint32_t kUnknownCount = 0xffff;
constexpr unsigned char kEndMark = 0xff;
constexpr unsigned char kLongPreviousSize = 0xfe;

}  // namespace

ZiplistReader::ZiplistReader(std::string_view bytes) {
  if (bytes.size() <= kHeader || LoadLittleEndian(bytes.data(), 4) != bytes.size() ||
      static_cast<unsigned char>(bytes.back()) != kEndMark) {
    return;
  }
  tail_ = LoadLittleEndian(bytes.data() + 4, 4);
  announced_ = static_cast<uint32_t>(LoadLittleEndian(bytes.data() + 8, 2));
  bytes_ = bytes;
  position_ = last_begin_ = kHeader;
}

PackedStep ZiplistReader::Next(PackedEntry* entry) {
  if (bytes_.empty()) {
    return PackedStep::kMalformed;
  }
  if (static_cast<unsigned char>(bytes_[position_]) == kEndMark) {
    const bool right = position_ == bytes_.size() - 1 && tail_ == last_begin_ &&
                       (announced_ == kUnknownCount || announced_ == seen_);
    return right ? PackedStep::kEnd : PackedStep::kMalformed;
  }
  const size_t begin = position_;
  uint64_t previous_size;
  if (!ReadPreviousSize(&previous_size) || previous_size != last_size_ || !ReadEntry(entry)) {
    bytes_ = {};
    return PackedStep::kMalformed;
  }
  last_begin_ = begin;
  last_size_ = position_ - begin;
  ++seen_;
  return PackedStep::kEntry;
}

// Before each entry, so that the list can be walked backwards. All that is read here must leave
// one byte, where the end mark or the next entry is.
bool ZiplistReader::ReadPreviousSize(uint64_t* size) {
  const auto first = static_cast<unsigned char>(bytes_[position_]);
  const size_t taken = first == kLongPreviousSize ? 5 : 1;
  if (bytes_.size() - position_ <= taken) {
    return false;
  }
  *size = taken == 1 ? first : LoadLittleEndian(bytes_.data() + position_ + 1, 4);
  position_ += taken;
  return true;
}

// At the first byte, which says what follows:
//   00xxxxxx           a string of up to 63 bytes
//   01xxxxxx +1        a string of up to 16383 bytes, the size is big-endian
//   10000000 +4        a string, the size is big-endian; Redis ignores the six lower bits
//   11xxxxxx           an integer
bool ZiplistReader::ReadEntry(PackedEntry* entry) {
  const auto first = static_cast<unsigned char>(bytes_[position_]);
  const size_t available = bytes_.size() - position_;
  switch (first >> 6) {
    case 0:
      return ReadString(1, first, entry);
    case 1:
      return available >= 2 &&
             ReadString(2, LoadBigEndian(bytes_.data() + position_, 2) & 0x3fff, entry);
    case 2:
      return available >= 5 &&
             ReadString(5, LoadBigEndian(bytes_.data() + position_ + 1, 4), entry);
    default:
      return ReadInteger(first, entry);
  }
}

bool ZiplistReader::ReadString(size_t header, uint64_t size, PackedEntry* entry) {
  if (size >= bytes_.size() - position_ - header) {
    return false;
  }
  entry->Set(bytes_.substr(position_ + header, size));
  position_ += header + size;
  return true;
}

bool ZiplistReader::ReadInteger(unsigned char encoding, PackedEntry* entry) {
  size_t bytes;
  switch (encoding) {
    case 0xfe:
      bytes = 1;
      break;
    case 0xc0:
      bytes = 2;
      break;
    case 0xf0:
      bytes = 3;
      break;
    case 0xd0:
      bytes = 4;
      break;
    case 0xe0:
      bytes = 8;
      break;
    default:
      // 0 to 12 stand in the byte itself, one higher because 0xf0 is taken.
      if (encoding < 0xf1 || encoding > 0xfd) {
        return false;
      }
      entry->Set(int64_t{encoding} - 0xf1);
      ++position_;
      return true;
  }
  if (bytes_.size() - position_ <= 1 + bytes) {
    return false;
  }
  entry->Set(LoadSignedLittleEndian(bytes_.data() + position_ + 1, bytes));
  position_ += 1 + bytes;
  return true;
}

}  // namespace replete
