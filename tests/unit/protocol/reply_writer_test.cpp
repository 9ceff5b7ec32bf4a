#include "protocol/reply_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <string>

namespace replete {
namespace {

template <typename Write>
std::string Bytes(bool resp3, Write write) {
  OutputBuffer buffer;
  ReplyWriter writer(buffer, resp3);
  write(writer);
  return std::string(buffer.view());
}

#define EXPECT_BYTES(call, resp2, resp3)                                     \
  EXPECT_EQ(Bytes(false, [&](ReplyWriter& writer) { writer.call; }), resp2); \
  EXPECT_EQ(Bytes(true, [&](ReplyWriter& writer) { writer.call; }), resp3)
#define EXPECT_SAME_BYTES(call, bytes) EXPECT_BYTES(call, bytes, bytes)

TEST(ReplyWriter, Lines) {
  EXPECT_SAME_BYTES(Ok(), "+OK\r\n");
  EXPECT_SAME_BYTES(Simple("PONG"), "+PONG\r\n");
  EXPECT_SAME_BYTES(Simple(""), "+\r\n");
  EXPECT_SAME_BYTES(Error("ERR no such key"), "-ERR no such key\r\n");
  EXPECT_SAME_BYTES(Error("ERR a\r\nb\rc\nd\r\n"), "-ERR a  b c d\r\n");
  EXPECT_SAME_BYTES(Error("\n\r"), "-\r\n");
  EXPECT_SAME_BYTES(Raw("+A\r\n:1\r\n"), "+A\r\n:1\r\n");
}

TEST(ReplyWriter, Integers) {
  EXPECT_SAME_BYTES(Integer(0), ":0\r\n");
  EXPECT_SAME_BYTES(Integer(1), ":1\r\n");
  EXPECT_SAME_BYTES(Integer(-1), ":-1\r\n");
  EXPECT_SAME_BYTES(Integer(9999), ":9999\r\n");
  EXPECT_SAME_BYTES(Integer(10000), ":10000\r\n");
  EXPECT_SAME_BYTES(Integer(std::numeric_limits<int64_t>::max()), ":9223372036854775807\r\n");
  EXPECT_SAME_BYTES(Integer(std::numeric_limits<int64_t>::min()), ":-9223372036854775808\r\n");
  EXPECT_SAME_BYTES(BulkInteger(0), "$1\r\n0\r\n");
  EXPECT_SAME_BYTES(BulkInteger(-12345), "$6\r\n-12345\r\n");
}

TEST(ReplyWriter, Bulks) {
  EXPECT_SAME_BYTES(Bulk(""), "$0\r\n\r\n");
  EXPECT_SAME_BYTES(Bulk(std::string_view()), "$0\r\n\r\n");
  EXPECT_SAME_BYTES(Bulk("a\r\nb"), "$4\r\na\r\nb\r\n");
  for (const size_t size : {9, 10, 99, 100, 999, 1000, 9999, 10000, 1234567}) {
    const std::string value(size, 'v');
    EXPECT_SAME_BYTES(Bulk(value), "$" + std::to_string(size) + "\r\n" + value + "\r\n");
  }
}

TEST(ReplyWriter, Nulls) {
  EXPECT_BYTES(Null(), "$-1\r\n", "_\r\n");
  EXPECT_BYTES(NullArray(), "*-1\r\n", "_\r\n");
}

TEST(ReplyWriter, Aggregates) {
  EXPECT_SAME_BYTES(Array(0), "*0\r\n");
  EXPECT_SAME_BYTES(Array(123456), "*123456\r\n");
  EXPECT_BYTES(Map(3), "*6\r\n", "%3\r\n");
  EXPECT_BYTES(Set(3), "*3\r\n", "~3\r\n");
  EXPECT_BYTES(Push(3), "*3\r\n", ">3\r\n");
}

TEST(ReplyWriter, TypesOfResp3) {
  EXPECT_BYTES(Boolean(true), ":1\r\n", "#t\r\n");
  EXPECT_BYTES(Boolean(false), ":0\r\n", "#f\r\n");
  EXPECT_BYTES(Verbatim("txt", "Some string"), "$11\r\nSome string\r\n",
               "=15\r\ntxt:Some string\r\n");
  EXPECT_BYTES(Verbatim("mkd", ""), "$0\r\n\r\n", "=4\r\nmkd:\r\n");
  EXPECT_BYTES(BigNumber("1234567999999999999999999999999999999"),
               "$37\r\n1234567999999999999999999999999999999\r\n",
               "(1234567999999999999999999999999999999\r\n");
}

TEST(ReplyWriter, Doubles) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_BYTES(Double(0), "$1\r\n0\r\n", ",0\r\n");
  EXPECT_BYTES(Double(-0.0), "$2\r\n-0\r\n", ",-0\r\n");
  EXPECT_BYTES(Double(3), "$1\r\n3\r\n", ",3\r\n");
  EXPECT_BYTES(Double(3.1), "$18\r\n3.1000000000000001\r\n", ",3.1000000000000001\r\n");
  EXPECT_BYTES(Double(-2.5), "$4\r\n-2.5\r\n", ",-2.5\r\n");
  EXPECT_BYTES(Double(1e16), "$17\r\n10000000000000000\r\n", ",10000000000000000\r\n");
  EXPECT_BYTES(Double(1e17), "$5\r\n1e+17\r\n", ",1e+17\r\n");
  EXPECT_BYTES(Double(5e-324), "$23\r\n4.9406564584124654e-324\r\n",
               ",4.9406564584124654e-324\r\n");
  EXPECT_BYTES(Double(kInfinity), "$3\r\ninf\r\n", ",inf\r\n");
  EXPECT_BYTES(Double(-kInfinity), "$4\r\n-inf\r\n", ",-inf\r\n");
  EXPECT_BYTES(Double(std::nan("")), "$3\r\nnan\r\n", ",nan\r\n");
}

TEST(ReplyWriter, DoublesAsPrintf) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50'000; ++round) {
    double value = 0;
    const uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(value));
    if (round % 2 == 0) {
      value = static_cast<double>(static_cast<int64_t>(bits) >> (bits % 64)) / (1 << (bits % 3));
    }
    if (!std::isfinite(value)) {
      continue;
    }
    char text[64];
    std::snprintf(text, sizeof(text), ",%.17g\r\n", value);
    ASSERT_EQ(Bytes(true, [&](ReplyWriter& writer) { writer.Double(value); }), text);
  }
}

TEST(ReplyWriter, DeferredHeaders) {
  const auto write = [](ReplyWriter& writer) {
    writer.Simple("before");
    const size_t outer = writer.Defer();
    writer.Integer(1);
    const size_t inner = writer.DeferArray();
    writer.Integer(2);
    writer.Integer(3);
    writer.FinishArray(inner, 2);
    const size_t empty = writer.Defer();
    writer.Finish(empty, '~', 0);
    writer.Integer(4);
    writer.Finish(outer, '%', 2);
    const size_t push = writer.Defer();
    writer.Integer(5);
    writer.Finish(push, '>', 1);
  };
  EXPECT_EQ(Bytes(false, write),
            "+before\r\n*4\r\n:1\r\n*2\r\n:2\r\n:3\r\n*0\r\n:4\r\n*1\r\n:5\r\n");
  EXPECT_EQ(Bytes(true, write),
            "+before\r\n%2\r\n:1\r\n*2\r\n:2\r\n:3\r\n~0\r\n:4\r\n>1\r\n:5\r\n");
}

TEST(ReplyWriter, DeferredHeaderOfAConsumedBuffer) {
  OutputBuffer buffer;
  ReplyWriter writer(buffer, false);
  writer.Ok();
  buffer.Consume(3);
  const size_t position = writer.Defer();
  for (int i = 0; i < 1000; ++i) {
    writer.Integer(i);
  }
  writer.FinishArray(position, 1000);
  EXPECT_TRUE(buffer.view().starts_with("\r\n*1000\r\n:0\r\n"));
  EXPECT_TRUE(buffer.view().ends_with(":999\r\n"));
}

TEST(ReplyWriter, VersionMayChange) {
  OutputBuffer buffer;
  ReplyWriter writer(buffer, false);
  writer.Null();
  writer.set_resp3(true);
  writer.Null();
  EXPECT_TRUE(writer.resp3());
  EXPECT_EQ(buffer.view(), "$-1\r\n_\r\n");
}

}  // namespace
}  // namespace replete
