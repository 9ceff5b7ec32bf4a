#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// Strings as arrays of bits, as Redis numbers them: bit 0 is the highest of the first byte. What is
// beyond the end of a string reads as zero.
namespace replete {

enum class BitOperation { kAnd, kOr, kXor, kNot };

bool GetBit(std::string_view bytes, uint64_t bit);
// The bit is inside the bytes.
void SetBit(char* bytes, uint64_t bit, bool value);

// Set bits among [first, last], which are inside the bytes.
uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last);
// The first bit of this value among [first, last], which are inside the bytes; -1: none.
int64_t FindBit(std::string_view bytes, uint64_t first, uint64_t last, bool value);

// Combines the sources, at least one, to the length of the longest: `size` bytes at `out`. kNot has
// one source.
void CombineBits(BitOperation operation, std::span<const std::string_view> sources, char* out,
                 size_t size);

// An integer of `bits` bits that begins at any bit, its highest one first; two's complement when it
// is signed. Up to 64 bits, up to 63 when it is not signed.
struct BitfieldType {
  bool is_signed = false;
  uint8_t bits = 0;
};

// What happens to a result that does not fit: it is cut, kept at the limit, or not stored.
enum class BitfieldOverflow { kWrap, kSaturate, kFail };

int64_t ReadBitfield(std::string_view bytes, uint64_t bit, BitfieldType type);
// The field is inside the bytes. Higher bits of `value` than it has do not count.
void WriteBitfield(char* bytes, uint64_t bit, BitfieldType type, int64_t value);

// *value + increment made to fit the type. False: it must not be stored (kFail).
bool AddToBitfield(BitfieldType type, BitfieldOverflow overflow, int64_t* value, int64_t increment);
// *value made to fit the type; for one without sign a negative number is one that is too large.
bool FitBitfield(BitfieldType type, BitfieldOverflow overflow, int64_t* value);

}  // namespace replete
