#include "core/types/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace replete {
namespace {

using namespace std::string_literals;

TEST(Number, IntegersAreTakenInTheirCanonicalSpellingOnly) {
  struct {
    std::string text;
    int64_t value;
  } good[] = {{"0", 0},
              {"7", 7},
              {"-1", -1},
              {"10", 10},
              {"1234567890", 1234567890},
              {"9223372036854775807", INT64_MAX},
              {"-9223372036854775808", INT64_MIN},
              {"999999999999999999", 999999999999999999}};
  for (const auto& row : good) {
    int64_t value = 42;
    EXPECT_TRUE(ParseInt64(row.text, &value)) << row.text;
    EXPECT_EQ(value, row.value);
  }
  for (const std::string& text : {""s,
                                  "-"s,
                                  "-0"s,
                                  "+1"s,
                                  "01"s,
                                  "-01"s,
                                  "00"s,
                                  " 1"s,
                                  "1 "s,
                                  "1\0"s,
                                  "1.0"s,
                                  "1e3"s,
                                  "0x1"s,
                                  "a"s,
                                  "9223372036854775808"s,
                                  "-9223372036854775809"s,
                                  "18446744073709551616"s,
                                  "99999999999999999999"s,
                                  "--1"s,
                                  "1-"s,
                                  "/"s,
                                  ":"s}) {
    int64_t value = 42;
    EXPECT_FALSE(ParseInt64(text, &value)) << text;
    EXPECT_EQ(value, 42) << text;
  }
}

TEST(Number, UnsignedIntegers) {
  uint64_t value = 42;
  EXPECT_TRUE(ParseUint64("0", &value));
  EXPECT_EQ(value, 0u);
  EXPECT_TRUE(ParseUint64("18446744073709551615", &value));
  EXPECT_EQ(value, UINT64_MAX);
  EXPECT_TRUE(ParseUint64("9223372036854775808", &value));
  EXPECT_EQ(value, uint64_t{1} << 63);
  value = 42;
  for (const char* text : {"", "-1", "-0", "+1", "00", "01", "18446744073709551616",
                           "20000000000000000000", "184467440737095516150", "1 ", " 1", "1a"}) {
    EXPECT_FALSE(ParseUint64(text, &value)) << text;
    EXPECT_EQ(value, 42u) << text;
  }
}

TEST(Number, FormatsWhatItParses) {
  std::mt19937_64 random(1);
  char text[kInt64TextSize];
  for (int i = 0; i < 20000; ++i) {
    const auto value = static_cast<int64_t>(random() >> (random() % 64)) * (random() % 2 ? 1 : -1);
    const std::string_view written(text, FormatInt64(value, text));
    ASSERT_EQ(written, std::to_string(value));
    int64_t back = 0;
    ASSERT_TRUE(ParseInt64(written, &back)) << written;
    ASSERT_EQ(back, value);
  }
  for (int64_t value : {INT64_MIN, INT64_MAX, INT64_MIN + 1, int64_t{0}, int64_t{-1}}) {
    EXPECT_EQ(std::string(text, FormatInt64(value, text)), std::to_string(value));
  }
}

// Which of these redis-server 7.0.15 takes was found out with INCRBYFLOAT.
TEST(Number, LongDoublesAreWhatIncrbyfloatTakes) {
  for (const std::string& text :
       {"0"s, "-0"s, "1.5"s, ".5"s, "+.5"s, "5."s, "+1"s, "1e5"s, "1e+2"s, "3.0e3"s, "0x10"s,
        "0x1p-3"s, "1e4932"s, "1.18973149535723176502e4932"s, "3.6451995318824746025e-4951"s,
        "inf"s, "-infinity"s, std::string(5118, '0') + "1"}) {
    long double value = 42;
    EXPECT_TRUE(ParseLongDouble(text, &value)) << text.substr(0, 40);
    EXPECT_EQ(value, std::strtold(text.c_str(), nullptr));
  }
  for (const std::string& text :
       {""s, " 1"s, "1 "s, "\t1"s, "1\n"s, "1e"s, "--1"s, "1\0"s, "\0"s, "1e5000"s, "-1e5000"s,
        "1e-5000"s, "nan"s, "-nan"s, "abc"s, "1,5"s, std::string(5119, '0') + "1"}) {
    long double value = 42;
    EXPECT_FALSE(ParseLongDouble(text, &value)) << text.substr(0, 40);
    EXPECT_EQ(value, 42);
  }
}

TEST(Number, Doubles) {
  double value = 42;
  EXPECT_TRUE(ParseDouble("1e308", &value));
  EXPECT_EQ(value, 1e308);
  EXPECT_TRUE(ParseDouble("5e-324", &value));
  EXPECT_EQ(value, 5e-324);
  EXPECT_TRUE(ParseDouble("-inf", &value));
  EXPECT_EQ(value, -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(ParseDouble(std::string(9999, '0') + "2", &value));
  EXPECT_EQ(value, 2);
  for (const std::string& text : {""s, " 1"s, "1 "s, "1e309"s, "1e-400"s, "nan"s, "1\0"s, "x"s,
                                  std::string(200, '1') + "x", std::string(400, '9')}) {
    value = 42;
    EXPECT_FALSE(ParseDouble(text, &value)) << text.substr(0, 40);
    EXPECT_EQ(value, 42);
  }
}

TEST(Number, LongDoublesAreSpelledAsIncrbyfloatDoes) {
  EXPECT_EQ(FormatLongDouble(0), "0");
  EXPECT_EQ(FormatLongDouble(-0.0L), "0");
  EXPECT_EQ(FormatLongDouble(-1e-18L), "0");
  EXPECT_EQ(FormatLongDouble(-1e-17L), "-0.00000000000000001");
  EXPECT_EQ(FormatLongDouble(10.6L), "10.6");
  EXPECT_EQ(FormatLongDouble(3000), "3000");
  EXPECT_EQ(FormatLongDouble(100), "100");
  EXPECT_EQ(FormatLongDouble(10.50L + 0.1L), "10.6");
  EXPECT_EQ(FormatLongDouble(-2.50L), "-2.5");
  EXPECT_EQ(FormatLongDouble(1e20L), "100000000000000000000");
  EXPECT_EQ(FormatLongDouble(1e27L), "1000000000000000000000000000");
  EXPECT_EQ(FormatLongDouble(std::numeric_limits<long double>::max()).size(), 4933u);
  EXPECT_EQ(FormatLongDouble(std::numeric_limits<long double>::infinity()), "inf");
  EXPECT_EQ(FormatLongDouble(-std::numeric_limits<long double>::infinity()), "-inf");
}

}  // namespace
}  // namespace replete
