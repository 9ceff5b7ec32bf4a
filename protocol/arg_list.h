#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace replete {

// The arguments of one request as views into memory that somebody else keeps. Made to be cleared
// and filled again: the array is kept between requests, so that a warmed list allocates nothing for
// usual ones; a list that grew beyond kKeptArgs gives its memory back when it is cleared.
// Running out of memory throws std::bad_alloc.
class ArgList {
 public:
  static constexpr uint32_t kKeptArgs = 1024;

  ArgList() = default;
  ArgList(ArgList&& other) noexcept { Swap(other); }
  ArgList& operator=(ArgList&& other) noexcept {
    ArgList taken(std::move(other));
    Swap(taken);
    return *this;
  }
  ArgList(const ArgList&) = delete;
  ArgList& operator=(const ArgList&) = delete;
  ~ArgList() { std::free(args_); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view operator[](size_t i) const { return args_[i]; }
  const std::string_view* data() const { return args_; }
  const std::string_view* begin() const { return args_; }
  const std::string_view* end() const { return args_ + size_; }

  void Append(std::string_view arg) {
    if (size_ == capacity_) [[unlikely]] {
      Grow(size_ + 1);
    }
    args_[size_++] = arg;
  }
  // Replaces one argument, as routing does when it strips a prefix.
  void Assign(size_t i, std::string_view arg) { args_[i] = arg; }
  void Reserve(size_t n) {
    if (n > capacity_) [[unlikely]] {
      Grow(n);
    }
  }
  void Clear() {
    size_ = 0;
    if (capacity_ > kKeptArgs) [[unlikely]] {
      Release();
    }
  }
  size_t memory_bytes() const { return capacity_ * sizeof(std::string_view); }

 private:
  void Grow(size_t n);
  void Release();
  void Swap(ArgList& other) noexcept {
    std::swap(args_, other.args_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  std::string_view* args_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace replete
