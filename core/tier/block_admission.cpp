#include "core/tier/block_admission.h"

#include <algorithm>

namespace replete {

void BlockAdmission::Note(size_t sought, size_t found) {
  constexpr int32_t kWindow = 512;
  if (sought == 0) return;
  const int32_t before = hits_.load(std::memory_order_relaxed);
  const auto share = static_cast<int32_t>(size_t{kAll} * found / sought);
  const auto weight = static_cast<int32_t>(std::min<size_t>(sought, kWindow));
  const int32_t after = before + (share - before) * weight / kWindow;
  if (after != before) hits_.store(after, std::memory_order_relaxed);
}

}  // namespace replete
