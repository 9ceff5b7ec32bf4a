#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/protocol/request_samples.h"
#include "tests/unit/protocol/simulated_session.h"

namespace replete {
namespace {

constexpr size_t kBigBulks[] = {1, 4, 100, RequestParser::kBigBulk};

std::vector<ParseEvent> Whole(std::string_view stream, size_t big_bulk) {
  SimulatedSession session(big_bulk);
  session.Deliver(stream);
  return session.events;
}

// The reference itself: requests of the samples that are plain are found again.
TEST(RequestParserCuts, ReferenceFindsWhatWasWritten) {
  const std::vector<std::string> args = {"SET", "key", std::string(500, 'v')};
  const auto events = Whole(Multibulk(args) + "\r\nGET a\r\n*x\r\n", RequestParser::kBigBulk);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].args, args);
  EXPECT_EQ(events[0].stream_end, Multibulk(args).size());
  EXPECT_EQ(events[1].result, ParseResult::kEmpty);
  EXPECT_EQ(events[2].args, (std::vector<std::string>{"GET", "a"}));
  EXPECT_EQ(events[3].error, "Protocol error: invalid multibulk length");
}

TEST(RequestParserCuts, OneCutAnywhere) {
  for (const std::string& stream : SampleStreams()) {
    const auto expected = Whole(stream, RequestParser::kBigBulk);
    for (const size_t big_bulk : kBigBulks) {
      for (size_t cut = 0; cut <= stream.size(); ++cut) {
        SimulatedSession session(big_bulk);
        session.Deliver(std::string_view(stream).substr(0, cut));
        session.Deliver(std::string_view(stream).substr(cut));
        ASSERT_EQ(session.events, expected) << stream << " cut at " << cut << " big " << big_bulk;
      }
    }
  }
}

TEST(RequestParserCuts, ByteByByte) {
  for (const std::string& stream : SampleStreams()) {
    const auto expected = Whole(stream, RequestParser::kBigBulk);
    for (const size_t big_bulk : kBigBulks) {
      SimulatedSession session(big_bulk);
      for (const char c : stream) {
        session.Deliver({&c, 1});
      }
      ASSERT_EQ(session.events, expected) << stream << " big " << big_bulk;
    }
  }
}

TEST(RequestParserCuts, RandomCuts) {
  std::mt19937 random(7);
  for (const std::string& stream : SampleStreams()) {
    const auto expected = Whole(stream, RequestParser::kBigBulk);
    for (int round = 0; round < 200; ++round) {
      SimulatedSession session(kBigBulks[random() % 4]);
      DeliverInPieces(stream, 1 + random() % 200, random,
                      [&](std::string_view piece) { session.Deliver(piece); });
      ASSERT_EQ(session.events, expected) << stream;
    }
  }
}

TEST(RequestParserCuts, RandomDamage) {
  std::mt19937 random(11);
  const auto samples = SampleStreams();
  constexpr char kBytes[] = "*$\r\n019-'\"\\ x\0";
  size_t errors = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string stream = samples[random() % samples.size()];
    stream.resize(std::min<size_t>(stream.size(), 400));
    for (int hits = 1 + static_cast<int>(random() % 3); hits > 0; --hits) {
      stream[random() % stream.size()] = kBytes[random() % (sizeof(kBytes) - 1)];
    }
    const auto expected = Whole(stream, RequestParser::kBigBulk);
    errors += !expected.empty() && expected.back().result == ParseResult::kError ? 1 : 0;
    SimulatedSession session(kBigBulks[random() % 4]);
    DeliverInPieces(stream, 40, random, [&](std::string_view piece) { session.Deliver(piece); });
    ASSERT_EQ(session.events, expected) << stream;
  }
  EXPECT_GT(errors, 1000u) << "the damage should reach the error paths";
}

TEST(RequestParserCuts, LongLinesHaveTheSameLimitInPieces) {
  std::mt19937 random(3);
  for (const size_t size : {RequestParser::kMaxLine, RequestParser::kMaxLine + 1}) {
    for (const std::string& prefix : {std::string(), std::string("*"), std::string("*1\r\n$")}) {
      const size_t line = size - (prefix.empty() ? 0 : 1);
      const std::string stream = prefix + std::string(line, '1') + "\r\n";
      const auto expected = Whole(stream, RequestParser::kBigBulk);
      ASSERT_EQ(expected.size(), 1u);
      SimulatedSession session;
      DeliverInPieces(stream, 5000, random,
                      [&](std::string_view piece) { session.Deliver(piece); });
      EXPECT_EQ(session.events, expected) << prefix << line;
    }
  }
}

// Bytes of a request, handed to the parser one after the other, where whole pages can be made
// unreadable: a parser that looks at them again dies.
class GuardedInput {
 public:
  explicit GuardedInput(size_t size)
      : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
        size_((size + page_ - 1) / page_ * page_),
        base_(static_cast<char*>(
            mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~GuardedInput() { munmap(base_, size_); }

  char* data() { return base_; }
  // Only grows the unreadable part.
  void HideBefore(size_t offset) {
    const size_t pages = offset / page_ * page_;
    if (pages > hidden_) {
      mprotect(base_ + hidden_, pages - hidden_, PROT_NONE);
      hidden_ = pages;
    }
  }
  void ShowAll() {
    mprotect(base_, size_, PROT_READ | PROT_WRITE);
    hidden_ = 0;
  }

 private:
  const size_t page_;
  const size_t size_;
  char* const base_;
  size_t hidden_ = 0;
};

TEST(RequestParserCuts, NeverLooksAtParsedArgumentsAgain) {
  std::vector<std::string> args(100'001, "abc");
  args[0] = "MSET";
  const std::string wire = Multibulk(args);
  GuardedInput input(wire.size());
  ASSERT_NE(input.data(), MAP_FAILED);
  RequestParser parser;
  Request request;
  size_t two_lines_ago = 0;
  size_t line_start = 0;
  for (size_t i = 0; i + 1 < wire.size(); ++i) {
    input.data()[i] = wire[i];
    ASSERT_EQ(parser.Parse({input.data(), i + 1}, &request), ParseResult::kIncomplete);
    ASSERT_EQ(request.args.size(), 0u) << "views are made once, at the end";
    if (wire[i] == '\n') {
      two_lines_ago = line_start;
      line_start = i + 1;
      input.HideBefore(two_lines_ago);
    }
  }
  input.data()[wire.size() - 1] = wire.back();
  ASSERT_EQ(parser.Parse({input.data(), wire.size()}, &request), ParseResult::kRequest);
  input.ShowAll();
  EXPECT_TRUE(std::equal(request.args.begin(), request.args.end(), args.begin(), args.end()));
  EXPECT_EQ(request.wire_size, wire.size());
}

TEST(RequestParserCuts, NeverScansALineTwice) {
  const std::string line(RequestParser::kMaxLine - 2, 'x');
  GuardedInput input(line.size() + 1);
  ASSERT_NE(input.data(), MAP_FAILED);
  RequestParser parser;
  Request request;
  for (size_t i = 0; i < line.size(); ++i) {
    input.data()[i] = line[i];
    ASSERT_EQ(parser.Parse({input.data(), i + 1}, &request), ParseResult::kIncomplete);
    input.HideBefore(i + 1);
  }
  input.ShowAll();  // splitting the line reads it, once
  input.data()[line.size()] = '\n';
  ASSERT_EQ(parser.Parse({input.data(), line.size() + 1}, &request), ParseResult::kRequest);
  EXPECT_EQ(request.args[0], line);
}

}  // namespace
}  // namespace replete
