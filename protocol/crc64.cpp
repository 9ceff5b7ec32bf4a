#include "protocol/crc64.h"

#include <cstddef>

#include "protocol/byte_order.h"

namespace replete {
namespace {

constexpr uint64_t kReflectedPolynomial = 0x95ac9329ac4bc9b5;

// of[k][b] is what byte b adds when k more bytes follow it in the same step.
struct Tables {
  uint64_t of[8][256];
  constexpr Tables() : of() {
    for (uint64_t byte = 0; byte < 256; ++byte) {
      uint64_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) {
        crc = (crc & 1) != 0 ? crc >> 1 ^ kReflectedPolynomial : crc >> 1;
      }
      of[0][byte] = crc;
    }
    for (size_t k = 1; k < 8; ++k) {
      for (size_t byte = 0; byte < 256; ++byte) {
        const uint64_t before = of[k - 1][byte];
        of[k][byte] = before >> 8 ^ of[0][before & 0xff];
      }
    }
  }
};
constexpr Tables kTables;

}  // namespace

uint64_t Crc64(uint64_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const uint64_t mixed = crc ^ LoadLittleEndian(at, 8);
    crc = kTables.of[7][mixed & 0xff] ^ kTables.of[6][mixed >> 8 & 0xff] ^
          kTables.of[5][mixed >> 16 & 0xff] ^ kTables.of[4][mixed >> 24 & 0xff] ^
          kTables.of[3][mixed >> 32 & 0xff] ^ kTables.of[2][mixed >> 40 & 0xff] ^
          kTables.of[1][mixed >> 48 & 0xff] ^ kTables.of[0][mixed >> 56];
  }
  for (; left > 0; ++at, --left) {
    crc = crc >> 8 ^ kTables.of[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
  }
  return crc;
}

}  // namespace replete
