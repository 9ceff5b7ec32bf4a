#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/keyspace/allocator.h"
#include "core/types/packed.h"

namespace replete {

// How much of a list shares one chunk.
struct ListLimits {
  uint32_t chunk_bytes = 8192;  // of the whole allocation
  uint32_t chunk_count = UINT32_MAX;

  // Of `list-max-listpack-size`: -1 to -5 are 4 to 64 KiB; otherwise so many elements, and 8 KiB at
  // most.
  static ListLimits FromSetting(int max_listpack_size);
};

// The value of a list key: a double-linked list of chunks. A chunk is one allocation, [head gap |
// elements | tail gap], whose elements [size][bytes][size mirrored] can be walked from both ends;
// it has room where the list is pushed to, so a push moves nothing. Chunks start small and double
// up to the limit. An element beyond the limit is a chunk of its own. No chunk is empty.
//
// Pushes are amortised O(1). Views are valid until the list changes; an element to push may be a
// view of this list. Owns all its memory; used under the lock of its key's shard.
class ListValue final {
 public:
  ListValue() = default;
  ~ListValue();
  ListValue(const ListValue&) = delete;
  ListValue& operator=(const ListValue&) = delete;
  static void* operator new(size_t size) { return Allocate(size); }
  static void operator delete(void* memory, size_t size) { Free(memory, size); }

  // The copy's chunks have no gaps.
  ListValue* Clone() const;

  size_t size() const { return size_; }
  // All in one chunk of packed elements.
  bool is_packed() const { return head_ == tail_ && (head_ == nullptr || !head_->is_plain()); }
  // All its memory, in bytes of the allocator's size classes, this object included. O(1).
  size_t bytes() const { return AllocatedSize(sizeof(ListValue)) + chunk_bytes_; }

  void PushFront(std::string_view element, const ListLimits& limits = {});
  void PushBack(std::string_view element, const ListLimits& limits = {});

  // False: the list is empty.
  bool Front(std::string_view* element) const;
  bool Back(std::string_view* element) const;
  bool PopFront();
  bool PopBack();

  // Calls fn(element) from front to back; `fn` must not change the list.
  template <class Fn>
  void ForEach(Fn&& fn) const {
    for (const Chunk* chunk = head_; chunk != nullptr; chunk = chunk->next) {
      if (chunk->is_plain()) {
        fn(chunk->plain());
        continue;
      }
      for (const char* at = chunk->first(); at != chunk->last();) {
        std::string_view element;
        at = packed::ReadText(at, &element);
        at += packed::SizeLength(packed::TextSize(element));
        fn(element);
      }
    }
  }

 private:
  // The header; the chunk's bytes follow it. Plain: one element beyond any limit, [8 bytes of
  // size][bytes].
  struct Chunk {
    Chunk* previous;
    Chunk* next;
    uint32_t capacity;  // bytes behind the header; 0: plain
    uint32_t begin;     // the elements are [begin, end) of them
    uint32_t end;
    uint32_t count;

    bool is_plain() const { return capacity == 0; }
    char* data() { return reinterpret_cast<char*>(this + 1); }
    const char* data() const { return reinterpret_cast<const char*>(this + 1); }
    const char* first() const { return data() + begin; }
    const char* last() const { return data() + end; }
    std::string_view plain() const {
      uint64_t size;
      std::memcpy(&size, data(), sizeof size);
      return {data() + sizeof size, size};
    }
    size_t allocation() const {
      return sizeof(Chunk) + (is_plain() ? sizeof(uint64_t) + plain().size() : capacity);
    }
  };
  enum class Side { kFront, kBack };

  static size_t ElementSize(std::string_view element) {
    const size_t text = packed::TextSize(element);
    return text + packed::SizeLength(text);
  }
  static void WriteElement(char* to, std::string_view element);
  static void CopyElements(const Chunk& from, Chunk* to, uint32_t begin);

  void PushSlowly(Side side, std::string_view element, const ListLimits& limits);
  void Put(Side side, Chunk* chunk, std::string_view element, size_t room);
  Chunk* Reseat(Side side, Chunk* chunk, size_t room, const ListLimits& limits);
  Chunk* NewChunk(size_t allocation);
  Chunk* NewPlain(std::string_view element);
  void Link(Side side, Chunk* chunk);
  void Remove(Chunk* chunk);
  void FreeChunk(Chunk* chunk);

  Chunk* head_ = nullptr;
  Chunk* tail_ = nullptr;
  size_t size_ = 0;
  size_t chunk_bytes_ = 0;
};

static_assert(sizeof(ListValue) == 32);

}  // namespace replete
