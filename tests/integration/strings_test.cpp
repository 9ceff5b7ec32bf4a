// Strings: options, numbers, errors. What redis-server answers to odd combinations is compared at
// random in tests/differential; here is what a reader should know it must be.

#include <string>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class StringsTest : public DaemonTest {
 protected:
  static Reply NotInteger() { return Error("ERR value is not an integer or out of range"); }
  static Reply WrongType() {
    return Error("WRONGTYPE Operation against a key holding the wrong kind of value");
  }
};

TEST_F(StringsTest, SetAndGet) {
  Client client = Connect();
  EXPECT_EQ(client.Run("GET", "k"), Nil());
  EXPECT_EQ(client.Run("SET", "k", "v"), Status("OK"));
  EXPECT_EQ(client.Run("GET", "k"), Bulk("v"));
  EXPECT_EQ(client.Run("SET", "k", "w", "NX"), Nil());
  EXPECT_EQ(client.Run("SET", "k", "w", "xx", "get"), Bulk("v"));
  EXPECT_EQ(client.Run("GET", "k"), Bulk("w"));
  EXPECT_EQ(client.Run("SET", "new", "v", "XX"), Nil());
  EXPECT_EQ(client.Run("SET", "new", "v", "NX", "GET"), Nil());
  EXPECT_EQ(client.Run("GET", "new"), Bulk("v"));
  EXPECT_EQ(client.Run("SET", "new", "w", "NX", "GET"), Bulk("v"));
  EXPECT_EQ(client.Run("GET", "new"), Bulk("v"));
}

TEST_F(StringsTest, SetRangeFillsWithZeros) {
  Client client = Connect();
  EXPECT_EQ(client.Run("SETRANGE", "k", "3", "ab"), Int(5));
  EXPECT_EQ(client.Run("GET", "k"), Bulk(std::string("\0\0\0ab", 5)));
  EXPECT_EQ(client.Run("SETRANGE", "k", "4", "xyz"), Int(7));
  EXPECT_EQ(client.Run("SETRANGE", "k", "0", ""), Int(7));
  EXPECT_EQ(client.Run("SUBSTR", "k", "-4", "-1"), Bulk("axyz"));
  EXPECT_EQ(client.Run("SETRANGE", "absent", "10", ""), Int(0));
  EXPECT_EQ(client.Run("EXISTS", "absent"), Int(0));
  EXPECT_EQ(client.Run("SETRANGE", "big", "100000", "x"), Int(100001));
  EXPECT_EQ(client.Run("SETRANGE", "k", "-1", "x"), Error("ERR offset is out of range"));
  EXPECT_EQ(client.Run("SETRANGE", "k", "536870911", "xy"),
            Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"));
}

// The long one is computed by a worker while others are served.
TEST_F(StringsTest, LcsInEveryForm) {
  Client client = Connect();
  client.Run("MSET", "a", "ohmytext", "b", "mynewtext");
  EXPECT_EQ(client.Run("LCS", "a", "b"), Bulk("mytext"));
  EXPECT_EQ(client.Run("LCS", "a", "b", "LEN"), Int(6));
  const Reply runs = client.Run("LCS", "a", "b", "IDX", "MINMATCHLEN", "3", "WITHMATCHLEN");
  EXPECT_EQ(runs, Array({Bulk("matches"),
                         Array({Array({Array({Int(4), Int(7)}), Array({Int(5), Int(8)}), Int(4)})}),
                         Bulk("len"), Int(6)}));
  client.Run("HSET", "h", "f", "v");
  EXPECT_EQ(client.Run("LCS", "a", "h"),
            Error("ERR The specified keys must contain string values"));
  const std::string text(4000, 'x');
  client.Run("MSET", "a", text + "y", "b", "z" + text);
  EXPECT_EQ(client.Run("LCS", "a", "b", "LEN"), Int(4000));
  EXPECT_EQ(client.Run("LCS", "a", "b"), Bulk(text));
}

// So many keys that a worker runs the command while the session waits.
TEST_F(StringsTest, CommandsOfVeryManyKeys) {
  Client client = Connect();
  constexpr int kKeys = 30000;
  std::vector<std::string> set = {"MSET"};
  std::vector<std::string> get = {"MGET"};
  for (int i = 0; i < kKeys; ++i) {
    set.push_back("k" + std::to_string(i));
    set.push_back(std::to_string(i));
    get.push_back("k" + std::to_string(i));
  }
  client.Append(set);
  client.Append({"PING"});
  EXPECT_EQ(client.Next(), Status("OK"));
  EXPECT_EQ(client.Next(), Status("PONG"));
  EXPECT_EQ(client.Run("DBSIZE"), Int(kKeys));
  const Reply values = client.Run(get);
  ASSERT_EQ(values.elements.size(), static_cast<size_t>(kKeys));
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(values.elements[i], Bulk(std::to_string(i)));
}

TEST_F(StringsTest, SetRefusesWhatContradictsItself) {
  Client client = Connect();
  const Reply syntax = Error("ERR syntax error");
  EXPECT_EQ(client.Run("SET", "k", "v", "NX", "XX"), syntax);
  EXPECT_EQ(client.Run("SET", "k", "v", "EX", "10", "PX", "10"), syntax);
  EXPECT_EQ(client.Run("SET", "k", "v", "KEEPTTL", "EX", "10"), syntax);
  EXPECT_EQ(client.Run("SET", "k", "v", "EX"), syntax);
  EXPECT_EQ(client.Run("SET", "k", "v", "nosuch"), syntax);
  EXPECT_EQ(client.Run("SET", "k", "v", "EX", "ten"), NotInteger());
  EXPECT_EQ(client.Run("EXISTS", "k"), Int(0));
}

TEST_F(StringsTest, SetReplacesAnyTypeButGetMustBeAString) {
  Client client = Connect();
  EXPECT_EQ(client.Run("LPUSH", "k", "a"), Int(1));
  EXPECT_EQ(client.Run("GET", "k"), WrongType());
  EXPECT_EQ(client.Run("SET", "k", "v", "GET"), WrongType());
  EXPECT_EQ(client.Run("TYPE", "k"), Status("list"));
  EXPECT_EQ(client.Run("SET", "k", "v"), Status("OK"));
  EXPECT_EQ(client.Run("TYPE", "k"), Status("string"));
}

TEST_F(StringsTest, IncrCountsAndDoesNotWrapAround) {
  Client client = Connect();
  EXPECT_EQ(client.Run("INCR", "n"), Int(1));
  EXPECT_EQ(client.Run("SET", "n", "9223372036854775806"), Status("OK"));
  EXPECT_EQ(client.Run("INCR", "n"), Int(9223372036854775807LL));
  EXPECT_EQ(client.Run("INCR", "n"), Error("ERR increment or decrement would overflow"));
  EXPECT_EQ(client.Run("GET", "n"), Bulk("9223372036854775807"));
  for (const char* bad : {"", " 1", "1 ", "01", "+1", "-0", "1.0", "abc", "9223372036854775808"}) {
    client.Run("SET", "n", bad);
    EXPECT_EQ(client.Run("INCR", "n"), NotInteger()) << bad;
    EXPECT_EQ(client.Run("GET", "n"), Bulk(bad));
  }
}

TEST_F(StringsTest, IncrByFloatWritesNumbersAsRedisDoes) {
  Client client = Connect();
  EXPECT_EQ(client.Run("INCRBYFLOAT", "x", "10.50"), Bulk("10.5"));
  EXPECT_EQ(client.Run("INCRBYFLOAT", "x", "0.1"), Bulk("10.6"));
  EXPECT_EQ(client.Run("INCRBYFLOAT", "x", "-5"), Bulk("5.6"));
  EXPECT_EQ(client.Run("INCRBYFLOAT", "x", "2.0e2"), Bulk("205.60000000000000001"));
  EXPECT_EQ(client.Run("SET", "x", "3.0e3"), Status("OK"));
  EXPECT_EQ(client.Run("INCRBYFLOAT", "x", "200"), Bulk("3200"));
  EXPECT_EQ(client.Run("INCRBYFLOAT", "x", "nan"), Error("ERR value is not a valid float"));
  EXPECT_EQ(client.Run("INCRBYFLOAT", "x", "inf"),
            Error("ERR increment would produce NaN or Infinity"));
  EXPECT_EQ(client.Run("GET", "x"), Bulk("3200"));
}

TEST_F(StringsTest, AppendAndStrlen) {
  Client client = Connect();
  EXPECT_EQ(client.Run("STRLEN", "k"), Int(0));
  EXPECT_EQ(client.Run("APPEND", "k", ""), Int(0));
  EXPECT_EQ(client.Run("APPEND", "k", "ab"), Int(2));
  EXPECT_EQ(client.Run("APPEND", "k", "cd"), Int(4));
  EXPECT_EQ(client.Run("SET", "n", "12"), Status("OK"));
  EXPECT_EQ(client.Run("APPEND", "n", "3"), Int(3));
  EXPECT_EQ(client.Run("INCR", "n"), Int(124));
  // Across every size at which an entry or an integer may change its form.
  std::string expected;
  for (int i = 0; i < 700; ++i) {
    expected += static_cast<char>('0' + i % 10);
    ASSERT_EQ(client.Run("APPEND", "grows", expected.substr(expected.size() - 1)), Int(i + 1));
    ASSERT_EQ(client.Run("GET", "grows"), Bulk(expected));
  }
}

TEST_F(StringsTest, MgetAndMset) {
  Client client = Connect();
  EXPECT_EQ(client.Run("MSET", "a", "1", "b", "2", "a", "3"), Status("OK"));
  EXPECT_EQ(client.Run("LPUSH", "l", "x"), Int(1));
  EXPECT_EQ(client.Run("MGET", "a", "none", "l", "b", "a"),
            Array({Bulk("3"), Nil(), Nil(), Bulk("2"), Bulk("3")}));
  EXPECT_EQ(client.Run("MSET", "a", "1", "b"),
            Error("ERR wrong number of arguments for 'mset' command"));
  EXPECT_EQ(client.Run("MGET", "a"), Array({Bulk("3")}));
}

TEST_F(StringsTest, GetexChangesOnlyTheDeadline) {
  Client client = Connect();
  EXPECT_EQ(client.Run("GETEX", "none", "EX", "100"), Nil());
  client.Run("SET", "k", "v");
  EXPECT_EQ(client.Run("GETEX", "k", "EX", "100"), Bulk("v"));
  EXPECT_GT(client.Run("TTL", "k").Integer(), 50);
  EXPECT_EQ(client.Run("GETEX", "k"), Bulk("v"));
  EXPECT_GT(client.Run("TTL", "k").Integer(), 50);
  EXPECT_EQ(client.Run("GETEX", "k", "PERSIST"), Bulk("v"));
  EXPECT_EQ(client.Run("TTL", "k"), Int(-1));
  EXPECT_EQ(client.Run("GETEX", "k", "PXAT", "1"), Bulk("v"));
  EXPECT_EQ(client.Run("EXISTS", "k"), Int(0));
  EXPECT_EQ(client.Run("GETEX", "k", "EX", "1", "PERSIST"), Error("ERR syntax error"));
}

TEST_F(StringsTest, TheSelfTestOfTheSketchesPasses) {
  EXPECT_EQ(Connect().Run("PFSELFTEST"), Status("OK"));
}

}  // namespace
}  // namespace replete::test
