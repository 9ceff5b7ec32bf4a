#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "core/keyspace/allocator.h"
#include "protocol/bulk_buffer.h"

namespace replete {

class HashValue;
class ListValue;

enum class ValueType : uint8_t { kString = 0, kList = 1, kHash = 4 };
// Redis' word: TYPE, SCAN.
std::string_view TypeName(ValueType type);

// How the value is held.
enum class Holding : uint8_t {
  kInline,  // a string's bytes, inside the entry
  kBlock,   // a string's bytes in a block of their own: {pointer, size, capacity}
  kObject,  // a collection: a pointer to it
  kCold,    // nothing: the value is in the tier only
};

inline constexpr int64_t kNoDeadline = std::numeric_limits<int64_t>::max();

// One key with its metadata and value, in one allocation that the keyspace owns:
//
//   header (12 bytes) | deadline + wheel links (20) | order links (12) | tier (12) |
//   long key size (4) | key | value
//
// Extensions are there by flag. A string up to kInlineMax bytes stands inline; the allocation of an
// inline value may be rewritten in place only while its size class stays the same, since the size
// is what frees it. Everything is read and written under the shard's lock.
class Entry {
 public:
  enum Extension : uint8_t { kDeadline = 1, kOrder = 2, kLongKey = 4, kTiered = 8 };
  static constexpr size_t kHeaderSize = 12;
  static constexpr size_t kDeadlineSize = 20;
  static constexpr size_t kLinkSize = 6;
  static constexpr size_t kOrderSize = 12;
  static constexpr size_t kTieredSize = 12;
  static constexpr size_t kInlineMax = 4096;

  // A string entry. `value` is copied; beyond kInlineMax into a block.
  static Entry* NewString(std::string_view key, std::string_view value, uint8_t extensions);
  // A string entry that adopts `value`'s memory.
  static Entry* NewString(std::string_view key, BulkBuffer value, uint8_t extensions);
  static Entry* NewHash(std::string_view key, HashValue* value, uint8_t extensions);
  static Entry* NewList(std::string_view key, ListValue* value, uint8_t extensions);
  // The key and metadata of `entry` with no value (kCold); `entry` stays as it is.
  static Entry* NewCold(const Entry& entry);
  // One whose value of this type is in the tier.
  static Entry* NewCold(std::string_view key, ValueType type, uint8_t extensions);
  // A new allocation of the same key, value and metadata under another name or with other
  // extensions; the old one loses its value to it and is freed. Links are not carried over: the
  // caller relinks.
  static Entry* Rebuild(Entry* entry, std::string_view key, uint8_t extensions);
  // Frees the entry with its value.
  static void Delete(Entry* entry);

  std::string_view key() const {
    size_t size = key_size_;
    if (extensions_ & kLongKey) [[unlikely]]
      size = LongKeySize();
    return {base() + KeyOffset(), size};
  }
  ValueType type() const { return static_cast<ValueType>(kind_ & 0xf); }
  Holding holding() const { return static_cast<Holding>(kind_ >> 4); }
  uint8_t extensions() const { return extensions_; }
  bool has(Extension extension) const { return (extensions_ & extension) != 0; }

  // The bytes of a string.
  std::string_view string() const {
    if (holding() == Holding::kInline) [[likely]]
      return {value_area(), inline_size()};
    Block block = LoadBlock();
    return {block.data, block.size};
  }
  HashValue* hash() const { return static_cast<HashValue*>(LoadPointer()); }
  ListValue* list() const { return static_cast<ListValue*>(LoadPointer()); }

  // Unix milliseconds; kNoDeadline without one.
  int64_t deadline() const {
    if (!(extensions_ & kDeadline)) return kNoDeadline;
    int64_t value;
    std::memcpy(&value, base() + kHeaderSize, sizeof value);
    return value;
  }
  void set_deadline(int64_t deadline) {
    std::memcpy(base() + kHeaderSize, &deadline, sizeof deadline);
  }

  // Whether the value is here. What reads or changes a value needs it to be.
  bool resident() const { return holding() != Holding::kCold; }
  // With kTiered: the number of the batch that stored the entry last.
  uint64_t tier_sequence() const {
    uint64_t value;
    std::memcpy(&value, base() + tiered_offset(), sizeof value);
    return value;
  }
  void set_tier_sequence(uint64_t sequence) {
    std::memcpy(base() + tiered_offset(), &sequence, sizeof sequence);
  }
  // With kTiered: bytes of the record that was written last, at most kMaxTierSize; 0: none was yet.
  static constexpr uint32_t kMaxTierSize = std::numeric_limits<uint32_t>::max();
  uint32_t tier_size() const {
    uint32_t value;
    std::memcpy(&value, base() + tiered_offset() + sizeof(uint64_t), sizeof value);
    return value;
  }
  void set_tier_size(uint32_t size) {
    std::memcpy(base() + tiered_offset() + sizeof(uint64_t), &size, sizeof size);
  }
  // Sequence and size of `from`.
  void CopyTier(const Entry& from) {
    std::memcpy(base() + tiered_offset(), from.base() + from.tiered_offset(), kTieredSize);
  }

  // Recency, frequency or creation, as the policy wants it.
  uint32_t clock() const { return clock_; }
  void set_clock(uint32_t clock) { clock_ = clock; }

  // Replaces a string by `value` where it stands. False when the size class would change (or it is
  // no inline string): then the caller makes a new entry.
  bool AssignInPlace(std::string_view value);

  // For APPEND and SETRANGE. Sets the new size of a string and returns its bytes (new ones are
  // zero), or null when the entry must be rebuilt first (see ResizeInto).
  char* ResizeInPlace(size_t size);
  // A new entry with `size` bytes of string, what there was copied and the rest zero; frees
  // `entry`.
  static Entry* ResizeInto(Entry* entry, size_t size);

  // Bytes of the allocator's size classes: entry, and block or object behind it.
  size_t bytes() const;

  // Links of the expiry wheel and of the exact order: 48-bit words.
  uint64_t link(size_t offset) const {
    uint64_t value = 0;
    std::memcpy(&value, base() + offset, kLinkSize);
    return value;
  }
  void set_link(size_t offset, uint64_t value) { std::memcpy(base() + offset, &value, kLinkSize); }
  static constexpr size_t wheel_next() { return kHeaderSize + 8; }
  static constexpr size_t wheel_previous() { return kHeaderSize + 14; }
  size_t order_next() const { return kHeaderSize + (extensions_ & kDeadline ? kDeadlineSize : 0); }
  size_t order_previous() const { return order_next() + kLinkSize; }

 private:
  struct Block {
    char* data;
    uint64_t size;
    uint64_t capacity;
  };

  static Entry* NewRaw(std::string_view key, uint8_t extensions, size_t value_size);
  static size_t ExtensionSize(int extensions) {
    return (extensions & kDeadline ? kDeadlineSize : 0) + (extensions & kOrder ? kOrderSize : 0) +
           (extensions & kTiered ? kTieredSize : 0) + (extensions & kLongKey ? 4 : 0);
  }
  size_t tiered_offset() const {
    return kHeaderSize + ExtensionSize(extensions_ & (kDeadline | kOrder));
  }

  char* base() { return reinterpret_cast<char*>(this); }
  const char* base() const { return reinterpret_cast<const char*>(this); }
  size_t KeyOffset() const { return kHeaderSize + ExtensionSize(extensions_); }
  size_t LongKeySize() const {
    uint32_t size;
    std::memcpy(&size, base() + KeyOffset() - 4, sizeof size);
    return size;
  }
  size_t value_offset() const { return KeyOffset() + key().size(); }
  char* value_area() { return base() + value_offset(); }
  const char* value_area() const { return base() + value_offset(); }
  size_t inline_size() const {
    return value_size_[0] | size_t{value_size_[1]} << 8 | size_t{value_size_[2]} << 16;
  }
  // What the value takes inside the entry: for a block or an object its descriptor.
  void set_inline_size(size_t size) {
    value_size_[0] = static_cast<uint8_t>(size);
    value_size_[1] = static_cast<uint8_t>(size >> 8);
    value_size_[2] = static_cast<uint8_t>(size >> 16);
  }
  size_t allocation() const { return value_offset() + inline_size(); }
  void set_kind(ValueType type, Holding holding) {
    kind_ = static_cast<uint8_t>(static_cast<uint8_t>(type) | static_cast<uint8_t>(holding) << 4);
  }
  Block LoadBlock() const {
    Block block;
    std::memcpy(&block, value_area(), sizeof block);
    return block;
  }
  void StoreBlock(const Block& block) { std::memcpy(value_area(), &block, sizeof block); }
  void* LoadPointer() const {
    void* pointer;
    std::memcpy(&pointer, value_area(), sizeof pointer);
    return pointer;
  }
  void FreeMemory() { Free(this, allocation()); }

  uint32_t clock_;
  uint16_t key_size_;
  uint8_t kind_;
  uint8_t extensions_;
  uint8_t ban_stamp_;
  uint8_t value_size_[3];
};

static_assert(sizeof(Entry) == Entry::kHeaderSize);

}  // namespace replete
