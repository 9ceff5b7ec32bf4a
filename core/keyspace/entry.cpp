#include "core/keyspace/entry.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "core/types/hash_value.h"
#include "core/types/list_value.h"

namespace replete {
namespace {

constexpr size_t kLongKeyFrom = 0xffff;

// The first `size` bytes of `from`, followed by zero bytes where it is shorter.
void CopyResized(std::string_view from, size_t size, char* to) {
  const size_t kept = std::min(from.size(), size);
  if (kept > 0) std::memcpy(to, from.data(), kept);
  std::memset(to + kept, 0, size - kept);
}

// Blocks come from std::malloc, as the buffers they are adopted from do.
size_t BlockBytes(size_t capacity) { return AllocatedSize(capacity); }

}  // namespace

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return "string";
    case ValueType::kList:
      return "list";
    case ValueType::kHash:
      return "hash";
  }
  return "none";
}

Entry* Entry::NewRaw(std::string_view key, uint8_t extensions, size_t value_size) {
  extensions &= static_cast<uint8_t>(~kLongKey);
  if (key.size() >= kLongKeyFrom) extensions |= kLongKey;
  const size_t offset = kHeaderSize + ExtensionSize(extensions);
  auto* entry = static_cast<Entry*>(Allocate(offset + key.size() + value_size));
  entry->clock_ = 0;
  entry->key_size_ = static_cast<uint16_t>(extensions & kLongKey ? kLongKeyFrom : key.size());
  entry->kind_ = 0;
  entry->extensions_ = extensions;
  entry->ban_stamp_ = 0;
  entry->set_inline_size(value_size);
  if (extensions & kTiered) std::memset(entry->base() + entry->tiered_offset(), 0, kTieredSize);
  if (extensions & kLongKey) {
    auto size = static_cast<uint32_t>(key.size());
    std::memcpy(entry->base() + offset - 4, &size, sizeof size);
  }
  if (!key.empty()) std::memcpy(entry->base() + offset, key.data(), key.size());
  return entry;
}

Entry* Entry::NewString(std::string_view key, std::string_view value, uint8_t extensions) {
  if (value.size() <= kInlineMax) [[likely]] {
    Entry* entry = NewRaw(key, extensions, value.size());
    if (!value.empty()) std::memcpy(entry->value_area(), value.data(), value.size());
    return entry;
  }
  BulkBuffer copy;
  copy.Grow(value.size());
  std::memcpy(copy.data(), value.data(), value.size());
  copy.Resize(value.size());
  return NewString(key, std::move(copy), extensions);
}

Entry* Entry::NewString(std::string_view key, BulkBuffer value, uint8_t extensions) {
  if (value.size() <= kInlineMax) return NewString(key, value.view(), extensions);
  Entry* entry = NewRaw(key, extensions, sizeof(Block));
  entry->set_kind(ValueType::kString, Holding::kBlock);
  Block block{nullptr, value.size(), value.capacity()};
  block.data = value.Release();
  // What was received in doubling steps may hold twice the bytes.
  if (block.capacity > block.size + block.size / 8) {
    if (void* exact = std::realloc(block.data, block.size)) {
      block.data = static_cast<char*>(exact);
      block.capacity = block.size;
    }
  }
  entry->StoreBlock(block);
  return entry;
}

Entry* Entry::NewHash(std::string_view key, HashValue* value, uint8_t extensions) {
  Entry* entry = NewRaw(key, extensions, sizeof value);
  entry->set_kind(ValueType::kHash, Holding::kObject);
  std::memcpy(entry->value_area(), &value, sizeof value);
  return entry;
}

Entry* Entry::NewList(std::string_view key, ListValue* value, uint8_t extensions) {
  Entry* entry = NewRaw(key, extensions, sizeof value);
  entry->set_kind(ValueType::kList, Holding::kObject);
  std::memcpy(entry->value_area(), &value, sizeof value);
  return entry;
}

Entry* Entry::NewCold(std::string_view key, ValueType type, uint8_t extensions) {
  Entry* cold = NewRaw(key, extensions, 0);
  cold->set_kind(type, Holding::kCold);
  return cold;
}

Entry* Entry::NewCold(const Entry& entry) {
  Entry* cold = NewCold(entry.key(), entry.type(), entry.extensions_);
  cold->clock_ = entry.clock_;
  cold->ban_stamp_ = entry.ban_stamp_;
  if (entry.has(kDeadline)) cold->set_deadline(entry.deadline());
  if (entry.has(kTiered)) cold->CopyTier(entry);
  return cold;
}

Entry* Entry::Rebuild(Entry* entry, std::string_view key, uint8_t extensions) {
  Entry* copy = NewRaw(key, extensions, entry->inline_size());
  std::memcpy(copy->value_area(), entry->value_area(), entry->inline_size());
  copy->clock_ = entry->clock_;
  copy->kind_ = entry->kind_;
  copy->ban_stamp_ = entry->ban_stamp_;
  if (entry->has(kDeadline) && copy->has(kDeadline)) copy->set_deadline(entry->deadline());
  if (entry->has(kTiered) && copy->has(kTiered)) copy->CopyTier(*entry);
  entry->FreeMemory();
  return copy;
}

void Entry::Delete(Entry* entry) {
  if (entry->holding() == Holding::kBlock) {
    std::free(entry->LoadBlock().data);
  } else if (entry->holding() == Holding::kObject) {
    if (entry->type() == ValueType::kHash) {
      delete entry->hash();
    } else {
      delete entry->list();
    }
  }
  entry->FreeMemory();
}

bool Entry::AssignInPlace(std::string_view value) {
  if (holding() != Holding::kInline || value.size() > kInlineMax) return false;
  const size_t offset = value_offset();
  const size_t old_size = inline_size();
  if (old_size != value.size() &&
      AllocatedSize(offset + old_size) != AllocatedSize(offset + value.size())) {
    return false;
  }
  if (!value.empty()) std::memcpy(base() + offset, value.data(), value.size());
  set_inline_size(value.size());
  return true;
}

char* Entry::ResizeInPlace(size_t size) {
  if (holding() == Holding::kInline) {
    const size_t offset = value_offset();
    if (size > kInlineMax ||
        AllocatedSize(offset + inline_size()) != AllocatedSize(offset + size)) {
      return nullptr;
    }
    const size_t before = inline_size();
    if (size > before) std::memset(value_area() + before, 0, size - before);
    set_inline_size(size);
    return value_area();
  }
  Block block = LoadBlock();
  if (size > block.capacity) {
    // Doubling while small, then by an eighth: repeated appends stay linear without wasting much.
    size_t capacity = size < (size_t{1} << 20) ? size * 2 : size + size / 8;
    void* grown = std::realloc(block.data, capacity);
    if (grown == nullptr) throw std::bad_alloc();
    block.data = static_cast<char*>(grown);
    block.capacity = capacity;
  }
  if (size > block.size) std::memset(block.data + block.size, 0, size - block.size);
  block.size = size;
  StoreBlock(block);
  return block.data;
}

Entry* Entry::ResizeInto(Entry* entry, size_t size) {
  std::string_view old = entry->string();
  Entry* grown;
  if (size <= kInlineMax) {
    grown = NewRaw(entry->key(), entry->extensions_, size);
    CopyResized(old, size, grown->value_area());
  } else {
    BulkBuffer buffer;
    buffer.Grow(size + size / 8);
    CopyResized(old, size, buffer.data());
    buffer.Resize(size);
    grown = NewString(entry->key(), std::move(buffer), entry->extensions_);
  }
  grown->clock_ = entry->clock_;
  grown->ban_stamp_ = entry->ban_stamp_;
  if (entry->has(kDeadline)) grown->set_deadline(entry->deadline());
  if (entry->has(kTiered)) grown->CopyTier(*entry);
  entry->FreeMemory();
  return grown;
}

size_t Entry::bytes() const {
  size_t total = AllocatedSize(allocation());
  if (holding() == Holding::kBlock) return total + BlockBytes(LoadBlock().capacity);
  if (holding() == Holding::kObject) {
    return total + (type() == ValueType::kHash ? hash()->bytes() : list()->bytes());
  }
  return total;
}

}  // namespace replete
