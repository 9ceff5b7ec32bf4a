#include "protocol/rdb_value.h"

#include <liblzf/lzf.h>

#include <cstring>
#include <limits>

#include "protocol/byte_order.h"
#include "protocol/decimal.h"
#include "protocol/listpack.h"
#include "protocol/ziplist.h"

namespace replete {
namespace {

// The two upper bits of the first byte of a length.
constexpr unsigned kSixBits = 0;
constexpr unsigned kFourteenBits = 1;
constexpr unsigned kWide = 2;  // then the byte is one of the two below
constexpr unsigned char kThirtyTwoBits = 0x80;
constexpr unsigned char kSixtyFourBits = 0x81;
// Not a length but a special encoding of a string, named by the lower six bits.
constexpr unsigned kEncoded = 3;
constexpr unsigned char kInt8 = 0xc0;
constexpr unsigned char kInt16 = 0xc1;
constexpr unsigned char kInt32 = 0xc2;
constexpr unsigned char kLzf = 0xc3;

// Of a length: the first byte and 64 bits.
constexpr size_t kMaxLengthBytes = 9;
// "-2147483648", the longest decimals that can become an integer.
constexpr size_t kMaxSmallIntegerText = 11;
// Redis tries to compress only what is longer, and only takes a gain of at least four bytes.
constexpr size_t kMinCompressed = 20;
constexpr size_t kMinGain = 4;
// The most that LZF makes of a byte: a back reference of three bytes stands for up to 264.
constexpr uint64_t kMaxLzfExpansion = 88;

constexpr uint64_t kPlainNode = 1;  // of a quicklist of the second version: the item as it is
constexpr uint64_t kPackedNode = 2;

size_t WriteLength(char* to, uint64_t n) {
  if (n < 64) {
    *to = static_cast<char>(n);
    return 1;
  }
  if (n < 16384) {
    StoreBigEndian(to, n | kFourteenBits << 14, 2);
    return 2;
  }
  if (n <= std::numeric_limits<uint32_t>::max()) {
    *to = static_cast<char>(kThirtyTwoBits);
    StoreBigEndian(to + 1, n, 4);
    return 5;
  }
  *to = static_cast<char>(kSixtyFourBits);
  StoreBigEndian(to + 1, n, 8);
  return 9;
}

}  // namespace

void RdbWriter::Length(uint64_t n) {
  char bytes[kMaxLengthBytes];
  out_->append(bytes, WriteLength(bytes, n));
}

void RdbWriter::String(std::string_view text) {
  if (text.size() <= kMaxSmallIntegerText) {
    int64_t value;
    if (ParseCanonicalInt64(text, &value) && SmallInteger(value)) {
      return;
    }
  } else if (compress_ && text.size() > kMinCompressed && Compressed(text)) {
    return;
  }
  Length(text.size());
  out_->append(text);
}

void RdbWriter::Integer(int64_t value) {
  if (!SmallInteger(value)) {
    char digits[kMaxDecimalSize];
    const auto size = static_cast<size_t>(WriteSigned(digits, value) - digits);
    Length(size);
    out_->append(digits, size);
  }
}

bool RdbWriter::SmallInteger(int64_t value) {
  char bytes[5];
  size_t size;
  if (value >= INT8_MIN && value <= INT8_MAX) {
    bytes[0] = static_cast<char>(kInt8);
    size = 1;
  } else if (value >= INT16_MIN && value <= INT16_MAX) {
    bytes[0] = static_cast<char>(kInt16);
    size = 2;
  } else if (value >= INT32_MIN && value <= INT32_MAX) {
    bytes[0] = static_cast<char>(kInt32);
    size = 4;
  } else {
    return false;
  }
  StoreLittleEndian(bytes + 1, static_cast<uint64_t>(value), size);
  out_->append(bytes, 1 + size);
  return true;
}

bool RdbWriter::Compressed(std::string_view text) {
  if (text.size() > std::numeric_limits<unsigned>::max()) {
    return false;  // beyond what liblzf can be asked
  }
  // The sizes in front are known only afterwards: room for the longest, then the rest is moved up.
  const size_t begin = out_->size();
  constexpr size_t kRoom = 1 + 2 * kMaxLengthBytes;
  const size_t most = text.size() - kMinGain;
  out_->resize(begin + kRoom + most);
  char* const to = out_->data() + begin;
  const size_t size = lzf_compress(text.data(), static_cast<unsigned>(text.size()), to + kRoom,
                                   static_cast<unsigned>(most));
  if (size == 0) {
    out_->resize(begin);
    return false;
  }
  char* end = to;
  *end++ = static_cast<char>(kLzf);
  end += WriteLength(end, size);
  end += WriteLength(end, text.size());
  std::memmove(end, to + kRoom, size);
  out_->resize(static_cast<size_t>(end - out_->data()) + size);
  return true;
}

RdbResult RdbReader::ReadByte(uint8_t* byte) {
  if (rest_.empty()) {
    return RdbResult::kTruncated;
  }
  *byte = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return RdbResult::kOk;
}

RdbResult RdbReader::ReadBytes(uint64_t n, std::string_view* bytes) {
  if (n > rest_.size()) {
    return RdbResult::kTruncated;
  }
  *bytes = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return RdbResult::kOk;
}

RdbResult RdbReader::ReadType(RdbType* type) {
  uint8_t byte;
  const RdbResult result = ReadByte(&byte);
  if (result == RdbResult::kOk) {
    *type = static_cast<RdbType>(byte);
  }
  return result;
}

// A length, or with *encoded the byte that names the special encoding of a string.
RdbResult RdbReader::ReadPrefix(uint64_t* n, bool* encoded) {
  if (rest_.empty()) {
    return RdbResult::kTruncated;
  }
  const auto first = static_cast<unsigned char>(rest_.front());
  size_t bytes = 1;
  *encoded = false;
  switch (unsigned{first} >> 6) {
    case kSixBits:
      *n = first;
      break;
    case kFourteenBits:
      bytes = 2;
      break;
    case kWide:
      if (first != kThirtyTwoBits && first != kSixtyFourBits) {
        return RdbResult::kMalformed;
      }
      bytes = first == kThirtyTwoBits ? 5 : 9;
      break;
    case kEncoded:
      *n = first;
      *encoded = true;
      break;
    default:
      break;  // two bits have no other values
  }
  if (rest_.size() < bytes) {
    return RdbResult::kTruncated;
  }
  if (bytes == 2) {
    *n = LoadBigEndian(rest_.data(), 2) & 0x3fff;
  } else if (bytes > 2) {
    *n = LoadBigEndian(rest_.data() + 1, bytes - 1);
  }
  rest_.remove_prefix(bytes);
  return RdbResult::kOk;
}

RdbResult RdbReader::ReadLength(uint64_t* n) {
  bool encoded;
  const RdbResult result = ReadPrefix(n, &encoded);
  return result == RdbResult::kOk && encoded ? RdbResult::kMalformed : result;
}

RdbResult RdbReader::ReadString(std::string* scratch, std::string_view* text) {
  uint64_t n;
  bool encoded;
  RdbResult result = ReadPrefix(&n, &encoded);
  if (result != RdbResult::kOk) {
    return result;
  }
  if (!encoded) {
    return n > max_string_ ? RdbResult::kTooLarge : ReadBytes(n, text);
  }
  switch (n) {
    case kInt8:
      result = ReadInteger(1, scratch);
      break;
    case kInt16:
      result = ReadInteger(2, scratch);
      break;
    case kInt32:
      result = ReadInteger(4, scratch);
      break;
    case kLzf:
      result = ReadCompressed(scratch);
      break;
    default:
      return RdbResult::kMalformed;
  }
  if (result == RdbResult::kOk) {
    *text = *scratch;
  }
  return result;
}

RdbResult RdbReader::ReadInteger(size_t bytes, std::string* scratch) {
  std::string_view stored;
  const RdbResult result = ReadBytes(bytes, &stored);
  if (result == RdbResult::kOk) {
    char digits[kMaxDecimalSize];
    const char* const end = WriteSigned(digits, LoadSignedLittleEndian(stored.data(), bytes));
    scratch->assign(digits, static_cast<size_t>(end - digits));
  }
  return result;
}

RdbResult RdbReader::ReadCompressed(std::string* scratch) {
  uint64_t stored_size;
  uint64_t size;
  std::string_view stored;
  RdbResult result = ReadLength(&stored_size);
  if (result == RdbResult::kOk) {
    result = ReadLength(&size);
  }
  if (result == RdbResult::kOk) {
    result = ReadBytes(stored_size, &stored);
  }
  if (result != RdbResult::kOk) {
    return result;
  }
  constexpr uint64_t kMost = std::numeric_limits<unsigned>::max();
  if (size > max_string_ || size > kMost || stored_size > kMost) {
    return RdbResult::kTooLarge;
  }
  // liblzf reads a first byte without asking whether there is one.
  if (size == 0 || stored_size == 0 || size > stored_size * kMaxLzfExpansion) {
    return RdbResult::kMalformed;
  }
  scratch->resize(size);
  const unsigned got = lzf_decompress(stored.data(), static_cast<unsigned>(stored_size),
                                      scratch->data(), static_cast<unsigned>(size));
  return got == size ? RdbResult::kOk : RdbResult::kMalformed;
}

// How many elements follow. Each takes a byte a string at least, so that a hostile count is seen
// at once.
RdbResult RdbReader::ReadCount(uint64_t strings_each, uint64_t* count) {
  const RdbResult result = ReadLength(count);
  if (result != RdbResult::kOk) {
    return result;
  }
  if (*count == 0) {
    return RdbResult::kMalformed;
  }
  return *count > rest_.size() / strings_each ? RdbResult::kTruncated : RdbResult::kOk;
}

RdbResult RdbReader::ReadValue(RdbType type, RdbVisitor& visitor) {
  switch (type) {
    case RdbType::kString:
      return ReadPlainString(visitor);
    case RdbType::kList:
      return ReadPlainList(visitor);
    case RdbType::kHash:
      return ReadPlainHash(visitor);
    case RdbType::kListZiplist: {
      uint64_t items = 0;
      const RdbResult result = ReadPackedList<ZiplistReader>(visitor, &items);
      return result == RdbResult::kOk && items == 0 ? RdbResult::kMalformed : result;
    }
    case RdbType::kListQuicklist:
      return ReadQuicklist(false, visitor);
    case RdbType::kListQuicklist2:
      return ReadQuicklist(true, visitor);
    case RdbType::kHashZiplist:
      return ReadPackedHash<ZiplistReader>(visitor);
    case RdbType::kHashListpack:
      return ReadPackedHash<ListpackReader>(visitor);
    default:
      return RdbResult::kUnsupported;
  }
}

RdbResult RdbReader::ReadPlainString(RdbVisitor& visitor) {
  std::string_view text;
  const RdbResult result = ReadString(&scratch_, &text);
  if (result != RdbResult::kOk) {
    return result;
  }
  return visitor.String(text) ? RdbResult::kOk : RdbResult::kRefused;
}

RdbResult RdbReader::ReadPlainList(RdbVisitor& visitor) {
  uint64_t count;
  RdbResult result = ReadCount(1, &count);
  for (; result == RdbResult::kOk && count > 0; --count) {
    std::string_view item;
    result = ReadString(&scratch_, &item);
    if (result == RdbResult::kOk && !visitor.Item(item)) {
      return RdbResult::kRefused;
    }
  }
  return result;
}

RdbResult RdbReader::ReadPlainHash(RdbVisitor& visitor) {
  uint64_t count;
  RdbResult result = ReadCount(2, &count);
  for (; result == RdbResult::kOk && count > 0; --count) {
    std::string_view field;
    std::string_view value;
    result = ReadString(&scratch_, &field);
    if (result == RdbResult::kOk) {
      result = ReadString(&second_scratch_, &value);
    }
    if (result == RdbResult::kOk && !visitor.Field(field, value)) {
      return RdbResult::kRefused;
    }
  }
  return result;
}

// A list, or a part of one, packed into a string. Adds the number of its items to *items.
template <typename Packed>
RdbResult RdbReader::ReadPackedList(RdbVisitor& visitor, uint64_t* items) {
  std::string_view bytes;
  const RdbResult result = ReadString(&scratch_, &bytes);
  if (result != RdbResult::kOk) {
    return result;
  }
  Packed packed(bytes);
  PackedEntry item;
  PackedStep step;
  while ((step = packed.Next(&item)) == PackedStep::kEntry) {
    ++*items;
    if (!visitor.Item(item.text())) {
      return RdbResult::kRefused;
    }
  }
  return step == PackedStep::kEnd ? RdbResult::kOk : RdbResult::kMalformed;
}

// Fields and values by turns, packed into a string.
template <typename Packed>
RdbResult RdbReader::ReadPackedHash(RdbVisitor& visitor) {
  std::string_view bytes;
  const RdbResult result = ReadString(&scratch_, &bytes);
  if (result != RdbResult::kOk) {
    return result;
  }
  Packed packed(bytes);
  PackedEntry field;
  PackedEntry value;
  PackedStep step;
  bool empty = true;
  while ((step = packed.Next(&field)) == PackedStep::kEntry) {
    if (packed.Next(&value) != PackedStep::kEntry) {
      return RdbResult::kMalformed;
    }
    empty = false;
    if (!visitor.Field(field.text(), value.text())) {
      return RdbResult::kRefused;
    }
  }
  return step == PackedStep::kEnd && !empty ? RdbResult::kOk : RdbResult::kMalformed;
}

// Like Redis this passes over empty nodes, as long as the list is not empty.
RdbResult RdbReader::ReadQuicklist(bool second_version, RdbVisitor& visitor) {
  uint64_t nodes;
  uint64_t items = 0;
  RdbResult result = ReadCount(second_version ? 2 : 1, &nodes);
  for (; result == RdbResult::kOk && nodes > 0; --nodes) {
    if (!second_version) {
      result = ReadPackedList<ZiplistReader>(visitor, &items);
      continue;
    }
    uint64_t container;
    result = ReadLength(&container);
    if (result != RdbResult::kOk) {
      return result;
    }
    if (container == kPackedNode) {
      result = ReadPackedList<ListpackReader>(visitor, &items);
    } else if (container == kPlainNode) {
      std::string_view item;
      result = ReadString(&scratch_, &item);
      ++items;
      if (result == RdbResult::kOk && !visitor.Item(item)) {
        return RdbResult::kRefused;
      }
    } else {
      return RdbResult::kMalformed;
    }
  }
  return result == RdbResult::kOk && items == 0 ? RdbResult::kMalformed : result;
}

}  // namespace replete
