#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/keyspace/allocator.h"
#include "core/keyspace/hash.h"

namespace replete {

// A field with its value in a large hash, in one allocation: two 32-bit sizes (long texts: a mark
// and two 64-bit sizes), the field, the value. Owned by the HashValue whose table holds it.
class HashNode {
 public:
  static HashNode* New(std::string_view field, std::string_view value);
  static void Delete(HashNode* node) { Free(node, node->request()); }
  HashNode* Clone() const;

  std::string_view field() const { return {base() + header(), field_size()}; }
  std::string_view value() const { return {base() + header() + field_size(), value_size()}; }
  // Bytes that the allocation takes.
  size_t bytes() const { return AllocatedSize(request()); }

  // Puts `value` where the old one is. False when that would take an allocation of another size
  // class: the node is then unchanged.
  bool Assign(std::string_view value);

 private:
  // Far below what 32 bits hold: such a text does not feel 16 bytes more, and tests reach the long
  // form.
  static constexpr size_t kLongSize = size_t{1} << 24;
  static constexpr uint32_t kLongMark = UINT32_MAX;

  struct LongSizes {
    uint64_t field;
    uint64_t value;
  };

  static bool IsLong(size_t field, size_t value) {
    return field >= kLongSize || value >= kLongSize;
  }
  static size_t Request(size_t field, size_t value) {
    return sizeof(HashNode) + (IsLong(field, value) ? sizeof(LongSizes) : 0) + field + value;
  }

  bool is_long() const { return field_size_ == kLongMark; }
  size_t header() const { return sizeof(HashNode) + (is_long() ? sizeof(LongSizes) : 0); }
  size_t field_size() const { return is_long() ? long_sizes()->field : field_size_; }
  size_t value_size() const { return is_long() ? long_sizes()->value : value_size_; }
  size_t request() const { return header() + field_size() + value_size(); }

  char* base() { return reinterpret_cast<char*>(this); }
  const char* base() const { return reinterpret_cast<const char*>(this); }
  LongSizes* long_sizes() { return reinterpret_cast<LongSizes*>(this + 1); }
  const LongSizes* long_sizes() const { return reinterpret_cast<const LongSizes*>(this + 1); }
  void set_sizes(size_t field, size_t value);

  uint32_t field_size_;
  uint32_t value_size_;
};

struct HashNodeTraits {
  using Item = HashNode;
  static constexpr size_t kPrefetchedLines = 1;
  static std::string_view Key(const HashNode* node) { return node->field(); }
  static uint64_t Hash(std::string_view field) { return HashKey(field); }
};

}  // namespace replete
