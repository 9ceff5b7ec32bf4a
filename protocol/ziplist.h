#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/packed_entry.h"

namespace replete {

// Walks a ziplist, which came before the listpack in Redis (ziplist.c): a header of the total
// bytes, the offset of the last entry and the number of entries, entries that begin with the size
// of the one before, and 0xff. Safe on any bytes, and it takes only what Redis would take with
// sanitize-dump-payload. The entries are views into the bytes, which somebody else keeps.
class ZiplistReader {
 public:
  explicit ZiplistReader(std::string_view bytes);

  // The entries in order, then kEnd; kMalformed as soon as something is wrong.
  PackedStep Next(PackedEntry* entry);

 private:
  bool ReadPreviousSize(uint64_t* size);
  bool ReadEntry(PackedEntry* entry);
  bool ReadString(size_t header, uint64_t size, PackedEntry* entry);
  bool ReadInteger(unsigned char encoding, PackedEntry* entry);

  std::string_view bytes_;  // empty when malformed
  size_t position_ = 0;
  size_t tail_ = 0;
  size_t last_begin_ = 0;
  uint64_t last_size_ = 0;
  uint32_t announced_ = 0;
  uint32_t seen_ = 0;
};

}  // namespace replete
