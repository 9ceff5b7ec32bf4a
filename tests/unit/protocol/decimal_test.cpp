#include "protocol/decimal.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <random>
#include <string>

namespace replete {
namespace {

std::string Signed(int64_t value) {
  char text[kMaxDecimalSize];
  return {text, WriteSigned(text, value)};
}

std::string Unsigned(uint64_t value) {
  char text[kMaxDecimalSize];
  return {text, WriteUnsigned(text, value)};
}

std::optional<int64_t> Parsed(std::string_view text) {
  int64_t value = 0;
  return ParseCanonicalInt64(text, &value) ? std::optional(value) : std::nullopt;
}

TEST(Decimal, WritesEverySmallNumber) {
  for (int64_t i = -11'000; i <= 11'000; ++i) {
    ASSERT_EQ(Signed(i), std::to_string(i));
  }
}

TEST(Decimal, WritesEveryMagnitude) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 100'000; ++round) {
    const uint64_t value = random() >> (random() % 64);
    ASSERT_EQ(Unsigned(value), std::to_string(value));
    const auto as_signed = static_cast<int64_t>(value);
    ASSERT_EQ(Signed(as_signed), std::to_string(as_signed));
    ASSERT_EQ(Parsed(std::to_string(as_signed)), as_signed);
  }
  EXPECT_EQ(Unsigned(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(Signed(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
}

TEST(Decimal, ParsesOnlyTheCanonicalSpelling) {
  EXPECT_EQ(Parsed("0"), 0);
  EXPECT_EQ(Parsed("-1"), -1);
  EXPECT_EQ(Parsed("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Parsed("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  for (const char* text : {"",
                           "-",
                           "+1",
                           "-0",
                           "00",
                           "01",
                           "-01",
                           " 1",
                           "1 ",
                           "1.0",
                           "1e3",
                           "0x1",
                           "9223372036854775808",
                           "-9223372036854775809",
                           "9999999999999999999",
                           "18446744073709551616",
                           "100000000000000000000",
                           "--1",
                           "1-",
                           "a"}) {
    EXPECT_EQ(Parsed(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace replete
