#include "protocol/arg_list.h"

#include <algorithm>
#include <new>
#include <type_traits>

namespace replete {

void ArgList::Grow(size_t n) {
  static_assert(std::is_trivially_copyable_v<std::string_view>);
  constexpr size_t kSmallest = 8;
  const size_t capacity = std::max({kSmallest, n, size_t{capacity_} * 2});
  if (capacity > UINT32_MAX) {
    throw std::bad_alloc();
  }
  auto* args = static_cast<std::string_view*>(
      std::realloc(static_cast<void*>(args_), capacity * sizeof(std::string_view)));
  if (args == nullptr) {
    throw std::bad_alloc();
  }
  args_ = args;
  capacity_ = static_cast<uint32_t>(capacity);
}

void ArgList::Release() {
  std::free(std::exchange(args_, nullptr));
  capacity_ = 0;
}

}  // namespace replete
