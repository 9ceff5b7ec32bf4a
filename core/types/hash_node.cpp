#include "core/types/hash_node.h"

#include <new>

#include "core/types/packed.h"

namespace replete {

void HashNode::set_sizes(size_t field, size_t value) {
  if (IsLong(field, value)) [[unlikely]] {
    field_size_ = kLongMark;
    value_size_ = 0;
    new (long_sizes()) LongSizes{field, value};
    return;
  }
  field_size_ = static_cast<uint32_t>(field);
  value_size_ = static_cast<uint32_t>(value);
}

HashNode* HashNode::New(std::string_view field, std::string_view value) {
  // The whole size class, said aloud: Assign uses it, and a checking allocator has to know.
  const size_t room = AllocatedSize(Request(field.size(), value.size()));
  auto* node = new (Allocate(room)) HashNode;
  node->set_sizes(field.size(), value.size());
  packed::WriteBytes(packed::WriteBytes(node->base() + node->header(), field), value);
  return node;
}

HashNode* HashNode::Clone() const { return New(field(), value()); }

bool HashNode::Assign(std::string_view value) {
  const size_t field = field_size();
  if (value.size() != value_size()) {
    if (IsLong(field, value.size()) != is_long()) return false;
    if (AllocatedSize(Request(field, value.size())) != bytes()) return false;
    set_sizes(field, value.size());
  }
  packed::WriteBytes(base() + header() + field, value);
  return true;
}

}  // namespace replete
