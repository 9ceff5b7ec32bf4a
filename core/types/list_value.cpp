#include "core/types/list_value.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace replete {
namespace {

constexpr size_t kFirstChunk = 64;
// A list that fills chunks starts the next one bigger: it will need it.
constexpr size_t kFurtherChunk = 1024;

}  // namespace

ListLimits ListLimits::FromSetting(int max_listpack_size) {
  if (max_listpack_size < 0) {
    const int step = std::min(-(max_listpack_size + 1), 4);
    return {.chunk_bytes = uint32_t{4096} << step};
  }
  return {.chunk_count = static_cast<uint32_t>(std::max(max_listpack_size, 1))};
}

ListValue::~ListValue() {
  while (head_ != nullptr) Remove(head_);
}

ListValue* ListValue::Clone() const {
  auto copy = std::make_unique<ListValue>();
  for (const Chunk* chunk = head_; chunk != nullptr; chunk = chunk->next) {
    Chunk* twin;
    if (chunk->is_plain()) {
      twin = copy->NewPlain(chunk->plain());
    } else {
      twin = copy->NewChunk(AllocatedSize(sizeof(Chunk) + chunk->end - chunk->begin));
      CopyElements(*chunk, twin, 0);
    }
    copy->Link(Side::kBack, twin);
  }
  copy->size_ = size_;
  return copy.release();
}

void ListValue::PushFront(std::string_view element, const ListLimits& limits) {
  const size_t room = ElementSize(element);
  Chunk* chunk = head_;
  if (chunk == nullptr || chunk->begin < room || chunk->count >= limits.chunk_count) [[unlikely]] {
    return PushSlowly(Side::kFront, element, limits);
  }
  Put(Side::kFront, chunk, element, room);
}

void ListValue::PushBack(std::string_view element, const ListLimits& limits) {
  const size_t room = ElementSize(element);
  Chunk* chunk = tail_;
  if (chunk == nullptr || chunk->capacity - chunk->end < room || chunk->count >= limits.chunk_count)
      [[unlikely]] {
    return PushSlowly(Side::kBack, element, limits);
  }
  Put(Side::kBack, chunk, element, room);
}

bool ListValue::Front(std::string_view* element) const {
  if (head_ == nullptr) return false;
  if (head_->is_plain()) {
    *element = head_->plain();
  } else {
    packed::ReadText(head_->first(), element);
  }
  return true;
}

bool ListValue::Back(std::string_view* element) const {
  if (tail_ == nullptr) return false;
  if (tail_->is_plain()) {
    *element = tail_->plain();
    return true;
  }
  size_t size = 0;
  const char* end = packed::ReadMirroredSize(tail_->last(), &size);
  packed::ReadText(end - size, element);
  return true;
}

bool ListValue::PopFront() {
  Chunk* chunk = head_;
  if (chunk == nullptr) return false;
  --size_;
  if (--chunk->count == 0) {
    Remove(chunk);
    return true;
  }
  std::string_view element;
  packed::ReadText(chunk->first(), &element);
  chunk->begin += static_cast<uint32_t>(ElementSize(element));
  return true;
}

bool ListValue::PopBack() {
  Chunk* chunk = tail_;
  if (chunk == nullptr) return false;
  --size_;
  if (--chunk->count == 0) {
    Remove(chunk);
    return true;
  }
  size_t size = 0;
  const char* end = packed::ReadMirroredSize(chunk->last(), &size);
  chunk->end = static_cast<uint32_t>(end - size - chunk->data());
  return true;
}

void ListValue::WriteElement(char* to, std::string_view element) {
  packed::WriteMirroredSize(packed::WriteText(to, element), packed::TextSize(element));
}

void ListValue::CopyElements(const Chunk& from, Chunk* to, uint32_t begin) {
  std::memcpy(to->data() + begin, from.first(), from.end - from.begin);
  to->begin = begin;
  to->end = begin + (from.end - from.begin);
  to->count = from.count;
}

void ListValue::PushSlowly(Side side, std::string_view element, const ListLimits& limits) {
  const size_t room = ElementSize(element);
  if (sizeof(Chunk) + room > limits.chunk_bytes) {
    Link(side, NewPlain(element));
    ++size_;
    return;
  }
  Chunk* old = side == Side::kFront ? head_ : tail_;
  Chunk* chunk = old == nullptr ? nullptr : Reseat(side, old, room, limits);
  if (chunk == nullptr) {
    const size_t start = old == nullptr ? kFirstChunk : kFurtherChunk;
    const size_t allocation = std::max(start, AllocatedSize(sizeof(Chunk) + room));
    chunk = NewChunk(std::min<size_t>(allocation, limits.chunk_bytes));
    if (side == Side::kFront) chunk->begin = chunk->end = chunk->capacity;
    Link(side, chunk);
    old = nullptr;
  }
  Put(side, chunk, element, room);
  // Only now: the element may be a view of it.
  if (old != nullptr) FreeChunk(old);
}

void ListValue::Put(Side side, Chunk* chunk, std::string_view element, size_t room) {
  if (side == Side::kFront) {
    chunk->begin -= static_cast<uint32_t>(room);
    WriteElement(chunk->data() + chunk->begin, element);
  } else {
    WriteElement(chunk->data() + chunk->end, element);
    chunk->end += static_cast<uint32_t>(room);
  }
  ++chunk->count;
  ++size_;
}

// A chunk in place of `chunk`, with the same elements and `room` more bytes at `side`: of the same
// size when half of it is free (at the other side), of twice the size below the limit. Null when
// the chunk has to stay as it is. The caller frees `chunk`. The other side keeps up to half of the
// free bytes, or pushes to both sides in turn would come here each time.
ListValue::Chunk* ListValue::Reseat(Side side, Chunk* chunk, size_t room,
                                    const ListLimits& limits) {
  if (chunk->is_plain() || chunk->count >= limits.chunk_count) return nullptr;
  const uint32_t used = chunk->end - chunk->begin;
  const size_t needed = sizeof(Chunk) + used + room;
  size_t allocation = chunk->allocation();
  if (used > chunk->capacity / 2 || needed > allocation) {
    if (needed > limits.chunk_bytes || allocation >= limits.chunk_bytes) return nullptr;
    allocation = std::max(2 * allocation, AllocatedSize(needed));
    allocation = std::min<size_t>(allocation, limits.chunk_bytes);
  }
  Chunk* fresh = NewChunk(allocation);
  const auto free = static_cast<uint32_t>(allocation - needed);
  if (side == Side::kFront) {
    const uint32_t behind = std::min(chunk->capacity - chunk->end, free / 2);
    CopyElements(*chunk, fresh, fresh->capacity - behind - used);
  } else {
    CopyElements(*chunk, fresh, std::min(chunk->begin, free / 2));
  }
  fresh->previous = chunk->previous;
  fresh->next = chunk->next;
  (fresh->previous != nullptr ? fresh->previous->next : head_) = fresh;
  (fresh->next != nullptr ? fresh->next->previous : tail_) = fresh;
  return fresh;
}

ListValue::Chunk* ListValue::NewChunk(size_t allocation) {
  auto* chunk = new (Allocate(allocation)) Chunk();
  chunk->capacity = static_cast<uint32_t>(allocation - sizeof(Chunk));
  chunk_bytes_ += AllocatedSize(allocation);
  return chunk;
}

ListValue::Chunk* ListValue::NewPlain(std::string_view element) {
  const uint64_t size = element.size();
  const size_t allocation = sizeof(Chunk) + sizeof size + size;
  auto* chunk = new (Allocate(allocation)) Chunk();
  chunk->count = 1;
  std::memcpy(chunk->data(), &size, sizeof size);
  packed::WriteBytes(chunk->data() + sizeof size, element);
  chunk_bytes_ += AllocatedSize(allocation);
  return chunk;
}

void ListValue::Link(Side side, Chunk* chunk) {
  if (head_ == nullptr) {
    head_ = tail_ = chunk;
  } else if (side == Side::kFront) {
    chunk->next = head_;
    head_->previous = chunk;
    head_ = chunk;
  } else {
    chunk->previous = tail_;
    tail_->next = chunk;
    tail_ = chunk;
  }
}

void ListValue::Remove(Chunk* chunk) {
  (chunk->previous != nullptr ? chunk->previous->next : head_) = chunk->next;
  (chunk->next != nullptr ? chunk->next->previous : tail_) = chunk->previous;
  FreeChunk(chunk);
}

void ListValue::FreeChunk(Chunk* chunk) {
  const size_t allocation = chunk->allocation();
  chunk_bytes_ -= AllocatedSize(allocation);
  Free(chunk, allocation);
}

}  // namespace replete
