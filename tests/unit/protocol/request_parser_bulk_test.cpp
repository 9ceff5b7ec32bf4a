#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/protocol/request_samples.h"
#include "tests/unit/protocol/simulated_session.h"

namespace replete {
namespace {

void Fill(RequestParser& parser, std::string_view bytes) {
  while (!bytes.empty()) {
    ASSERT_TRUE(parser.WantsBulk());
    const BulkSpan span = parser.BulkTail(bytes.size());
    ASSERT_GT(span.size, 0u);
    ASSERT_LE(span.size, bytes.size());
    std::memcpy(span.data, bytes.data(), span.size);
    parser.BulkArrived(span.size);
    bytes.remove_prefix(span.size);
  }
}

// The example in the header of the parser.
TEST(BigBulk, WorkedExample) {
  RequestParser parser(8);
  Request request;
  std::string buffer = "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123";
  ASSERT_EQ(parser.Parse(buffer, &request), ParseResult::kIncomplete);
  ASSERT_TRUE(parser.WantsBulk());
  buffer.resize(parser.kept_prefix());
  EXPECT_EQ(buffer, "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n");
  const BulkSpan span = parser.BulkTail(4096);
  ASSERT_EQ(span.size, 8u);
  std::memcpy(span.data, "456789\r\n", 8);
  parser.BulkArrived(8);
  EXPECT_FALSE(parser.WantsBulk());
  EXPECT_EQ(parser.Parse(buffer, &request), ParseResult::kIncomplete);
  buffer += "$2\r\nNX\r\nPING\r\n";
  ASSERT_EQ(parser.Parse(buffer, &request), ParseResult::kRequest);
  ASSERT_EQ(request.args.size(), 4u);
  EXPECT_EQ(request.args[1], "k");
  EXPECT_EQ(request.args[2], "0123456789");
  EXPECT_EQ(request.args[3], "NX");
  EXPECT_EQ(request.wire_size, buffer.size() - 6);
  EXPECT_TRUE(parser.TakeBulk(1).empty());
  const char* const adopted = request.args[2].data();
  BulkBuffer bulk = parser.TakeBulk(2);
  EXPECT_EQ(bulk.view(), "0123456789");
  EXPECT_EQ(bulk.data(), adopted) << "adopted, not copied";
  EXPECT_EQ(parser.TakeBulk(2).data(), nullptr);
  char* const released = bulk.Release();
  EXPECT_EQ(std::string_view(released, 10), "0123456789");
  EXPECT_EQ(bulk.capacity(), 0u);
  std::free(released);
  ASSERT_EQ(parser.Parse(std::string_view(buffer).substr(request.wire_size), &request),
            ParseResult::kRequest);
  EXPECT_EQ(request.args[0], "PING");
  EXPECT_TRUE(parser.TakeBulk(0).empty());
}

TEST(BigBulk, CompleteInTheInputIsAView) {
  RequestParser parser;
  Request request;
  const std::string value(RequestParser::kBigBulk * 2, 'v');
  const std::string wire = Multibulk({"SET", "k", value});
  ASSERT_EQ(parser.Parse(wire, &request), ParseResult::kRequest);
  EXPECT_EQ(request.args[2], value);
  EXPECT_EQ(parser.TakeBulk(2).data(), nullptr);
  EXPECT_EQ(parser.owned_bytes(), 0u);
}

TEST(BigBulk, SmallerOneWaitsInTheInput) {
  RequestParser parser;
  Request request;
  const std::string wire = Multibulk({"SET", "k", std::string(RequestParser::kBigBulk - 1, 'v')});
  ASSERT_EQ(parser.Parse(wire.substr(0, wire.size() - 1), &request), ParseResult::kIncomplete);
  EXPECT_FALSE(parser.WantsBulk());
  ASSERT_EQ(parser.Parse(wire, &request), ParseResult::kRequest);
  EXPECT_EQ(request.wire_size, wire.size());
}

TEST(BigBulk, MemoryFollowsWhatHasArrived) {
  RequestParser parser;
  Request request;
  ASSERT_EQ(parser.Parse("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n", &request),
            ParseResult::kIncomplete);
  ASSERT_TRUE(parser.WantsBulk());
  EXPECT_LT(parser.owned_bytes(), 1024u);
  size_t arrived = 0;
  while (arrived < 3'000'000) {
    const BulkSpan span = parser.BulkTail(10'000);
    ASSERT_GT(span.size, 0u);
    ASSERT_LE(span.size, 10'000u);
    std::memset(span.data, 'v', span.size);
    parser.BulkArrived(span.size);
    arrived += span.size;
    ASSERT_LE(parser.owned_bytes(), 2 * arrived + 16 * 1024 + 1024);
  }
  ASSERT_EQ(parser.Parse("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n", &request),
            ParseResult::kIncomplete)
      << "parsing in between does no harm";
  EXPECT_TRUE(parser.WantsBulk());
  parser.Reset();
  EXPECT_FALSE(parser.WantsBulk());
  EXPECT_EQ(parser.owned_bytes(), 0u);
  EXPECT_EQ(parser.Parse("PING\r\n", &request), ParseResult::kRequest);
}

TEST(BigBulk, MemoryIsExactAtTheEndAndGivenBackByTheNextParse) {
  RequestParser parser;
  Request request;
  const std::string value(100'000, 'v');
  const std::string header = "*2\r\n$4\r\nECHO\r\n$100000\r\n";
  ASSERT_EQ(parser.Parse(header, &request), ParseResult::kIncomplete);
  ASSERT_EQ(parser.kept_prefix(), header.size());
  Fill(parser, value + "\r\n");
  ASSERT_EQ(parser.Parse(header, &request), ParseResult::kRequest);
  EXPECT_EQ(request.wire_size, header.size());
  EXPECT_EQ(request.args[1], value);
  EXPECT_GE(parser.owned_bytes(), value.size());
  EXPECT_LT(parser.owned_bytes(), value.size() + 2048);
  ASSERT_EQ(parser.Parse("", &request), ParseResult::kIncomplete);
  EXPECT_LT(parser.owned_bytes(), 1024u);
}

TEST(BigBulk, TakenMemoryIsNoLongerCounted) {
  RequestParser parser;
  Request request;
  const std::string header = "*1\r\n$50000\r\n";
  ASSERT_EQ(parser.Parse(header, &request), ParseResult::kIncomplete);
  Fill(parser, std::string(50'000, 'v') + "\r\n");
  EXPECT_EQ(parser.TakeBulk(0).data(), nullptr) << "only when the request is complete";
  ASSERT_EQ(parser.Parse(header, &request), ParseResult::kRequest);
  const BulkBuffer bulk = parser.TakeBulk(0);
  EXPECT_EQ(bulk.size(), 50'000u);
  EXPECT_EQ(bulk.capacity(), 50'002u);
  EXPECT_LT(parser.owned_bytes(), 1024u);
}

TEST(BigBulk, SeveralInOneRequestAmongSmallOnes) {
  std::mt19937 random(5);
  const std::vector<std::string> args = {"MSET",
                                         "a",
                                         std::string(40'000, 'A'),
                                         "b",
                                         std::string(RequestParser::kBigBulk, 'B'),
                                         "c",
                                         "small",
                                         std::string(33'000, 'k'),
                                         std::string(200'000, 'C')};
  const std::string stream = Multibulk(args) + Multibulk({"PING"}) + Multibulk(args) + "PING\r\n";
  size_t taken = 0;
  for (int round = 0; round < 20; ++round) {
    SimulatedSession session;
    DeliverInPieces(stream, 30'000, random,
                    [&](std::string_view piece) { session.Deliver(piece); });
    ASSERT_EQ(session.events.size(), 4u);
    EXPECT_EQ(session.events[0].args, args);
    EXPECT_EQ(session.events[2].args, args);
    EXPECT_EQ(session.events[3].stream_end, stream.size());
    taken += session.bulks_taken;
  }
  EXPECT_GT(taken, 40u);
}

TEST(BigBulk, ErrorBehindOne) {
  RequestParser parser(8);
  Request request;
  std::string buffer = "*2\r\n$9\r\n";
  ASSERT_EQ(parser.Parse(buffer, &request), ParseResult::kIncomplete);
  Fill(parser, "123456789\r\n");
  buffer += "!\r\n";
  ASSERT_EQ(parser.Parse(buffer, &request), ParseResult::kError);
  EXPECT_EQ(parser.error(), "Protocol error: expected '$', got '!'");
}

}  // namespace
}  // namespace replete
