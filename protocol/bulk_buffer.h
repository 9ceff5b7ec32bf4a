#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace replete {

// A malloc-owned run of bytes into which one big argument is received, so that the value it becomes
// can adopt the memory instead of copying it. Move-only; not thread-safe.
class BulkBuffer {
 public:
  BulkBuffer() = default;
  BulkBuffer(BulkBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  BulkBuffer& operator=(BulkBuffer&& other) noexcept {
    BulkBuffer taken(std::move(other));
    std::swap(data_, taken.data_);
    std::swap(size_, taken.size_);
    std::swap(capacity_, taken.capacity_);
    return *this;
  }
  BulkBuffer(const BulkBuffer&) = delete;
  BulkBuffer& operator=(const BulkBuffer&) = delete;
  ~BulkBuffer();

  char* data() { return data_; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }

  // Makes the capacity at least `capacity`, keeping the content. Throws std::bad_alloc.
  void Grow(size_t capacity);
  // Sets the size after bytes were written behind it or are to be dropped; at most capacity().
  void Resize(size_t size) { size_ = size; }
  // Hands the memory over; the caller gives it to std::free. Null when nothing was allocated.
  char* Release() {
    size_ = capacity_ = 0;
    return std::exchange(data_, nullptr);
  }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace replete
