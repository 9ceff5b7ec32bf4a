#pragma once

#include <cstdint>
#include <string_view>

namespace replete {

// The checksum of RDB files and DUMP payloads: CRC-64 with the "Jones" polynomial
// 0xad93d23594c935a9, reflected, starting from 0 and not inverted at the end; of "123456789" it is
// 0xe9c6d914c4b8d9ca. Eight bytes a step ("slicing by 8", Kounavis and Berry 2005).
//
// `crc` is what the bytes before gave, so that a stream can be summed in pieces.
uint64_t Crc64(uint64_t crc, std::string_view bytes);

}  // namespace replete
