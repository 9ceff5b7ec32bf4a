#include "core/types/bitmap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace replete {
namespace {

// The same by looking at one bit after another.
class Model {
 public:
  explicit Model(const std::string& bytes) {
    for (const char byte : bytes) {
      for (int i = 7; i >= 0; --i) bits_.push_back((static_cast<uint8_t>(byte) >> i & 1) != 0);
    }
  }
  uint64_t Count(uint64_t first, uint64_t last) const {
    return static_cast<uint64_t>(std::count(At(first), At(last + 1), true));
  }
  int64_t Find(uint64_t first, uint64_t last, bool value) const {
    const auto found = std::find(At(first), At(last + 1), value);
    return found == At(last + 1) ? -1 : found - bits_.begin();
  }
  bool Get(uint64_t bit) const { return bit < bits_.size() && bits_[bit]; }
  int64_t Field(uint64_t bit, BitfieldType type) const {
    uint64_t value = type.is_signed && Get(bit) ? ~uint64_t{0} : 0;
    for (uint64_t i = 0; i < type.bits; ++i) value = value << 1 | uint64_t{Get(bit + i)};
    return static_cast<int64_t>(value);
  }

 private:
  std::vector<bool>::const_iterator At(uint64_t bit) const {
    return bits_.begin() + static_cast<std::ptrdiff_t>(bit);
  }
  std::vector<bool> bits_;
};

std::string RandomBytes(std::mt19937_64& random, size_t size) {
  // Long runs of one value as well.
  std::string bytes(size, random() % 2 == 0 ? '\0' : '\xff');
  const size_t changed = random() % (size + 1);
  for (size_t i = 0; i < changed; ++i) bytes[random() % size] = static_cast<char>(random());
  return bytes;
}

TEST(BitmapTest, CountsAndFindsAsBitByBit) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = RandomBytes(random, 1 + random() % 60);
    const Model model(bytes);
    uint64_t first = random() % (bytes.size() * 8);
    uint64_t last = random() % (bytes.size() * 8);
    if (first > last) std::swap(first, last);
    ASSERT_EQ(CountBits(bytes, first, last), model.Count(first, last)) << first << ' ' << last;
    ASSERT_EQ(FindBit(bytes, first, last, true), model.Find(first, last, true));
    ASSERT_EQ(FindBit(bytes, first, last, false), model.Find(first, last, false));
  }
}

TEST(BitmapTest, BitsBeyondTheEndAreZero) {
  EXPECT_TRUE(GetBit("\x01", 7));
  EXPECT_FALSE(GetBit("\xff", 8));
  EXPECT_FALSE(GetBit("", 0));
  EXPECT_FALSE(GetBit("\xff", std::numeric_limits<uint64_t>::max()));
}

TEST(BitmapTest, CombinesStringsOfAnyLengths) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 5'000; ++round) {
    std::vector<std::string> texts(1 + random() % 4);
    std::vector<std::string_view> sources;
    size_t size = 1;
    for (std::string& text : texts) {
      if (const size_t length = random() % 30; length > 0) text = RandomBytes(random, length);
      sources.push_back(text);
      size = std::max(size, text.size());
    }
    std::string out(size, 'x');
    for (const BitOperation operation :
         {BitOperation::kAnd, BitOperation::kOr, BitOperation::kXor, BitOperation::kNot}) {
      const size_t used = operation == BitOperation::kNot ? 1 : sources.size();
      CombineBits(operation, std::span(sources).first(used), out.data(), size);
      for (size_t i = 0; i < size; ++i) {
        const auto byte = [&](size_t n) { return i < texts[n].size() ? texts[n][i] : '\0'; };
        int expected = byte(0);
        for (size_t n = 1; n < used; ++n) {
          if (operation == BitOperation::kAnd) expected &= byte(n);
          if (operation == BitOperation::kOr) expected |= byte(n);
          if (operation == BitOperation::kXor) expected ^= byte(n);
        }
        // Zeros behind its only source are not there to be turned.
        if (operation == BitOperation::kNot) expected = i < texts[0].size() ? ~expected : 0;
        ASSERT_EQ(out[i], static_cast<char>(expected)) << i;
      }
    }
  }
}

TEST(BitmapTest, FieldsOfAllWidthsAtAllPlaces) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = RandomBytes(random, 40);
    const BitfieldType type{random() % 2 == 0, 0};
    const BitfieldType field{type.is_signed,
                             static_cast<uint8_t>(1 + random() % (type.is_signed ? 64 : 63))};
    // Also across the end and behind it.
    const uint64_t bit = random() % 400;
    ASSERT_EQ(ReadBitfield(bytes, bit, field), Model(bytes).Field(bit, field));
    const uint64_t inside = random() % (bytes.size() * 8 - field.bits + 1);
    const std::string before = bytes;
    const auto value = static_cast<int64_t>(random());
    WriteBitfield(bytes.data(), inside, field, value);
    int64_t cut = value;
    ASSERT_TRUE(FitBitfield(field, BitfieldOverflow::kWrap, &cut));
    ASSERT_EQ(ReadBitfield(bytes, inside, field), cut);
    for (uint64_t i = 0; i < bytes.size() * 8; ++i) {
      if (i >= inside && i < inside + field.bits) continue;
      ASSERT_EQ(GetBit(bytes, i), GetBit(before, i)) << "a neighbour changed";
    }
  }
}

struct Sum {
  BitfieldType type;
  int64_t value;
  int64_t increment;
  int64_t wrapped;
  int64_t saturated;
};

TEST(BitmapTest, SumsThatDoNotFit) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr BitfieldType kU8{false, 8};
  constexpr BitfieldType kI8{true, 8};
  constexpr BitfieldType kU63{false, 63};
  constexpr BitfieldType kI64{true, 64};
  constexpr Sum kSums[] = {
      {kU8, 255, 1, 0, 255},        {kU8, 0, -1, 255, 0},        {kU8, 250, 1000, 226, 255},
      {kI8, 127, 1, -128, 127},     {kI8, -128, -1, 127, -128},  {kI8, 100, 100, -56, 127},
      {kU63, kMax, 1, 0, kMax},     {kU63, 0, kMin, 0, 0},       {kI64, kMax, 1, kMin, kMax},
      {kI64, kMin, -1, kMax, kMin}, {kI64, kMax, kMax, -2, kMax}};
  for (const Sum& sum : kSums) {
    int64_t value = sum.value;
    EXPECT_TRUE(AddToBitfield(sum.type, BitfieldOverflow::kWrap, &value, sum.increment));
    EXPECT_EQ(value, sum.wrapped) << sum.value << " + " << sum.increment;
    value = sum.value;
    EXPECT_TRUE(AddToBitfield(sum.type, BitfieldOverflow::kSaturate, &value, sum.increment));
    EXPECT_EQ(value, sum.saturated) << sum.value << " + " << sum.increment;
    value = sum.value;
    EXPECT_FALSE(AddToBitfield(sum.type, BitfieldOverflow::kFail, &value, sum.increment));
    EXPECT_EQ(value, sum.value);
  }
  // A negative number is too large for a field without sign, not too small.
  int64_t value = -1;
  EXPECT_TRUE(FitBitfield(kU8, BitfieldOverflow::kSaturate, &value));
  EXPECT_EQ(value, 255);
  // As redis-server answers, if for no good reason.
  value = kMin;
  EXPECT_TRUE(FitBitfield(kI8, BitfieldOverflow::kSaturate, &value));
  EXPECT_EQ(value, 127);
  value = kMin + 200;
  EXPECT_TRUE(FitBitfield(kI8, BitfieldOverflow::kSaturate, &value));
  EXPECT_EQ(value, -128);
}

}  // namespace
}  // namespace replete
