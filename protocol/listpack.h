#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/packed_entry.h"

namespace replete {

// Walks a listpack (https://github.com/antirez/listpack/blob/master/listpack.md): a header of the
// total bytes and the number of elements, elements that end with their own size, and 0xff. Safe on
// any bytes, and it takes only what Redis would take with sanitize-dump-payload. The entries are
// views into the bytes, which somebody else keeps.
class ListpackReader {
 public:
  explicit ListpackReader(std::string_view bytes);

  // The elements in order, then kEnd; kMalformed as soon as something is wrong.
  PackedStep Next(PackedEntry* entry);

 private:
  bool ReadString(size_t header, uint64_t size, PackedEntry* entry);
  bool ReadElement(PackedEntry* entry);
  bool ReadSizeBehind(size_t element_size);

  std::string_view rest_;  // with the final 0xff; empty when malformed
  uint32_t announced_ = 0;
  uint32_t seen_ = 0;
};

}  // namespace replete
