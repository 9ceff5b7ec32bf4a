#include "protocol/reply_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "protocol/reply_writer.h"

namespace replete {
namespace {

// The text of each reply in `bytes`, fed in pieces of `piece` bytes; an error ends it.
std::vector<std::string> Read(std::string_view bytes, size_t piece) {
  ReplyReader reader;
  std::vector<std::string> texts;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    while (!part.empty()) {
      size_t consumed = 0;
      const auto result = reader.Feed(part, &consumed);
      part.remove_prefix(consumed);
      if (result == ReplyReader::Result::kReply) {
        texts.push_back(ToString(reader.Take()));
      } else if (result == ReplyReader::Result::kError) {
        texts.push_back("error: " + reader.error());
        return texts;
      } else {
        EXPECT_TRUE(part.empty()) << "an incomplete reply takes everything";
      }
    }
  }
  return texts;
}

const std::vector<std::pair<std::string, std::string>>& Samples() {
  static const std::vector<std::pair<std::string, std::string>> samples = {
      {"+OK\r\n", "+OK"},
      {"+\r\n", "+"},
      {"-ERR no\r\n", "-ERR no"},
      {":12\r\n", ":12"},
      {":-9223372036854775808\r\n", ":-9223372036854775808"},
      {":+5\r\n", ":5"},
      {"$5\r\nhello\r\n", "\"hello\""},
      {"$0\r\n\r\n", "\"\""},
      {std::string("$6\r\na\r\n\0\"\xff\r\n", 12), "\"a\\r\\n\\x00\\\"\\xff\""},
      {"$-1\r\n", "null"},
      {"_\r\n", "null"},
      {"*-1\r\n", "null-array"},
      {"*0\r\n", "[]"},
      {"*3\r\n:1\r\n$1\r\na\r\n*1\r\n+x\r\n", "[:1, \"a\", [+x]]"},
      {"%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n", "%{+a: :1, +b: []}"},
      {"%0\r\n", "%{}"},
      {"~2\r\n:1\r\n:2\r\n", "~[:1, :2]"},
      {">2\r\n+message\r\n+x\r\n", ">[+message, +x]"},
      {",3.25\r\n", ",3.25"},
      {",10\r\n", ",10"},
      {",1e3\r\n", ",1000"},
      {",inf\r\n", ",inf"},
      {",-inf\r\n", ",-inf"},
      {",nan\r\n", ",nan"},
      {"#t\r\n", "#t"},
      {"#f\r\n", "#f"},
      {"=15\r\ntxt:Some string\r\n", "=txt:\"Some string\""},
      {"(3492890328409238509324850943850943825024385\r\n",
       "(3492890328409238509324850943850943825024385"},
      {"(-1\r\n", "(-1"},
      {"!8\r\nERR a\r\nb\r\n", "!\"ERR a\\r\\nb\""},
      {"|1\r\n+ttl\r\n:3\r\n*1\r\n:7\r\n", "|{+ttl: :3} [:7]"},
      {"*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n", "[|{+a: +b} :1, :2]"},
      {"|0\r\n:1\r\n", "|{} :1"},
  };
  return samples;
}

TEST(ReplyReader, ReadsEveryTypeHoweverItIsCut) {
  for (const auto& [wire, text] : Samples()) {
    for (size_t piece = 1; piece <= wire.size(); ++piece) {
      EXPECT_EQ(Read(wire, piece), std::vector<std::string>{text}) << wire << " by " << piece;
    }
    for (size_t cut = 0; cut < wire.size(); ++cut) {
      EXPECT_TRUE(Read(wire.substr(0, cut), 1000).empty()) << wire << " up to " << cut;
    }
  }
}

TEST(ReplyReader, ReadsAPipeline) {
  std::string wire;
  std::vector<std::string> texts;
  for (const auto& [bytes, text] : Samples()) {
    wire += bytes;
    texts.push_back(text);
  }
  for (const size_t piece : {1, 2, 3, 7, 20, 100, 10000}) {
    EXPECT_EQ(Read(wire, piece), texts);
  }
}

TEST(ReplyReader, FieldsOfReplies) {
  ReplyReader reader;
  size_t consumed = 0;
  ASSERT_EQ(reader.Feed("%1\r\n,2.5\r\n=7\r\nmkd:abc\r\n+rest\r\n", &consumed),
            ReplyReader::Result::kReply);
  EXPECT_EQ(consumed, 23u);
  const Reply reply = reader.Take();
  ASSERT_EQ(reply.type, Reply::Type::kMap);
  ASSERT_EQ(reply.elements.size(), 2u);
  EXPECT_EQ(reply.elements[0].type, Reply::Type::kDouble);
  EXPECT_EQ(reply.elements[0].real, 2.5);
  EXPECT_EQ(reply.elements[1].type, Reply::Type::kVerbatim);
  EXPECT_EQ(reply.elements[1].format, (std::array<char, 3>{'m', 'k', 'd'}));
  EXPECT_EQ(reply.elements[1].text, "abc");
  EXPECT_FALSE(reply.IsError());
  ASSERT_EQ(reader.Feed("-ERR x\r\n", &consumed), ReplyReader::Result::kReply);
  EXPECT_TRUE(reader.Take().IsError());
}

TEST(ReplyReader, DoneUntilTaken) {
  ReplyReader reader;
  size_t consumed = 0;
  ASSERT_EQ(reader.Feed(":1\r\n", &consumed), ReplyReader::Result::kReply);
  ASSERT_EQ(reader.Feed(":2\r\n", &consumed), ReplyReader::Result::kReply);
  EXPECT_EQ(consumed, 0u);
  EXPECT_EQ(ToString(reader.Take()), ":1");
}

TEST(ReplyReader, RefusesWhatIsNoReply) {
  for (const char* wire : {"\r\n",
                           "hello\r\n",
                           "+OK\n",
                           ":\r\n",
                           ":1x\r\n",
                           ":+-1\r\n",
                           ":9223372036854775808\r\n",
                           "$\r\n",
                           "$-2\r\n",
                           "$1\r\nab\r\n",
                           "$99999999999999999\r\n",
                           "=-1\r\n",
                           "=3\r\ntxt\r\n",
                           "=4\r\ntxtx\r\n",
                           "!-1\r\n",
                           "*-2\r\n",
                           "*x\r\n",
                           "*2147483648\r\n",
                           "%-1\r\n",
                           "~-1\r\n",
                           "#x\r\n",
                           "#\r\n",
                           "_x\r\n",
                           ",\r\n",
                           ",1.2.3\r\n",
                           ",infinity\r\n",
                           ",0x1p3\r\n",
                           "(\r\n",
                           "(1.5\r\n",
                           "(-\r\n",
                           "$?\r\n",
                           "*?\r\n",
                           "?\r\n"}) {
    for (const size_t piece : {1, 1000}) {
      const auto texts = Read(wire, piece);
      ASSERT_EQ(texts.size(), 1u) << wire;
      EXPECT_TRUE(texts[0].starts_with("error: ")) << wire << " gives " << texts[0];
    }
  }
}

TEST(ReplyReader, ErrorStaysUntilReset) {
  ReplyReader reader;
  size_t consumed = 0;
  ASSERT_EQ(reader.Feed("*2\r\n?\r\n", &consumed), ReplyReader::Result::kError);
  EXPECT_EQ(reader.error(), "unknown type");
  EXPECT_EQ(reader.Feed("+OK\r\n", &consumed), ReplyReader::Result::kError);
  reader.Reset();
  ASSERT_EQ(reader.Feed("+OK\r\n", &consumed), ReplyReader::Result::kReply);
  EXPECT_EQ(ToString(reader.Take()), "+OK");
}

TEST(ReplyReader, LimitsDepthAndLines) {
  std::string nested;
  std::string text;
  for (size_t i = 0; i < ReplyReader::kMaxDepth; ++i) {
    nested += "*1\r\n";
    text += "[";
  }
  EXPECT_EQ(Read(nested + ":1\r\n", 5),
            std::vector<std::string>{text + ":1" + std::string(ReplyReader::kMaxDepth, ']')});
  EXPECT_EQ(Read(nested + "*1\r\n", 5), std::vector<std::string>{"error: nested too deep"});
  EXPECT_EQ(Read("+" + std::string(ReplyReader::kMaxLine, 'x'), 70'000),
            std::vector<std::string>{"error: line too long"});
}

TEST(ReplyReader, DoesNotBelieveAnnouncements) {
  ReplyReader reader;
  size_t consumed = 0;
  EXPECT_EQ(reader.Feed("*2147483647\r\n*2147483647\r\n$1000000000000\r\nabc", &consumed),
            ReplyReader::Result::kIncomplete);
}

TEST(ReplyReader, ReadsWhatTheWriterWrites) {
  const auto write = [](ReplyWriter& writer) {
    writer.Map(2);
    writer.Bulk("k");
    writer.Set(1);
    writer.Double(0.1);
    writer.Boolean(true);
    writer.Array(4);
    writer.Null();
    writer.NullArray();
    writer.Verbatim("txt", "v");
    writer.BigNumber("12");
  };
  OutputBuffer buffer;
  ReplyWriter resp3(buffer, true);
  write(resp3);
  EXPECT_EQ(Read(buffer.view(), 3),
            std::vector<std::string>{R"(%{"k": ~[,0.1], #t: [null, null, =txt:"v", (12]})"});
  buffer.Clear();
  ReplyWriter resp2(buffer, false);
  write(resp2);
  EXPECT_EQ(Read(buffer.view(), 3),
            std::vector<std::string>{
                R"(["k", ["0.10000000000000001"], :1, [null, null-array, "v", "12"]])"});
}

}  // namespace
}  // namespace replete
