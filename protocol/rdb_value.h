#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace replete {

// The format that Redis stores values in, in RDB files and in DUMP payloads (rdb.h and rdb.c of
// Redis 7.0): one byte of type, then the body. What stands around values is described by
// dump_payload.h.

// RDB versions. What is written here is plain enough for any Redis; 10 is what Redis 7.0 says and
// the most that it reads. Up to 12 (Redis 8) no type that is read here has changed.
inline constexpr uint16_t kRdbWrittenVersion = 10;
inline constexpr uint16_t kRdbNewestReadVersion = 12;

// Any byte may be cast to it. Only the types marked so can be read, only three are ever written.
enum class RdbType : uint8_t {
  kString = 0,  // written and read
  kList = 1,    // written and read
  kSet = 2,
  kSortedSet = 3,
  kHash = 4,  // written and read
  kSortedSet2 = 5,
  kModule = 6,
  kModule2 = 7,
  kHashZipmap = 9,
  kListZiplist = 10,  // read
  kSetIntset = 11,
  kSortedSetZiplist = 12,
  kHashZiplist = 13,    // read
  kListQuicklist = 14,  // read
  kStream = 15,
  kHashListpack = 16,  // read
  kSortedSetListpack = 17,
  kListQuicklist2 = 18,  // read
  kStream2 = 19,
  kSetListpack = 20,
  kStream3 = 21,
  kHashWithExpiryPreview = 22,
  kHashListpackWithExpiryPreview = 23,
  kHashWithExpiry = 24,
  kHashListpackWithExpiry = 25,
};

// "string", "list", "hash", "set", "sorted set", "stream", "module", "hash zipmap", "hash with
// field expiry", and "unknown type" for the rest. A static string.
std::string_view RdbTypeName(RdbType type);

// Whether RdbReader::ReadValue reads values of the type.
bool IsReadable(RdbType type);

// Appends to a string that somebody else keeps. Running out of memory throws std::bad_alloc.
//
//   RdbWriter writer(&bytes, true);
//   writer.Type(RdbType::kHash);
//   writer.BeginHash(fields.size());
//   for each field { writer.String(name); writer.String(value); }
//
// Compressing takes about 300 KB of the caller's stack.
class RdbWriter {
 public:
  // Whether strings longer than 20 bytes are compressed with LZF when that makes them smaller.
  explicit RdbWriter(std::string* out, bool compress = true) : out_(out), compress_(compress) {}

  void Type(RdbType type) { out_->push_back(static_cast<char>(type)); }
  // The body of a kString, or one element, field or value of the others. The canonical decimals
  // of 32-bit integers are stored as integers.
  void String(std::string_view text);
  // The same as String of its decimals.
  void Integer(int64_t value);
  // n strings must follow; n > 0, as an empty list does not exist.
  void BeginList(uint64_t n) { Length(n); }
  // n times the strings of a field and of its value must follow; n > 0.
  void BeginHash(uint64_t n) { Length(n); }
  // What Redis calls a length: 1, 2, 5 or 9 bytes.
  void Length(uint64_t n);

 private:
  bool SmallInteger(int64_t value);
  bool Compressed(std::string_view text);

  std::string* out_;
  bool compress_;
};

enum class RdbResult : uint8_t {
  kOk,
  kTruncated,    // the bytes end too early, or a length is wrong
  kMalformed,    // the bytes cannot be what they are said to be
  kTooLarge,     // a string is longer than the limit
  kUnsupported,  // a type that is not read here; RdbTypeName has its name
  kRefused,      // the visitor returned false
};

// Gets the content of a value; make it a final class. The views are valid during the call only.
// False stops the reading.
class RdbVisitor {
 public:
  virtual bool String(std::string_view value) = 0;
  // Of a list, from head to tail.
  virtual bool Item(std::string_view item) = 0;
  // Of a hash, in any order. A field that comes twice is the visitor's to refuse.
  virtual bool Field(std::string_view field, std::string_view value) = 0;

 protected:
  ~RdbVisitor() = default;
};

// Reads from memory that somebody else keeps. Safe on any bytes: it never looks beyond their end,
// and allocates only what the bytes that are there can account for. After anything but kOk the
// position is of no use, and what was already visited is to be thrown away. Running out of memory
// throws std::bad_alloc.
class RdbReader {
 public:
  static constexpr uint64_t kDefaultMaxString = uint64_t{512} * 1024 * 1024;

  // No string longer than `max_string`, compressed or not, is taken.
  explicit RdbReader(std::string_view bytes, uint64_t max_string = kDefaultMaxString)
      : rest_(bytes), max_string_(max_string) {}

  // What has not been read yet.
  std::string_view rest() const { return rest_; }
  bool AtEnd() const { return rest_.empty(); }

  [[nodiscard]] RdbResult ReadByte(uint8_t* byte);
  // A view into the input.
  [[nodiscard]] RdbResult ReadBytes(uint64_t n, std::string_view* bytes);
  [[nodiscard]] RdbResult ReadType(RdbType* type);
  [[nodiscard]] RdbResult ReadLength(uint64_t* n);
  // *text becomes a view into the input when the string is stored as it is, else into *scratch,
  // which is overwritten only then.
  [[nodiscard]] RdbResult ReadString(std::string* scratch, std::string_view* text);
  // The body of a value. Lists and hashes have at least one element, as in Redis.
  [[nodiscard]] RdbResult ReadValue(RdbType type, RdbVisitor& visitor);

 private:
  RdbResult ReadPrefix(uint64_t* n, bool* encoded);
  RdbResult ReadInteger(size_t bytes, std::string* scratch);
  RdbResult ReadCompressed(std::string* scratch);
  RdbResult ReadCount(uint64_t strings_each, uint64_t* count);

  RdbResult ReadPlainString(RdbVisitor& visitor);
  RdbResult ReadPlainList(RdbVisitor& visitor);
  RdbResult ReadPlainHash(RdbVisitor& visitor);
  template <typename Packed>
  RdbResult ReadPackedList(RdbVisitor& visitor, uint64_t* items);
  template <typename Packed>
  RdbResult ReadPackedHash(RdbVisitor& visitor);
  RdbResult ReadQuicklist(bool second_version, RdbVisitor& visitor);

  std::string_view rest_;
  uint64_t max_string_;
  std::string scratch_;
  std::string second_scratch_;
};

}  // namespace replete
