#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/decimal.h"

namespace replete {

// One element of a listpack or a ziplist: a view into it, or the decimals of an integer, which the
// entry keeps itself. Valid until the entry is set again.
class PackedEntry {
 public:
  PackedEntry() = default;
  PackedEntry(const PackedEntry&) = delete;  // the view may point into the entry
  PackedEntry& operator=(const PackedEntry&) = delete;

  std::string_view text() const { return text_; }

  void Set(std::string_view text) { text_ = text; }
  void Set(int64_t value) {
    text_ = {digits_, static_cast<size_t>(WriteSigned(digits_, value) - digits_)};
  }

 private:
  std::string_view text_;
  char digits_[kMaxDecimalSize];
};

enum class PackedStep : uint8_t { kEntry, kEnd, kMalformed };

}  // namespace replete
