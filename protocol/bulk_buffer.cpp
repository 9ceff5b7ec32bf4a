#include "protocol/bulk_buffer.h"

#include <cstdlib>
#include <new>

namespace replete {

BulkBuffer::~BulkBuffer() { std::free(data_); }

void BulkBuffer::Grow(size_t capacity) {
  if (capacity <= capacity_) {
    return;
  }
  auto* data = static_cast<char*>(std::realloc(data_, capacity));
  if (data == nullptr) {
    throw std::bad_alloc();
  }
  data_ = data;
  capacity_ = capacity;
}

}  // namespace replete
