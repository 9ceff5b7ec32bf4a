#include "protocol/output_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace replete {
namespace {

constexpr size_t kSmallestCapacity = 256;

char* Allocate(size_t size) {
  auto* memory = static_cast<char*>(std::malloc(size));
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

OutputBuffer& OutputBuffer::operator=(OutputBuffer&& other) noexcept {
  OutputBuffer taken(std::move(other));
  Swap(taken);
  return *this;
}

OutputBuffer::~OutputBuffer() { std::free(memory_); }

void OutputBuffer::Swap(OutputBuffer& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
  std::swap(capacity_, other.capacity_);
}

void OutputBuffer::Grow(size_t n) {
  const size_t used = size();
  if (n > SIZE_MAX / 4 - used) {
    throw std::bad_alloc();
  }
  // Moving down is amortised only when at least as much was consumed as has to be moved.
  if (begin_ >= used && used + n <= capacity_) {
    if (used != 0) {
      std::memmove(memory_, memory_ + begin_, used);
    }
    begin_ = 0;
    end_ = used;
    return;
  }
  const size_t capacity = std::max({kSmallestCapacity, used + n, used * 2});
  if (begin_ == 0) {
    auto* memory = static_cast<char*>(std::realloc(memory_, capacity));
    if (memory == nullptr) {
      throw std::bad_alloc();
    }
    memory_ = memory;
  } else {
    char* memory = Allocate(capacity);
    std::memcpy(memory, memory_ + begin_, used);
    std::free(memory_);
    memory_ = memory;
    begin_ = 0;
    end_ = used;
  }
  capacity_ = capacity;
}

char* OutputBuffer::Insert(size_t position, size_t n) {
  Reserve(n);
  char* hole = memory_ + begin_ + position;
  std::memmove(hole + n, hole, size() - position);
  end_ += n;
  return hole;
}

void OutputBuffer::Shrink(size_t keep_capacity) {
  const size_t used = size();
  const size_t capacity = std::max(used, keep_capacity);
  if (capacity_ <= capacity) {
    return;
  }
  if (capacity == 0) {
    std::free(std::exchange(memory_, nullptr));
  } else {
    if (begin_ != 0) {
      std::memmove(memory_, memory_ + begin_, used);
    }
    auto* memory = static_cast<char*>(std::realloc(memory_, capacity));
    if (memory == nullptr) {  // giving back less is no reason to fail
      begin_ = 0;
      end_ = used;
      return;
    }
    memory_ = memory;
  }
  begin_ = 0;
  end_ = used;
  capacity_ = capacity;
}

}  // namespace replete
