#include "core/types/bitmap.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace replete {
namespace {

__extension__ typedef __int128 Wide;

uint8_t ByteAt(std::string_view bytes, uint64_t at) { return static_cast<uint8_t>(bytes[at]); }

// Eight bytes as one number whose highest bit is their first.
uint64_t LoadWord(const char* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
  return word;
}

// The bits of a byte from `first` on; up to `last`.
constexpr uint8_t From(unsigned first) { return static_cast<uint8_t>(0xff >> first); }
constexpr uint8_t UpTo(unsigned last) { return static_cast<uint8_t>(0xff << (7 - last)); }

template <class Count>
uint64_t CountBytes(std::string_view bytes, Count&& count) {
  uint64_t set = 0;
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= bytes.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    set += static_cast<uint64_t>(count(word));
  }
  for (; at < bytes.size(); ++at) set += static_cast<uint64_t>(count(ByteAt(bytes, at)));
  return set;
}

#if defined(__x86_64__)
// The instruction is not in the baseline of x86-64, and the compiler's way around it is four times
// slower.
[[gnu::target("popcnt")]] uint64_t CountBytesByInstruction(std::string_view bytes) {
  return CountBytes(
      bytes,
      [](uint64_t word) __attribute__((target("popcnt"))) { return __builtin_popcountll(word); });
}
#endif

uint64_t CountAll(std::string_view bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("popcnt") != 0;
  if (has_instruction) return CountBytesByInstruction(bytes);
#endif
  return CountBytes(bytes, [](uint64_t word) { return std::popcount(word); });
}

template <class Op>
void Combine(std::string_view source, char* out, Op&& op) {
  for (size_t i = 0; i < source.size(); ++i) out[i] = static_cast<char>(op(out[i], source[i]));
}

uint64_t Mask(unsigned bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

// The low bits of a number as one of the type.
int64_t Cut(BitfieldType type, uint64_t value) {
  if (!type.is_signed) return static_cast<int64_t>(value & Mask(type.bits));
  const unsigned unused = 64u - type.bits;
  return static_cast<int64_t>(value << unused) >> unused;
}

bool Fit(BitfieldType type, BitfieldOverflow overflow, Wide wanted, int64_t* value) {
  const Wide max = type.is_signed ? Mask(type.bits - 1u) : Mask(type.bits);
  const Wide min = type.is_signed ? -max - 1 : 0;
  if (wanted < min || wanted > max) {
    switch (overflow) {
      case BitfieldOverflow::kWrap:
        wanted = Cut(type, static_cast<uint64_t>(wanted));
        break;
      case BitfieldOverflow::kSaturate:
        wanted = wanted > max ? max : min;
        break;
      case BitfieldOverflow::kFail:
        return false;
    }
  }
  *value = static_cast<int64_t>(wanted);
  return true;
}

}  // namespace

bool GetBit(std::string_view bytes, uint64_t bit) {
  const uint64_t at = bit >> 3;
  return at < bytes.size() && (ByteAt(bytes, at) >> (7 - (bit & 7)) & 1) != 0;
}

void SetBit(char* bytes, uint64_t bit, bool value) {
  const auto mask = static_cast<uint8_t>(0x80 >> (bit & 7));
  const auto byte = static_cast<uint8_t>(bytes[bit >> 3]);
  bytes[bit >> 3] = static_cast<char>(value ? byte | mask : byte & ~mask);
}

uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last) {
  const uint64_t first_byte = first >> 3;
  const uint64_t last_byte = last >> 3;
  uint64_t set = CountAll(bytes.substr(first_byte, last_byte - first_byte + 1));
  // What the bytes at the ends have beyond the range.
  set -= static_cast<uint64_t>(
      std::popcount(static_cast<uint8_t>(ByteAt(bytes, first_byte) & ~From(first & 7))));
  set -= static_cast<uint64_t>(
      std::popcount(static_cast<uint8_t>(ByteAt(bytes, last_byte) & ~UpTo(last & 7))));
  return set;
}

int64_t FindBit(std::string_view bytes, uint64_t first, uint64_t last, bool value) {
  // What is looked for is a set bit from here on.
  const uint8_t flip = value ? 0 : 0xff;
  const uint64_t last_byte = last >> 3;
  const auto found = [](uint64_t at, uint8_t byte) {
    return static_cast<int64_t>(at * 8 + static_cast<uint64_t>(std::countl_zero(byte)));
  };
  uint64_t at = first >> 3;
  auto byte = static_cast<uint8_t>((ByteAt(bytes, at) ^ flip) & From(first & 7));
  if (at < last_byte) {
    if (byte != 0) return found(at, byte);
    ++at;
    const uint64_t none = value ? 0 : ~uint64_t{0};
    for (; at + sizeof none <= last_byte; at += sizeof none) {
      if (LoadWord(bytes.data() + at) != none) break;
    }
    for (; at < last_byte; ++at) {
      byte = static_cast<uint8_t>(ByteAt(bytes, at) ^ flip);
      if (byte != 0) return found(at, byte);
    }
    byte = static_cast<uint8_t>(ByteAt(bytes, at) ^ flip);
  }
  byte &= UpTo(last & 7);
  return byte != 0 ? found(at, byte) : -1;
}

void CombineBits(BitOperation operation, std::span<const std::string_view> sources, char* out,
                 size_t size) {
  const std::string_view start = sources[0];
  if (!start.empty()) std::memcpy(out, start.data(), start.size());
  std::memset(out + start.size(), 0, size - start.size());
  if (operation == BitOperation::kNot) return Combine(start, out, [](char a, char) { return ~a; });
  for (const std::string_view source : sources.subspan(1)) {
    switch (operation) {
      case BitOperation::kAnd:
        Combine(source, out, [](char a, char b) { return a & b; });
        std::memset(out + source.size(), 0, size - source.size());
        break;
      case BitOperation::kOr:
        Combine(source, out, [](char a, char b) { return a | b; });
        break;
      case BitOperation::kXor:
        Combine(source, out, [](char a, char b) { return a ^ b; });
        break;
      case BitOperation::kNot:
        break;
    }
  }
}

int64_t ReadBitfield(std::string_view bytes, uint64_t bit, BitfieldType type) {
  // At most nine bytes hold a field.
  char window[16] = {};
  const uint64_t start = bit >> 3;
  if (start < bytes.size()) {
    std::memcpy(window, bytes.data() + start, std::min<uint64_t>(9, bytes.size() - start));
  }
  const auto shift = static_cast<unsigned>(bit & 7);
  uint64_t value = LoadWord(window) << shift;
  if (shift != 0) value |= static_cast<uint64_t>(static_cast<uint8_t>(window[8])) >> (8 - shift);
  return Cut(type, value >> (64u - type.bits));
}

void WriteBitfield(char* bytes, uint64_t bit, BitfieldType type, int64_t value) {
  for (unsigned i = type.bits; i-- > 0; ++bit) {
    SetBit(bytes, bit, (static_cast<uint64_t>(value) >> i & 1) != 0);
  }
}

bool AddToBitfield(BitfieldType type, BitfieldOverflow overflow, int64_t* value,
                   int64_t increment) {
  return Fit(type, overflow, static_cast<Wide>(*value) + increment, value);
}

bool FitBitfield(BitfieldType type, BitfieldOverflow overflow, int64_t* value) {
  Wide wanted = type.is_signed ? Wide{*value} : Wide{static_cast<uint64_t>(*value)};
  // redis-server takes a number for too large that is so low that its distance to the largest one
  // of the type does not fit 64 bits.
  const Wide max = Mask(type.bits - 1u);
  const bool too_low = type.is_signed && type.bits < 64 && max - wanted > INT64_MAX;
  if (too_low && overflow == BitfieldOverflow::kSaturate) wanted = max + 1;
  return Fit(type, overflow, wanted, value);
}

}  // namespace replete
