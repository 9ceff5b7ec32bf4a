#include "protocol/request_parser.h"

#include <gtest/gtest.h>

#include "tests/unit/protocol/request_samples.h"
#include "tests/unit/protocol/simulated_session.h"

namespace replete {
namespace {

using Args = std::vector<std::string>;
using namespace std::string_literals;

Args ToArgs(const Request& request) { return {request.args.begin(), request.args.end()}; }

// What the first Parse says about `wire`: an error text, or how the request looks.
std::string ErrorOf(const std::string& wire, bool authenticated = true) {
  RequestParser parser;
  parser.set_authenticated(authenticated);
  Request request;
  switch (parser.Parse(wire, &request)) {
    case ParseResult::kRequest:
      return "(request)";
    case ParseResult::kIncomplete:
      return "(incomplete)";
    case ParseResult::kEmpty:
      return "(empty)";
    case ParseResult::kError:
      break;
  }
  return parser.error();
}

TEST(RequestParser, TakesAPipelineOfMultibulks) {
  const std::string one = "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000123456\r\n$3\r\nxxx\r\n";
  const std::string wire = one + "*1\r\n$4\r\nPING\r\n";
  RequestParser parser;
  Request request;
  ASSERT_EQ(parser.Parse(wire, &request), ParseResult::kRequest);
  EXPECT_EQ(ToArgs(request), (Args{"SET", "key:000000123456", "xxx"}));
  EXPECT_EQ(request.wire_size, one.size());
  EXPECT_EQ(request.args[0].data(), wire.data() + 8) << "arguments are views into the input";
  ASSERT_EQ(parser.Parse(std::string_view(wire).substr(one.size()), &request),
            ParseResult::kRequest);
  EXPECT_EQ(ToArgs(request), Args{"PING"});
  EXPECT_EQ(request.wire_size, wire.size() - one.size());
  EXPECT_EQ(parser.owned_bytes(), 0u);
}

TEST(RequestParser, TakesLengthsOfEveryDigitCount) {
  RequestParser parser;
  Request request;
  for (const size_t size : {0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 4096, 9999, 10000, 123456}) {
    const std::string value(size, 'v');
    const std::string wire = Multibulk({value, "end"});
    ASSERT_EQ(parser.Parse(wire, &request), ParseResult::kRequest) << size;
    EXPECT_EQ(request.args[0], value);
    EXPECT_EQ(request.args[1], "end");
    EXPECT_EQ(request.wire_size, wire.size());
  }
  for (const size_t count : {1, 8, 9, 10, 99, 100, 1000, 5000}) {
    const std::string wire = Multibulk(Args(count, "a"));
    ASSERT_EQ(parser.Parse(wire, &request), ParseResult::kRequest) << count;
    EXPECT_EQ(request.args.size(), count);
    EXPECT_EQ(request.wire_size, wire.size());
  }
}

TEST(RequestParser, WarmedArgListIsReused) {
  RequestParser parser;
  Request request;
  const std::string wire = Multibulk({"1", "2", "3", "4", "5", "6", "7", "8"});
  ASSERT_EQ(parser.Parse(wire, &request), ParseResult::kRequest);
  const auto* const array = request.args.data();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(parser.Parse(wire, &request), ParseResult::kRequest);
    ASSERT_EQ(request.args.data(), array);
  }
}

// Every text was compared with what redis-server 7.0.15 answers to the same bytes.
TEST(RequestParser, ErrorsOfRedis) {
  const std::string bad_count = "Protocol error: invalid multibulk length";
  EXPECT_EQ(ErrorOf("*2147483648\r\n"), bad_count);
  EXPECT_EQ(ErrorOf("*abc\r\n"), bad_count);
  EXPECT_EQ(ErrorOf("*\r\n"), bad_count);
  EXPECT_EQ(ErrorOf("*01\r\n"), bad_count);
  EXPECT_EQ(ErrorOf("*+1\r\n"), bad_count);
  EXPECT_EQ(ErrorOf("*-0\r\n"), bad_count);
  EXPECT_EQ(ErrorOf("* 1\r\n"), bad_count);
  EXPECT_EQ(ErrorOf("*1 \r\n"), bad_count);
  EXPECT_EQ(ErrorOf("*-9223372036854775809\r\n"), bad_count);
  EXPECT_EQ(ErrorOf("*99999999999999999999999999\r\n"), bad_count);
  const std::string bad_bulk = "Protocol error: invalid bulk length";
  EXPECT_EQ(ErrorOf("*1\r\n$\r\n"), bad_bulk);
  EXPECT_EQ(ErrorOf("*1\r\n$-1\r\n"), bad_bulk);
  EXPECT_EQ(ErrorOf("*1\r\n$04\r\nPING\r\n"), bad_bulk);
  EXPECT_EQ(ErrorOf("*1\r\n$4x\r\nPING\r\n"), bad_bulk);
  EXPECT_EQ(ErrorOf("*1\r\n$536870913\r\n"), bad_bulk);
  EXPECT_EQ(ErrorOf("*1\r\n$9223372036854775807\r\n"), bad_bulk);
  EXPECT_EQ(ErrorOf("*1\r\n$18446744073709551616\r\n"), bad_bulk);
  EXPECT_EQ(ErrorOf("*1\r\nfoo\r\n"), "Protocol error: expected '$', got 'f'");
  EXPECT_EQ(ErrorOf("*1\r\n\r\n"), "Protocol error: expected '$', got ' '");
  EXPECT_EQ(ErrorOf("*1\r\n\n\r\n"), "Protocol error: expected '$', got ' '");
  EXPECT_EQ(ErrorOf("*1\r\n\xff\r\n"), "Protocol error: expected '$', got '\xff'");
  const std::string unbalanced = "Protocol error: unbalanced quotes in request";
  EXPECT_EQ(ErrorOf("FOO \"abc\r\n"), unbalanced);
  EXPECT_EQ(ErrorOf("FOO \"abc\"d\r\n"), unbalanced);
  EXPECT_EQ(ErrorOf("FOO 'abc'd\r\n"), unbalanced);
  EXPECT_EQ(ErrorOf("FOO \"x\\\r\n"), unbalanced);
}

TEST(RequestParser, LimitsOfLines) {
  const std::string digits(RequestParser::kMaxLine, '1');
  EXPECT_EQ(ErrorOf("*" + digits.substr(1)), "(incomplete)");
  EXPECT_EQ(ErrorOf("*" + digits), "Protocol error: too big mbulk count string");
  EXPECT_EQ(ErrorOf("*1\r\n$" + digits.substr(1)), "(incomplete)");
  EXPECT_EQ(ErrorOf("*1\r\n$" + digits), "Protocol error: too big bulk count string");
  EXPECT_EQ(ErrorOf("*1\r\n$" + digits + "\r\n"), "Protocol error: too big bulk count string");
  EXPECT_EQ(ErrorOf(digits), "(incomplete)");
  EXPECT_EQ(ErrorOf(digits + "\n"), "(request)");
  EXPECT_EQ(ErrorOf(digits + "1"), "Protocol error: too big inline request");
  EXPECT_EQ(ErrorOf(digits + "1\n"), "Protocol error: too big inline request");
}

TEST(RequestParser, NulKeepsALineFromEnding) {
  EXPECT_EQ(ErrorOf("PI\0NG\r\n"s), "(incomplete)");
  EXPECT_EQ(ErrorOf("*1\0PING\r\n"s), "(incomplete)");
  EXPECT_EQ(ErrorOf("*1\r\n$\0\r\n"s), "(incomplete)");
  EXPECT_EQ(ErrorOf("PI\0NG\r\n"s + std::string(RequestParser::kMaxLine, 'x')),
            "Protocol error: too big inline request");
}

TEST(RequestParser, LimitsBeforeAuthentication) {
  EXPECT_EQ(ErrorOf("*10\r\n", false), "(incomplete)");
  EXPECT_EQ(ErrorOf("*11\r\n", false), "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(ErrorOf("*2147483648\r\n", false), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ErrorOf(Multibulk(Args(10, "a")), false), "(request)");
  EXPECT_EQ(ErrorOf(Multibulk(Args(11, "a")), false),
            "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$16384\r\n", false), "(incomplete)");
  EXPECT_EQ(ErrorOf("*1\r\n$16385\r\n", false), "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$536870913\r\n", false), "Protocol error: invalid bulk length");
  EXPECT_EQ(ErrorOf(Multibulk({std::string(16385, 'x')}), false),
            "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(ErrorOf("PING " + std::string(20000, 'x') + "\r\n", false), "(request)");
}

TEST(RequestParser, MaxBulkCanBeSet) {
  RequestParser parser;
  parser.set_max_bulk(5);
  Request request;
  EXPECT_EQ(parser.Parse(Multibulk({"12345"}), &request), ParseResult::kRequest);
  EXPECT_EQ(parser.Parse(Multibulk({"123456"}), &request), ParseResult::kError);
  EXPECT_EQ(parser.error(), "Protocol error: invalid bulk length");
}

TEST(RequestParser, LargestCountIsTakenButNotBelieved) {
  RequestParser parser;
  Request request;
  EXPECT_EQ(parser.Parse("*2147483647\r\n$1\r\na\r\n", &request), ParseResult::kIncomplete);
  EXPECT_LT(parser.owned_bytes() + request.args.memory_bytes(), 4096u);
}

TEST(RequestParser, ErrorStaysUntilReset) {
  RequestParser parser;
  Request request;
  ASSERT_EQ(parser.Parse("*x\r\n", &request), ParseResult::kError);
  EXPECT_EQ(parser.Parse("PING\r\n", &request), ParseResult::kError);
  EXPECT_EQ(parser.error(), "Protocol error: invalid multibulk length");
  parser.Reset();
  EXPECT_EQ(parser.Parse("PING\r\n", &request), ParseResult::kRequest);
}

TEST(RequestParser, EmptyRequestsAreTaken) {
  for (const char* wire :
       {"*0\r\n", "*-1\r\n", "*-99999999999\r\n", "\r\n", "\n", "  \t\r\n", "\r\r\n", "\v\f \n"}) {
    RequestParser parser;
    Request request;
    const std::string input = wire + "PING\r\n"s;
    ASSERT_EQ(parser.Parse(input, &request), ParseResult::kEmpty) << wire;
    EXPECT_EQ(request.wire_size, std::strlen(wire));
    EXPECT_TRUE(request.args.empty());
    EXPECT_EQ(parser.Parse(std::string_view(input).substr(request.wire_size), &request),
              ParseResult::kRequest);
    EXPECT_EQ(ToArgs(request), Args{"PING"});
  }
}

TEST(RequestParser, NothingIsIncomplete) {
  RequestParser parser;
  Request request;
  EXPECT_EQ(parser.Parse("", &request), ParseResult::kIncomplete);
  EXPECT_EQ(request.wire_size, 0u);
  EXPECT_FALSE(parser.WantsBulk());
}

TEST(RequestParser, InlineQuoting) {
  const std::vector<std::pair<std::string, Args>> cases = {
      {"PING", {"PING"}},
      {"  a \t b\vc \v\fd ", {"a", "b\vc", "d"}},
      {"a\rb", {"a", "b"}},
      {R"(f "a\x41\n\r\t\b\a\q\\\"")", {"f", "aA\n\r\t\b\aq\\\""}},
      {R"(f "\x4" "\xZZ" "\xfF")", {"f", "x4", "xZZ", "\xff"}},
      {R"(f 'b\'\n\\ ')", {"f", R"(b'\n\\ )"}},
      {R"(f x"y" x'y' "")", {"f", "xy", "xy", ""}},
      {R"('' x)", {"", "x"}},
      {"\"a\"\vz", {"a", "z"}},
      {R"(a\ b)", {"a\\", "b"}},
      {R"(a"b c"	'd e')", {"ab c", "d e"}},
      {"\"\\x00\"", {std::string(1, '\0')}},
  };
  for (const auto& [line, args] : cases) {
    RequestParser parser;
    Request request;
    ASSERT_EQ(parser.Parse(line + "\r\n", &request), ParseResult::kRequest) << line;
    EXPECT_EQ(ToArgs(request), args) << line;
    EXPECT_EQ(request.wire_size, line.size() + 2);
  }
}

TEST(RequestParser, InlineArgumentsOutliveTheInput) {
  RequestParser parser;
  Request request;
  {
    const std::string input = "GET \"some key that is not short\"\r\n";
    ASSERT_EQ(parser.Parse(input, &request), ParseResult::kRequest);
  }
  EXPECT_EQ(ToArgs(request), (Args{"GET", "some key that is not short"}));
}

TEST(RequestParser, MemoryOfLongInlineRequestIsNotKept) {
  RequestParser parser;
  Request request;
  ASSERT_EQ(parser.Parse("PING " + std::string(50000, 'x') + "\n", &request),
            ParseResult::kRequest);
  EXPECT_GE(parser.owned_bytes(), 50000u);
  ASSERT_EQ(parser.Parse("", &request), ParseResult::kIncomplete);
  EXPECT_EQ(parser.owned_bytes(), 0u);
}

}  // namespace
}  // namespace replete
