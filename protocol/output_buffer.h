#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace replete {

// A contiguous byte buffer that grows without clearing the new memory. Bytes are appended at the
// back and, after a send, dropped from the front. It serves both directions of a session: replies
// on the way out and unparsed input on the way in.
//
// Pointers and views into it are valid until the next call that may grow or compact it (Reserve,
// Append) or that gives memory back (Shrink). Not thread-safe: one owner. Running out of memory
// throws std::bad_alloc and leaves the buffer as it was.
class OutputBuffer {
 public:
  OutputBuffer() = default;
  OutputBuffer(OutputBuffer&& other) noexcept { Swap(other); }
  OutputBuffer& operator=(OutputBuffer&& other) noexcept;
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;
  ~OutputBuffer();

  // At least `n` writable bytes behind the content; they count only after Commit.
  char* Reserve(size_t n) {
    if (capacity_ - end_ < n) [[unlikely]] {
      Grow(n);
    }
    return memory_ + end_;
  }
  // `n` is at most what the last Reserve promised.
  void Commit(size_t n) { end_ += n; }
  // How much may be committed without growing.
  size_t free_space() const { return capacity_ - end_; }

  void Append(std::string_view bytes) {
    char* to = Reserve(bytes.size());
    if (!bytes.empty()) {  // memcpy must not see the null pointer of an empty view
      std::memcpy(to, bytes.data(), bytes.size());
    }
    end_ += bytes.size();
  }
  void Append(char byte) {
    *Reserve(1) = byte;
    ++end_;
  }
  // Makes a hole of `n` uninitialised bytes at `position` (at most size()) and returns it.
  char* Insert(size_t position, size_t n);

  size_t size() const { return end_ - begin_; }
  bool empty() const { return end_ == begin_; }
  size_t capacity() const { return capacity_; }
  char* data() { return memory_ + begin_; }
  const char* data() const { return memory_ + begin_; }
  std::string_view view() const { return {memory_ + begin_, end_ - begin_}; }

  void Clear() { begin_ = end_ = 0; }
  // Keeps the first `size` bytes (at most size()).
  void Truncate(size_t size) { end_ = begin_ + size; }
  // Drops the first `n` bytes (at most size()). Constant time: only the read offset moves.
  void Consume(size_t n) {
    begin_ += n;
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
  }
  // When more than `keep_capacity` is held, gives back what the content does not need above it.
  void Shrink(size_t keep_capacity);

 private:
  void Grow(size_t n);
  void Swap(OutputBuffer& other) noexcept;

  char* memory_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

}  // namespace replete
