// Keys and their deadlines.

#include <set>
#include <string>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class KeysTest : public DaemonTest {};
class ExpiryTest : public DaemonTest {};

TEST_F(KeysTest, DelUnlinkExistsType) {
  Client client = Connect();
  client.Run("MSET", "a", "1", "b", "2", "c", "3");
  EXPECT_EQ(client.Run("EXISTS", "a", "a", "none", "b"), Int(3));
  EXPECT_EQ(client.Run("DEL", "a", "a", "none"), Int(1));
  EXPECT_EQ(client.Run("UNLINK", "b", "c"), Int(2));
  EXPECT_EQ(client.Run("DBSIZE"), Int(0));
  client.Run("HSET", "h", "f", "v");
  EXPECT_EQ(client.Run("TYPE", "h"), Status("hash"));
  EXPECT_EQ(client.Run("TYPE", "none"), Status("none"));
}

// apache/kvrocks #492, #1180; resque/redis-namespace #56.
TEST_F(KeysTest, DatabasesAreSeparateInEveryRespect) {
  Client client = Connect();
  client.Run("SET", "k", "zero");
  EXPECT_EQ(client.Run("SELECT", "1"), Status("OK"));
  EXPECT_EQ(client.Run("GET", "k"), Nil());
  EXPECT_EQ(client.Run("DBSIZE"), Int(0));
  EXPECT_EQ(client.Run("KEYS", "*"), Array({}));
  client.Run("SET", "k", "one");
  EXPECT_EQ(client.Run("FLUSHDB"), Status("OK"));
  EXPECT_EQ(client.Run("SELECT", "0"), Status("OK"));
  EXPECT_EQ(client.Run("GET", "k"), Bulk("zero"));
  EXPECT_EQ(client.Run("SELECT", "16"), Error("ERR DB index is out of range"));
  EXPECT_EQ(client.Run("GET", "k"), Bulk("zero"));
  client.Run("COPY", "k", "k", "DB", "2");
  EXPECT_EQ(client.Run("FLUSHALL"), Status("OK"));
  client.Run("SELECT", "2");
  EXPECT_EQ(client.Run("EXISTS", "k"), Int(0));
}

// redis/redis #128, #2765; microsoft/garnet #651.
TEST_F(KeysTest, RenameAndCopyTakeTheTtlAlong) {
  Client client = Connect();
  client.Run("SET", "from", "v", "EX", "1000");
  client.Run("SET", "to", "old", "EX", "100000");
  EXPECT_EQ(client.Run("RENAME", "from", "to"), Status("OK"));
  EXPECT_LE(client.Run("TTL", "to").Integer(), 1000);
  EXPECT_EQ(client.Run("EXISTS", "from"), Int(0));
  client.Run("SET", "from", "v");
  EXPECT_EQ(client.Run("RENAME", "from", "to"), Status("OK"));
  EXPECT_EQ(client.Run("TTL", "to"), Int(-1));
  client.Run("SET", "from", "v", "EX", "1000");
  EXPECT_EQ(client.Run("COPY", "from", "to"), Int(0));
  EXPECT_EQ(client.Run("COPY", "from", "to", "REPLACE"), Int(1));
  EXPECT_GT(client.Run("TTL", "to").Integer(), 0);
  EXPECT_GT(client.Run("TTL", "from").Integer(), 0);
  EXPECT_EQ(client.Run("RENAME", "none", "to"), Error("ERR no such key"));
  EXPECT_EQ(client.Run("RENAME", "to", "to"), Status("OK"));
  EXPECT_EQ(client.Run("GET", "to"), Bulk("v"));
}

// redis/redis #4906.
TEST_F(KeysTest, ScanReturnsEveryKeyThatIsThereAllTheTimeAndEnds) {
  Client client = Connect();
  constexpr int kStay = 3000;
  for (int i = 0; i < kStay; ++i) client.Append({"SET", "stay:" + std::to_string(i), "v"});
  for (int i = 0; i < kStay; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  std::set<std::string> seen;
  std::string cursor = "0";
  int step = 0;
  do {
    ASSERT_LT(++step, 100000) << "the scan does not end";
    // The table grows in the first part of the scan and shrinks in the second.
    for (int i = 0; i < 50; ++i) {
      const std::string key = "come:" + std::to_string((step * 50 + i) % 5000);
      client.Append({step < 150 ? "SET" : "DEL", key, "v"});
    }
    for (int i = 0; i < 50; ++i) client.Next();
    const Reply reply = client.Run("SCAN", cursor, "COUNT", "10", "MATCH", "stay:*");
    ASSERT_EQ(reply.elements.size(), 2U) << ToString(reply);
    cursor = reply.elements[0].text;
    for (const Reply& key : reply.elements[1].elements) seen.insert(key.text);
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kStay));
}

TEST_F(KeysTest, RandomKeyFindsEveryKeyThatIsAlive) {
  Client client = Connect();
  EXPECT_EQ(client.Run("RANDOMKEY"), Nil());
  std::set<std::string> all;
  for (int i = 0; i < 50; ++i) {
    all.insert("k" + std::to_string(i));
    client.Run("SET", "k" + std::to_string(i), "v");
  }
  std::set<std::string> found;
  for (int i = 0; i < 20'000 && found.size() < all.size(); ++i) {
    found.insert(client.Run("RANDOMKEY").text);
  }
  EXPECT_EQ(found, all);
  client.Run("FLUSHDB");
  client.Run("SET", "last", "v");
  EXPECT_EQ(client.Run("RANDOMKEY"), Bulk("last"));
}

TEST_F(KeysTest, KeysUnderstandsGlobs) {
  Client client = Connect();
  client.Run("MSET", "hello", "1", "hallo", "2", "hxllo", "3", "h*llo", "4");
  EXPECT_EQ(client.Run("KEYS", "h[ae]llo").elements.size(), 2U);
  EXPECT_EQ(client.Run("KEYS", "h[^ae]llo").elements.size(), 2U);
  EXPECT_EQ(client.Run("KEYS", "h\\*llo"), Array({Bulk("h*llo")}));
  EXPECT_EQ(client.Run("KEYS", "h?llo").elements.size(), 4U);
  // Stars that match in many ways must not take for ever.
  client.Run("SET", std::string(2000, 'a'), "v");
  std::string hostile;
  for (int i = 0; i < 60; ++i) hostile += "a*";
  EXPECT_EQ(client.Run("KEYS", hostile + "b"), Array({}));
}

// redis/redis #3739, #6800, #8032.
TEST_F(ExpiryTest, HugeTtlsAreRefusedAndChangeNothing) {
  Client client = Connect();
  client.Run("SET", "k", "v", "EX", "1000");
  const auto refused = [&](const std::vector<std::string>& args, const std::string& command) {
    EXPECT_EQ(client.Run(args), Error("ERR invalid expire time in '" + command + "' command"))
        << args[0] << " " << args.back();
    EXPECT_EQ(client.Run("GET", "k"), Bulk("v"));
    const long long ttl = client.Run("TTL", "k").Integer();
    EXPECT_TRUE(ttl > 900 && ttl <= 1000) << ttl;
  };
  const std::string huge = "9223372036854775807";
  const std::string low = "-9223372036854775808";
  for (const std::string& bad : {huge, std::string("9223372036854775"), std::string("0")}) {
    if (bad != "0") refused({"SET", "k", "w", "PX", huge}, "set");
    refused({"SET", "k", "w", "EX", bad == "9223372036854775" ? huge : bad}, "set");
  }
  refused({"SET", "k", "w", "EXAT", huge}, "set");
  refused({"SET", "k", "w", "PX", "-1"}, "set");
  refused({"GETEX", "k", "EX", huge}, "getex");
  refused({"GETEX", "k", "PX", huge}, "getex");
  refused({"EXPIRE", "k", huge}, "expire");
  refused({"EXPIRE", "k", low}, "expire");
  refused({"EXPIRE", "k", "9223372036854776"}, "expire");
}

TEST_F(ExpiryTest, ADeadlineInThePastDeletes) {
  Client client = Connect();
  for (const char* deadline : {"0", "1", "-1", "1000"}) {
    client.Run("SET", "k", "v");
    EXPECT_EQ(client.Run("PEXPIREAT", "k", deadline), Int(1));
    EXPECT_EQ(client.Run("EXISTS", "k"), Int(0));
  }
  client.Run("SET", "k", "v");
  EXPECT_EQ(client.Run("EXPIRE", "k", "-1"), Int(1));
  EXPECT_EQ(client.Run("DBSIZE"), Int(0));
  EXPECT_EQ(client.Run("SET", "k", "v", "PXAT", "1"), Status("OK"));
  EXPECT_EQ(client.Run("GET", "k"), Nil());
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE") == Int(0); }));
}

// dragonflydb/dragonfly #607; redis/node-redis #2847; redis/redis #4187.
TEST_F(ExpiryTest, SetDropsTheTtlAndChangesInPlaceKeepIt) {
  Client client = Connect();
  const auto has_ttl = [&] { return client.Run("TTL", "k").Integer() > 0; };
  client.Run("SET", "k", "1", "EX", "1000");
  client.Run("INCR", "k");
  client.Run("INCRBYFLOAT", "k", "1.5");
  client.Run("APPEND", "k", "0");
  client.Run("SET", "k", "2", "KEEPTTL");
  client.Run("SET", "k", "3", "NX");
  EXPECT_TRUE(has_ttl());
  client.Run("SET", "k", "4");
  EXPECT_FALSE(has_ttl());
  EXPECT_EQ(client.Run("GET", "k"), Bulk("4"));
  client.Run("EXPIRE", "k", "1000");
  client.Run("MSET", "k", "5");
  EXPECT_FALSE(has_ttl());
  client.Run("DEL", "k");
  client.Run("HSET", "k", "f", "v");
  client.Run("EXPIRE", "k", "1000");
  client.Run("HSET", "k", "g", "v");
  client.Run("HDEL", "k", "f");
  EXPECT_TRUE(has_ttl());
}

// dragonflydb/dragonfly PR 8189, PR 6203; microsoft/garnet PR 666.
TEST_F(ExpiryTest, ConditionsOfExpireMustAllHoldAndNoTtlIsInfinite) {
  Client client = Connect();
  client.Run("SET", "k", "v");
  EXPECT_EQ(client.Run("EXPIRE", "k", "1000", "GT"), Int(0));
  EXPECT_EQ(client.Run("EXPIRE", "k", "1000", "XX"), Int(0));
  EXPECT_EQ(client.Run("EXPIRE", "k", "1000", "XX", "LT"), Int(0));
  EXPECT_EQ(client.Run("EXPIRE", "k", "1000", "LT"), Int(1));
  EXPECT_EQ(client.Run("EXPIRE", "k", "500", "XX", "GT"), Int(0));
  EXPECT_EQ(client.Run("EXPIRE", "k", "500", "NX"), Int(0));
  EXPECT_EQ(client.Run("EXPIRE", "k", "2000", "XX", "GT"), Int(1));
  EXPECT_GT(client.Run("TTL", "k").Integer(), 1500);
  EXPECT_TRUE(client.Run("EXPIRE", "k", "500", "NX", "GT").IsError());
  EXPECT_TRUE(client.Run("EXPIRE", "k", "500", "GT", "LT").IsError());
  EXPECT_EQ(client.Run("EXPIRE", "none", "500", "LT"), Int(0));
}

// apache/kvrocks #2660, #1278; redis/redis #1026, #712.
TEST_F(ExpiryTest, AnExpiredKeyIsAbsentForEveryCommand) {
  Client client = Connect();
  const auto set_and_pass = [&](const char* key) {
    client.Run("SET", key, "text", "PX", "1");
    // Once PTTL says that it is gone nothing may show it again, whatever was swept meanwhile.
    ASSERT_TRUE(Eventually([&] { return client.Run("PTTL", key) == Int(-2); }));
  };
  set_and_pass("a");
  EXPECT_EQ(client.Run("GET", "a"), Nil());
  EXPECT_EQ(client.Run("INCR", "a"), Int(1));
  EXPECT_EQ(client.Run("TTL", "a"), Int(-1));
  set_and_pass("b");
  EXPECT_EQ(client.Run("TYPE", "b"), Status("none"));
  EXPECT_EQ(client.Run("EXPIRE", "b", "1000"), Int(0));
  EXPECT_EQ(client.Run("PERSIST", "b"), Int(0));
  EXPECT_EQ(client.Run("HSET", "b", "f", "v"), Int(1));
  set_and_pass("c");
  EXPECT_EQ(client.Run("RENAME", "c", "d"), Error("ERR no such key"));
  EXPECT_EQ(client.Run("SET", "c", "v", "XX"), Nil());
  EXPECT_EQ(client.Run("APPEND", "c", "new"), Int(3));
  EXPECT_EQ(client.Run("DEL", "c"), Int(1));
}

TEST_F(ExpiryTest, NothingIsReadOnceItsDeadlineHasPassed) {
  Client client = Connect();
  for (int i = 0; i < 200; ++i) {
    client.Run("SET", "k", "v", "PX", i % 5 + 1);
    for (;;) {
      client.Append({"PTTL", "k"});
      client.Append({"GET", "k"});
      client.Append({"EXISTS", "k"});
      const Reply ttl = client.Next();
      const Reply value = client.Next();
      const Reply exists = client.Next();
      ASSERT_EQ(ttl.type, ':') << ToString(ttl);
      ASSERT_TRUE(ttl == Int(-2) || ttl.Integer() >= 0) << ToString(ttl);
      if (ttl == Int(-2)) {
        ASSERT_EQ(value, Nil());
      }
      if (value == Nil()) {
        ASSERT_EQ(exists, Int(0));
        break;
      }
    }
  }
}

TEST_F(ExpiryTest, EveryKeyExpiresWithOneEvent) {
  Client client = Connect();
  ASSERT_EQ(client.Run("CONFIG", "SET", "notify-keyspace-events", "Ex"), Status("OK"));
  Connection listener = Raw();
  listener.Ask({"SUBSCRIBE", "__keyevent@0__:expired"});
  constexpr int kKeys = 2000;
  std::set<std::string> expected;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "k" + std::to_string(i);
    expected.insert(key);
    client.Append({"SET", key, "v", "PX", std::to_string(1 + i % 50)});
  }
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  while (!expected.empty()) {
    const auto event = listener.Read();
    ASSERT_TRUE(event) << expected.size() << " keys have not expired";
    ASSERT_EQ(event->elements.size(), 3U);
    ASSERT_EQ(expected.erase(event->elements[2].text), 1U) << event->elements[2].text << " twice";
  }
  EXPECT_EQ(client.Run("DBSIZE"), Int(0));
}

TEST_F(ExpiryTest, PersistKeepsTheKey) {
  Client client = Connect();
  client.Run("SET", "k", "v", "EX", "1000");
  EXPECT_EQ(client.Run("PERSIST", "k"), Int(1));
  EXPECT_EQ(client.Run("PERSIST", "k"), Int(0));
  EXPECT_EQ(client.Run("PTTL", "k"), Int(-1));
  EXPECT_EQ(client.Run("PTTL", "none"), Int(-2));
}

}  // namespace
}  // namespace replete::test
