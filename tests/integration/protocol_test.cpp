// Bytes on the wire: hostile, cut anywhere, huge, and clients that do not read.

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class ProtocolTest : public DaemonTest {};

struct Malformed {
  const char* name;
  std::string bytes;
  std::string error;
};

void PrintTo(const Malformed& malformed, std::ostream* out) { *out << malformed.name; }

std::vector<Malformed> MalformedRequests() {
  const std::string digits(70000, '1');
  const std::string head = "ERR Protocol error: ";
  return {
      {"type", "*1\r\n:5\r\n", head + "expected '$', got ':'"},
      {"count", "*abc\r\n", head + "invalid multibulk length"},
      {"hugeCount", "*9999999999\r\n", head + "invalid multibulk length"},
      {"emptyCount", "*\r\n$4\r\n", head + "invalid multibulk length"},
      {"length", "*1\r\n$abc\r\n", head + "invalid bulk length"},
      {"negativeLength", "*1\r\n$-5\r\n", head + "invalid bulk length"},
      {"nullArgument", "*2\r\n$4\r\nPING\r\n$-1\r\n", head + "invalid bulk length"},
      {"hugeLength", "*1\r\n$536870913\r\n", head + "invalid bulk length"},
      {"overflowingLength", "*1\r\n$99999999999999999999\r\n", head + "invalid bulk length"},
      {"quotes", "SET a \"b\r\n", head + "unbalanced quotes in request"},
      {"textAfterQuotes", "SET a \"b\"c\r\n", head + "unbalanced quotes in request"},
      {"longInline", std::string(70000, 'x'), head + "too big inline request"},
      {"longCount", "*" + digits, head + "too big mbulk count string"},
      {"longLength", "*1\r\n$" + digits, head + "too big bulk count string"},
  };
}

class MalformedTest : public ProtocolTest, public ::testing::WithParamInterface<Malformed> {};

// redis/redis #7746.
TEST_P(MalformedTest, CommandsBeforeItAreAnsweredThenOneErrorThenClosed) {
  Connection connection = Raw();
  // A line that is too long is an error before its end has come.
  const bool unfinished = GetParam().bytes.size() > 65536;
  connection.Send(Encode({"SET", "a", "1"}) + Encode({"GET", "a"}) + GetParam().bytes +
                  (unfinished ? "" : "\r\nPING\r\n"));
  EXPECT_EQ(connection.Read(), Status("OK"));
  EXPECT_EQ(connection.Read(), Bulk("1"));
  EXPECT_EQ(connection.Read(), Error(GetParam().error));
  EXPECT_TRUE(connection.ClosedByPeer()) << Quoted(connection.unread());
  EXPECT_EQ(Connect().Run("GET", "a"), Bulk("1"));
}

INSTANTIATE_TEST_SUITE_P(All, MalformedTest, ::testing::ValuesIn(MalformedRequests()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(ProtocolTest, EmptyRequestsAreIgnored) {
  Connection connection = Raw();
  connection.Send("*0\r\n\r\n\n*-1\r\n*-7\r\nPING\r\n");
  EXPECT_EQ(connection.Read(), Status("PONG"));
  EXPECT_FALSE(connection.Read(std::chrono::milliseconds(20)));
}

TEST_F(ProtocolTest, InlineCommands) {
  Connection connection = Raw();
  connection.Send(
      "PING\r\nPING\n  set   a  \"he\\x6clo\\n\\\"\"  \r\nGET a\r\nSET b 'it\\'s \"\\x'\r\n"
      "GET b\r\nECHO \"\"\r\n");
  EXPECT_EQ(connection.Read(), Status("PONG"));
  EXPECT_EQ(connection.Read(), Status("PONG"));
  EXPECT_EQ(connection.Read(), Status("OK"));
  EXPECT_EQ(connection.Read(), Bulk("hello\n\""));
  EXPECT_EQ(connection.Read(), Status("OK"));
  EXPECT_EQ(connection.Read(), Bulk("it's \"\\x"));
  EXPECT_EQ(connection.Read(), Bulk(""));
}

TEST_F(ProtocolTest, KeysAndValuesAreBytes) {
  Client client = Connect();
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(client.Run("SET", all, all + all), Status("OK"));
  EXPECT_EQ(client.Run("GET", all), Bulk(all + all));
  EXPECT_EQ(client.Run("SET", "", ""), Status("OK"));
  EXPECT_EQ(client.Run("GET", ""), Bulk(""));
  EXPECT_EQ(client.Run("DBSIZE"), Int(2));
}

// A pipeline whose replies do not depend on what was there before.
std::string RepeatablePipeline() {
  return Encode({"SET", "k", std::string("bin\r\n\0ary", 9)}) + "GET k\r\n" +
         Encode({"SET", "n", "0"}) + Encode({"INCR", "n"}) + "\r\n" + Encode({"ECHO", ""}) +
         Encode({"nosuch", "x"}) + "PING 'a b'\r\n" + Encode({"MGET", "k", "n", "none"});
}

std::vector<Reply> ReadMany(Connection* connection, std::size_t count) {
  std::vector<Reply> replies;
  for (std::size_t i = 0; i < count; ++i) replies.push_back(connection->Read().value_or(Reply{}));
  return replies;
}

TEST_F(ProtocolTest, SameRepliesHoweverTheBytesAreCut) {
  constexpr std::size_t kReplies = 8;
  const std::string bytes = RepeatablePipeline();
  Connection whole = Raw();
  whole.Send(bytes);
  const std::vector<Reply> expected = ReadMany(&whole, kReplies);
  ASSERT_EQ(expected.back(), Array({Bulk(std::string("bin\r\n\0ary", 9)), Bulk("1"), Nil()}));
  Connection cut = Raw();
  for (const char byte : bytes) cut.Send(std::string_view(&byte, 1));
  EXPECT_EQ(ReadMany(&cut, kReplies), expected);
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    cut.Send(std::string_view(bytes).substr(0, at));
    // The first part is worked on when somebody else's later request has been answered.
    whole.Ask({"PING"});
    cut.Send(std::string_view(bytes).substr(at));
    ASSERT_EQ(ReadMany(&cut, kReplies), expected) << "cut at " << at;
  }
}

// dragonflydb/dragonfly #5952, microsoft/garnet #1626.
TEST_F(ProtocolTest, LongPipelineSentBeforeReadingDoesNotDeadlock) {
  Connection connection = Raw();
  constexpr int kPairs = 30000;
  const std::string value(600, 'v');
  std::string bytes;
  for (int i = 0; i < kPairs; ++i) bytes += Encode({"SET", "k", value}) + Encode({"GET", "k"});
  ASSERT_TRUE(connection.Send(bytes)) << "the server stopped reading while replies wait";
  for (int i = 0; i < kPairs; ++i) {
    ASSERT_EQ(connection.Read(), Status("OK"));
    ASSERT_EQ(connection.Read(), Bulk(value));
  }
}

TEST_F(ProtocolTest, BigValuesComeBackWhole) {
  Client client = Connect();
  for (const std::size_t mib : {1, 5, 64}) {
    std::string value(mib << 20, '\0');
    for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 131 + i / 4096);
    ASSERT_EQ(client.Run("SET", "big", value), Status("OK"));
    EXPECT_EQ(client.Run("STRLEN", "big"), Int(static_cast<long long>(value.size())));
    ASSERT_TRUE(client.Run("GET", "big").text == value) << mib << " MiB";
    ASSERT_EQ(client.Run("APPEND", "big", "tail"), Int(static_cast<long long>(value.size()) + 4));
    ASSERT_TRUE(client.Run("GET", "big").text == value + "tail") << mib << " MiB";
  }
}

TEST_F(ProtocolTest, AnnouncedBytesThatNeverComeTakeNoMemory) {
  Client client = Connect();
  const std::uint64_t before = daemon().Rss();
  std::vector<Connection> liars;
  for (int i = 0; i < 20; ++i) {
    liars.push_back(Raw());
    liars.back().Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nonly this");
    client.Run("PING");
  }
  EXPECT_LT(daemon().Rss() - before, 64U << 20);
  EXPECT_EQ(client.Run("DBSIZE"), Int(0));
  liars.clear();
  EXPECT_EQ(client.Run("PING"), Status("PONG"));
}

TEST_F(ProtocolTest, ReaderThatNeverReadsIsCut) {
  Client client = Connect();
  ASSERT_EQ(client.Run("CONFIG", "SET", "client-output-buffer-limit", "normal 2000000 0 0"),
            Status("OK"));
  const std::string value(200000, 'v');
  ASSERT_EQ(client.Run("SET", "k", value), Status("OK"));
  const std::uint64_t before = daemon().Rss();
  Connection reader = Raw();
  std::string bytes;
  for (int i = 0; i < 2000; ++i) bytes += Encode({"GET", "k"});
  reader.Send(bytes);
  EXPECT_TRUE(Eventually([&] {
    pollfd wait{reader.fd(), POLLRDHUP, 0};
    return ::poll(&wait, 1, 0) > 0;
  }));
  EXPECT_LT(daemon().Rss() - before, 200U << 20);
  EXPECT_EQ(client.Run("GET", "k"), Bulk(value));
}

// What the system refuses: here the allocator of the sanitizer, from 20 MB at once.
TEST_F(ProtocolTest, MemoryThatTheSystemDoesNotGiveEndsNothingButTheCommand) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#ifdef __SANITIZE_ADDRESS__
  const char* name = "ASAN_OPTIONS";
#else
  const char* name = "TSAN_OPTIONS";
#endif
  const char* set = std::getenv(name);
  const std::string before = set != nullptr ? set : "";
  const ScopedVariable options(name,
                               before + ":max_allocation_size_mb=20:allocator_may_return_null=1");
  Start();
  Client client = Connect();
  const std::string value(12 << 20, 'v');
  ASSERT_EQ(client.Run("SET", "k", value), Status("OK"));
  const Reply refused = client.Run("APPEND", "k", value);
  EXPECT_TRUE(refused.IsError() && refused.text.starts_with("OOM")) << ToString(refused);
  EXPECT_EQ(client.Run("STRLEN", "k"), Int(12 << 20));
  client.Run("MULTI");
  client.Run("SET", "a", "1");
  client.Run("APPEND", "k", value);
  client.Run("SET", "b", "2");
  const Reply all = client.Run("EXEC");
  ASSERT_EQ(all.elements.size(), 3U) << ToString(all);
  EXPECT_TRUE(all.elements[1].IsError()) << ToString(all);
  EXPECT_EQ(client.Run("MGET", "a", "b"), Array({Bulk("1"), Bulk("2")}));
  // One that sends more than there is memory for is cut.
  Connection sender = Raw();
  sender.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$200000000\r\n");
  const std::string piece(1 << 20, 'v');
  bool cut = false;
  for (int i = 0; i < 190 && !cut; ++i) {
    cut = ::send(sender.fd(), piece.data(), piece.size(), MSG_NOSIGNAL) < 0;
  }
  EXPECT_TRUE(cut);
  EXPECT_EQ(client.Run("STRLEN", "k"), Int(12 << 20));
#else
  GTEST_SKIP() << "needs a sanitizer's allocator";
#endif
}

TEST_F(ProtocolTest, StrangersMayNotAnnounceMuch) {
  Start({"--requirepass", "secret"});
  Connection many = Raw();
  many.Send("*100\r\n");
  EXPECT_EQ(many.Read(), Error("ERR Protocol error: unauthenticated multibulk length"));
  EXPECT_TRUE(many.ClosedByPeer());
  Connection big = Raw();
  big.Send("*1\r\n$100000\r\n");
  EXPECT_EQ(big.Read(), Error("ERR Protocol error: unauthenticated bulk length"));
  EXPECT_TRUE(big.ClosedByPeer());
  Connection known = Raw();
  EXPECT_EQ(known.Ask({"AUTH", "secret"}), Status("OK"));
  EXPECT_EQ(known.Ask({"SET", "k", std::string(100000, 'v')}), Status("OK"));
}

TEST_F(ProtocolTest, UnknownCommandsAndWrongArity) {
  Client client = Connect();
  EXPECT_EQ(client.Run("NOSUCH", "a", "b"),
            Error("ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' "));
  EXPECT_EQ(client.Run("GET"), Error("ERR wrong number of arguments for 'get' command"));
  EXPECT_EQ(client.Run("CONFIG", "NOSUCH"),
            Error("ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP."));
  const Reply long_name = client.Run(std::vector<std::string>{std::string(5000, 'x'), "a"});
  EXPECT_TRUE(long_name.IsError());
  EXPECT_LT(long_name.text.size(), 1000U);
  EXPECT_EQ(client.Run(std::vector<std::string>{"no\r\nsuch"}).type, '-');
  EXPECT_EQ(client.Run("PING"), Status("PONG"));
}

// microsoft/garnet #811, #420; dragonflydb/dragonfly #2242.
TEST_F(ProtocolTest, Resp3TypesAreThoseOfRedis) {
  Connection connection = Raw();
  const Reply hello = connection.Ask({"HELLO", "3"}).value_or(Reply{});
  ASSERT_EQ(hello.type, '%');
  EXPECT_EQ(FieldOf(hello, "proto"), Int(3));
  EXPECT_EQ(FieldOf(hello, "id").type, ':');
  EXPECT_EQ(FieldOf(hello, "server"), Bulk("redis"));
  EXPECT_EQ(FieldOf(hello, "modules").type, '*');
  EXPECT_EQ(connection.Ask({"GET", "none"}), Null());
  EXPECT_EQ(connection.Ask({"MGET", "none"}), Array({Null()}));
  EXPECT_EQ(connection.Ask({"HGETALL", "none"}), Array({}, '%'));
  EXPECT_EQ(connection.Ask({"HSET", "h", "f", "1"}), Int(1));
  EXPECT_EQ(connection.Ask({"HGETALL", "h"}), Array({Bulk("f"), Bulk("1")}, '%'));
  EXPECT_EQ(connection.Ask({"INCRBYFLOAT", "x", "1.5"}), Bulk("1.5"));
  EXPECT_EQ(connection.Ask({"RPOP", "none"}), Null());
  EXPECT_EQ(connection.Ask({"RPOP", "none", "2"}), Null());
  EXPECT_EQ(connection.Ask({"CONFIG", "GET", "timeout"}), Array({Bulk("timeout"), Bulk("0")}, '%'));
  const Reply info = connection.Ask({"INFO", "server"}).value_or(Reply{});
  EXPECT_EQ(info.type, '=');
  EXPECT_TRUE(info.text.starts_with("txt:# Server")) << info.text.substr(0, 40);
  const Reply command = connection.Ask({"COMMAND", "INFO", "get"}).value_or(Reply{});
  ASSERT_EQ(command.elements.size(), 1U);
  ASSERT_GE(command.elements[0].elements.size(), 7U);
  EXPECT_EQ(command.elements[0].elements[2].type, '~');
}

// They do not fit into what the system holds for a connection, and a worker makes some of them.
TEST_F(ProtocolTest, LongRepliesComeWholeAndInOrder) {
  Client writer = Connect();
  constexpr int kKeys = 20'000;
  const std::string name(60, 'k');
  for (int i = 0; i < kKeys; ++i) writer.Append({"SET", name + std::to_string(i), "v"});
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(writer.Next(), Status("OK"));
  const std::string big(8 << 20, 'b');
  ASSERT_EQ(writer.Run("SET", "big", big), Status("OK"));

  Connection reader = Raw();
  std::string requests;
  for (int round = 0; round < 3; ++round) {
    requests += Encode({"KEYS", name + "*"});
    requests += Encode({"ECHO", "first"});
    requests += Encode({"GET", "big"});
    requests += Encode({"GET", "big"});
    requests += Encode({"ECHO", "second"});
    requests += Encode({"KEYS", name + "*"});
    requests += Encode({"ECHO", "third"});
  }
  reader.Send(requests);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // what does not fit has to wait
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(reader.Read().value_or(Reply{}).elements.size(), static_cast<std::size_t>(kKeys));
    ASSERT_EQ(reader.Read(), Bulk("first"));
    EXPECT_TRUE(reader.Read().value_or(Reply{}).text == big);
    EXPECT_TRUE(reader.Read().value_or(Reply{}).text == big);
    ASSERT_EQ(reader.Read(), Bulk("second"));
    EXPECT_EQ(reader.Read().value_or(Reply{}).elements.size(), static_cast<std::size_t>(kKeys));
    ASSERT_EQ(reader.Read(), Bulk("third"));
  }
}

}  // namespace
}  // namespace replete::test
