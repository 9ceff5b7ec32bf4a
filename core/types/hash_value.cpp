#include "core/types/hash_value.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "core/keyspace/prefetch.h"

namespace replete {
namespace {

// As in Redis a run never passes 1 GiB, whatever the limits say.
constexpr size_t kLargestRun = size_t{1} << 30;

// Room for the next fields comes from rounding up to the size class: classes are 12 to 25 % apart
// from 128 bytes on, so filling a run copies each byte a few times only.
size_t RunCapacity(size_t used) { return AllocatedSize(used); }

}  // namespace

HashValue::~HashValue() {
  if (packed_) {
    FreeRun();
    return;
  }
  table_->ForEach([](HashNode* node) { HashNode::Delete(node); });
  delete table_;
}

HashValue* HashValue::Clone() const {
  auto copy = std::make_unique<HashValue>();
  if (packed_) {
    if (used_ != 0) {
      copy->ResizeRun(RunCapacity(used_));
      std::memcpy(copy->run_, run_, used_);
      copy->used_ = used_;
      copy->count_ = count_;
    }
    return copy.release();
  }
  copy->BecomeTable();
  table_->ForEach([&](const HashNode* node) {
    HashNode* twin = node->Clone();
    copy->table_->Insert(HashKey(twin->field()), twin);
  });
  copy->node_bytes_ = node_bytes_;
  return copy.release();
}

size_t HashValue::bytes() const {
  const size_t self = AllocatedSize(sizeof(HashValue));
  if (packed_) return self + (capacity_ == 0 ? 0 : AllocatedSize(capacity_));
  return self + AllocatedSize(sizeof(Table)) + table_->bytes() + node_bytes_;
}

bool HashValue::Get(std::string_view field, std::string_view* value) const {
  if (packed_) {
    Spot spot;
    if (!FindPacked(field, &spot)) return false;
    packed::ReadText(run_ + spot.value, value);
    return true;
  }
  const auto slot = table_->Find(HashKey(field), field);
  if (!slot) return false;
  *value = slot.item()->value();
  return true;
}

void HashValue::Prefetch(std::span<const std::string_view> fields) const {
  if (packed_) return;
  std::array<uint64_t, kMostAhead> hashes;
  const size_t n = std::min(fields.size(), kMostAhead);
  for (size_t i = 0; i < n; ++i) {
    hashes[i] = HashKey(fields[i]);
  }
  PrefetchTogether(n, [&](size_t i) { return Sought<Table>{table_, hashes[i]}; });
}

bool HashValue::Set(std::string_view field, std::string_view value, const HashLimits& limits) {
  if (!packed_) return SetInTable(field, value);
  const size_t room = packed::TextSize(field) + packed::TextSize(value);
  if (field.size() > limits.max_value || value.size() > limits.max_value ||
      used_ + room > kLargestRun) {
    BecomeTable();
    return SetInTable(field, value);
  }
  const bool added = SetPacked(field, value);
  if (count_ > limits.max_entries) BecomeTable();
  return added;
}

bool HashValue::Erase(std::string_view field) {
  if (packed_) {
    Spot spot;
    if (!FindPacked(field, &spot)) return false;
    Splice(spot.field, spot.end, 0);
    --count_;
    return true;
  }
  const uint64_t hash = HashKey(field);
  const auto slot = table_->Find(hash, field);
  if (!slot) return false;
  HashNode* node = slot.item();
  table_->Erase(slot, hash);
  node_bytes_ -= node->bytes();
  HashNode::Delete(node);
  return true;
}

// Fields of one hash tend to begin alike: the last byte tells most of them apart.
bool HashValue::FindPacked(std::string_view field, Spot* spot) const {
  const size_t size = field.size();
  const char last = size == 0 ? '\0' : field.back();
  const char* const end = run_ + used_;
  for (const char* at = run_; at != end;) {
    std::string_view candidate;
    std::string_view value;
    const char* value_at = packed::ReadText(at, &candidate);
    const char* next = packed::ReadText(value_at, &value);
    if (candidate.size() == size &&
        (size == 0 || (candidate[size - 1] == last &&
                       std::memcmp(candidate.data(), field.data(), size - 1) == 0))) {
      spot->field = static_cast<uint32_t>(at - run_);
      spot->value = static_cast<uint32_t>(value_at - run_);
      spot->end = static_cast<uint32_t>(next - run_);
      return true;
    }
    at = next;
  }
  return false;
}

bool HashValue::SetPacked(std::string_view field, std::string_view value) {
  Spot spot;
  if (FindPacked(field, &spot)) {
    Splice(spot.value, spot.end, packed::TextSize(value));
    packed::WriteText(run_ + spot.value, value);
    return false;
  }
  const uint32_t at = used_;
  Splice(at, at, packed::TextSize(field) + packed::TextSize(value));
  packed::WriteText(packed::WriteText(run_ + at, field), value);
  ++count_;
  return true;
}

bool HashValue::SetInTable(std::string_view field, std::string_view value) {
  const uint64_t hash = HashKey(field);
  const auto slot = table_->Find(hash, field);
  if (!slot) {
    HashNode* node = HashNode::New(field, value);
    table_->Insert(hash, node);
    node_bytes_ += node->bytes();
    return true;
  }
  HashNode* node = slot.item();
  if (node->Assign(value)) return false;
  HashNode* replacement = HashNode::New(field, value);
  table_->Replace(slot, replacement);
  node_bytes_ += replacement->bytes() - node->bytes();
  HashNode::Delete(node);
  return false;
}

// Makes the bytes [from, to) of the run `size` long; what they are then is the caller's to write.
void HashValue::Splice(uint32_t from, uint32_t to, size_t size) {
  const size_t tail = used_ - to;
  const size_t used = from + size + tail;
  if (used > capacity_) ResizeRun(RunCapacity(used));
  if (tail != 0 && from + size != to) std::memmove(run_ + from + size, run_ + to, tail);
  used_ = static_cast<uint32_t>(used);
  // Half a run empty is given back, not less, so that a size that swings does not allocate each
  // time.
  if (used == 0) {
    FreeRun();
  } else if (RunCapacity(used) <= capacity_ / 2) {
    ResizeRun(RunCapacity(used));
  }
}

// Moves the run's used bytes, as far as they fit, to an allocation of `capacity` bytes.
void HashValue::ResizeRun(size_t capacity) {
  auto* run = static_cast<char*>(Allocate(capacity));
  if (used_ != 0) std::memcpy(run, run_, std::min<size_t>(used_, capacity));
  FreeRun();
  run_ = run;
  capacity_ = static_cast<uint32_t>(capacity);
}

void HashValue::FreeRun() {
  if (capacity_ != 0) Free(run_, capacity_);
  run_ = nullptr;
  capacity_ = 0;
}

void HashValue::BecomeTable() {
  auto table = std::make_unique<Table>();
  size_t node_bytes = 0;
  ForEach([&](std::string_view field, std::string_view value) {
    HashNode* node = HashNode::New(field, value);
    table->Insert(HashKey(field), node);
    node_bytes += node->bytes();
  });
  FreeRun();
  used_ = 0;
  count_ = 0;
  packed_ = false;
  table_ = table.release();
  node_bytes_ = node_bytes;
}

}  // namespace replete
