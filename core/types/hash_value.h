#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/keyspace/allocator.h"
#include "core/keyspace/segment_table.h"
#include "core/types/hash_node.h"
#include "core/types/packed.h"

namespace replete {

// Up to where a hash stays packed: `hash-max-listpack-entries` and `hash-max-listpack-value`.
struct HashLimits {
  size_t max_entries = 512;
  size_t max_value = 64;  // bytes of a field or of a value
};

// The value of a hash key. Few short fields are one packed run, [size][field][size][value]..., in
// the order they came ("listpack"); beyond the limits the hash becomes, for good, a table of nodes
// ("hashtable").
//
// It owns all its memory. Views it gives are valid until it changes; texts handed to it must not
// point into it. Used under the lock of its key's shard.
class HashValue final {
 public:
  using Table = SegmentTable<HashNodeTraits>;
  static constexpr uint64_t kScanEnd = Table::kScanEnd;

  HashValue() : run_(nullptr) {}
  ~HashValue();
  HashValue(const HashValue&) = delete;
  HashValue& operator=(const HashValue&) = delete;
  static void* operator new(size_t size) { return Allocate(size); }
  static void operator delete(void* memory, size_t size) { Free(memory, size); }

  HashValue* Clone() const;

  size_t size() const { return packed_ ? count_ : table_->size(); }
  bool is_packed() const { return packed_; }
  // All its memory, in bytes of the allocator's size classes, this object included. O(1).
  size_t bytes() const;

  // False: there is no such field.
  bool Get(std::string_view field, std::string_view* value) const;
  bool Contains(std::string_view field) const {
    std::string_view value;
    return Get(field, &value);
  }

  // Brings what look-ups of these fields need into the cache, for all of them at once: of the first
  // kMostAhead, so that the lock is not held for long.
  static constexpr size_t kMostAhead = 32;
  void Prefetch(std::span<const std::string_view> fields) const;

  // True when the field is new. Only here the encoding changes.
  bool Set(std::string_view field, std::string_view value, const HashLimits& limits = {});
  // False: there was no such field.
  bool Erase(std::string_view field);

  // Calls fn(field, value) for each field; `fn` must not change the hash. Packed: in order of
  // insertion.
  template <class Fn>
  void ForEach(Fn&& fn) const {
    if (packed_) {
      for (const char* at = run_; at != run_ + used_;) {
        std::string_view field;
        std::string_view value;
        at = packed::ReadText(packed::ReadText(at, &field), &value);
        fn(field, value);
      }
    } else {
      table_->ForEach([&](const HashNode* node) { fn(node->field(), node->value()); });
    }
  }

  // One step of a scan that starts at 0: calls fn(field, value) for about `want` fields and returns
  // where to go on, kScanEnd at the end. A packed hash is given whole. Fields that are there from
  // the first step to the last are given at least once, whatever else comes, goes, or changes the
  // encoding.
  template <class Fn>
  uint64_t Scan(uint64_t position, size_t want, Fn&& fn) const {
    if (packed_) {
      ForEach(fn);
      return kScanEnd;
    }
    return table_->Scan(position, std::min(want, kMostInAStep),
                        [&](const HashNode* node) { fn(node->field(), node->value()); });
  }

 private:
  // What the table's arithmetic takes.
  static constexpr size_t kMostInAStep = size_t{1} << 30;

  // A field found in the run, by offsets: it starts at `field`, its value's size at `value`.
  struct Spot {
    uint32_t field;
    uint32_t value;
    uint32_t end;
  };

  bool FindPacked(std::string_view field, Spot* spot) const;
  bool SetPacked(std::string_view field, std::string_view value);
  bool SetInTable(std::string_view field, std::string_view value);
  void Splice(uint32_t from, uint32_t to, size_t size);
  void ResizeRun(size_t capacity);
  void FreeRun();
  void BecomeTable();

  union {
    char* run_;     // packed_
    Table* table_;  // otherwise
  };
  size_t node_bytes_ = 0;
  uint32_t used_ = 0;  // these three: of the run
  uint32_t capacity_ = 0;
  uint32_t count_ = 0;
  bool packed_ = true;
};

static_assert(sizeof(HashValue) == 32);

}  // namespace replete
