// DUMP, RESTORE, OBJECT, MEMORY USAGE. Dumps that cross from one server to the other are compared
// at random in tests/differential.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

using std::string_view_literals::operator""sv;

class DumpTest : public DaemonTest {};

TEST_F(DumpTest, AValueComesBackAsItWas) {
  Client client = Connect();
  client.Run("SET", "string", std::string(100'000, 'x'));
  client.Run("SET", "integer", "-1234");
  client.Run("HSET", "hash", "f", "v", "g", std::string(500, 'w'));
  client.Run("RPUSH", "list", "a", "", "7");
  for (const char* key : {"string", "integer", "hash", "list"}) {
    const Reply dump = client.Run("DUMP", key);
    ASSERT_EQ(dump.type, '$') << key;
    ASSERT_EQ(client.Run("RESTORE", std::string(key) + "2", "0", dump.text), Status("OK")) << key;
    EXPECT_EQ(client.Run("TTL", std::string(key) + "2"), Int(-1));
  }
  EXPECT_EQ(client.Run("GET", "string2"), Bulk(std::string(100'000, 'x')));
  EXPECT_EQ(client.Run("INCR", "integer2"), Int(-1233));
  EXPECT_EQ(client.Run("HGET", "hash2", "g"), Bulk(std::string(500, 'w')));
  EXPECT_EQ(client.Run("HLEN", "hash2"), Int(2));
  EXPECT_EQ(client.Run("LPOP", "list2", "9"), Array({Bulk("a"), Bulk(""), Bulk("7")}));
  EXPECT_EQ(client.Run("DUMP", "absent"), Nil());
}

TEST_F(DumpTest, RestoreMindsWhatIsThereAndWhen) {
  Client client = Connect();
  client.Run("SET", "from", "v");
  const std::string dump = client.Run("DUMP", "from").text;
  client.Run("SET", "k", "w");
  EXPECT_EQ(client.Run("RESTORE", "k", "0", dump),
            Error("BUSYKEY Target key name already exists."));
  EXPECT_EQ(client.Run("RESTORE", "k", "50000", dump, "REPLACE"), Status("OK"));
  EXPECT_EQ(client.Run("GET", "k"), Bulk("v"));
  const long long ttl = client.Run("PTTL", "k").Integer();
  EXPECT_GT(ttl, 0);
  EXPECT_LE(ttl, 50'000);
  EXPECT_EQ(client.Run("RESTORE", "k", "4102444800000", dump, "REPLACE", "ABSTTL"), Status("OK"));
  EXPECT_EQ(client.Run("PEXPIRETIME", "k"), Int(4102444800000));
  EXPECT_EQ(client.Run("RESTORE", "k", "1", dump, "REPLACE", "ABSTTL"), Status("OK"));
  EXPECT_EQ(client.Run("EXISTS", "k"), Int(0)) << "it has passed";
  EXPECT_EQ(client.Run("RESTORE", "k", "-1", dump), Error("ERR Invalid TTL value, must be >= 0"));
  std::string damaged = dump;
  damaged[1] ^= 1;
  EXPECT_EQ(client.Run("RESTORE", "k", "0", damaged),
            Error("ERR DUMP payload version or checksum are wrong"));
  EXPECT_EQ(client.Run("EXISTS", "k"), Int(0));
}

TEST_F(DumpTest, ATypeThatIsNotThereIsRefusedByItsName) {
  REPLETE_ONLY();
  Client client = Connect();
  // What redis-server 7.0.15 dumps of a set of two.
  const std::string set("\x02\x02\x01\x62\x01\x61\x0a\x00\x75\xd9\x9d\x83\x5e\xf8\x5f\x65"sv);
  EXPECT_EQ(client.Run("RESTORE", "k", "0", set),
            Error("ERR values of type 'set' cannot be restored here"));
  EXPECT_EQ(client.Run("EXISTS", "k"), Int(0));
}

TEST_F(DumpTest, TheFrequencyOfAKeyCanBeTold) {
  REPLETE_ONLY();
  Client client = Connect();
  ASSERT_EQ(client.Run("NAMESPACE", "CREATE", "n", "POLICY", "lfu"), Status("OK"));
  client.Run("NAMESPACE", "USE", "n");
  client.Run("SET", "from", "v");
  const std::string dump = client.Run("DUMP", "from").text;
  EXPECT_EQ(client.Run("RESTORE", "k", "0", dump, "FREQ", "200"), Status("OK"));
  const long long frequency = client.Run("OBJECT", "FREQ", "k").Integer();
  EXPECT_GE(frequency, 199) << "a minute may have passed";
  EXPECT_LE(frequency, 200);
  EXPECT_EQ(client.Run("RESTORE", "k", "0", dump, "REPLACE", "FREQ", "256"),
            Error("ERR Invalid FREQ value, must be >= 0 and <= 255"));
  EXPECT_EQ(client.Run("RESTORE", "k", "0", dump, "REPLACE", "FREQ", "1", "IDLETIME", "1"),
            Error("ERR syntax error"));
}

TEST_F(DumpTest, TheIdleTimeOfAKeyCanBeToldAndAUseEndsIt) {
  Client client = Connect();
  client.Run("SET", "from", "v");
  EXPECT_LT(client.Run("OBJECT", "IDLETIME", "from").Integer(), 100);
  const std::string dump = client.Run("DUMP", "from").text;
  for (const long long idle : {1'000, 100'000, 10'000'000}) {
    client.Run("RESTORE", "k", "0", dump, "REPLACE", "IDLETIME", std::to_string(idle));
    EXPECT_GE(client.Run("OBJECT", "IDLETIME", "k").Integer(), idle);
    EXPECT_LT(client.Run("OBJECT", "IDLETIME", "k").Integer(), idle + 100);
    client.Run("CLIENT", "NO-TOUCH", "on");
    client.Run("GET", "k");
    client.Run("CLIENT", "NO-TOUCH", "off");
    EXPECT_GE(client.Run("OBJECT", "IDLETIME", "k").Integer(), idle) << "that was no use";
    EXPECT_EQ(client.Run("TOUCH", "k"), Int(1));
    EXPECT_LT(client.Run("OBJECT", "IDLETIME", "k").Integer(), 100);
  }
  EXPECT_EQ(client.Run("OBJECT", "IDLETIME", "absent"), Nil());
  client.Run("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu");
  EXPECT_EQ(client.Run("OBJECT", "IDLETIME", "from").text.substr(0, 40),
            "ERR An LFU maxmemory policy is selected,");
}

TEST_F(DumpTest, AFifoNamespaceTracksNoUses) {
  REPLETE_ONLY();
  Client client = Connect();
  ASSERT_EQ(client.Run("NAMESPACE", "CREATE", "n", "POLICY", "fifo"), Status("OK"));
  client.Run("NAMESPACE", "USE", "n");
  client.Run("SET", "k", "v");
  EXPECT_EQ(client.Run("OBJECT", "IDLETIME", "k"),
            Error("ERR a fifo policy is selected, uses are not tracked"));
}

TEST_F(DumpTest, ObjectTellsHowValuesAreHeld) {
  Client client = Connect();
  client.Run("SET", "int", "12");
  client.Run("SET", "short", "text");
  client.Run("SET", "long", std::string(45, 'x'));
  client.Run("HSET", "small", "f", "v");
  client.Run("HSET", "large", "f", std::string(65, 'v'));
  client.Run("RPUSH", "list", "a");
  const std::vector<std::pair<const char*, const char*>> encodings = {
      {"int", "int"},        {"short", "embstr"},    {"long", "raw"},
      {"small", "listpack"}, {"large", "hashtable"}, {"list", "quicklist"}};
  for (const auto& [key, encoding] : encodings) {
    EXPECT_EQ(client.Run("OBJECT", "ENCODING", key), Bulk(encoding)) << key;
  }
  EXPECT_EQ(client.Run("OBJECT", "REFCOUNT", "short"), Int(1));
  EXPECT_EQ(client.Run("OBJECT", "ENCODING", "absent"), Nil());
  EXPECT_TRUE(client.Run("OBJECT", "FREQ", "short").IsError()) << "there is no LFU policy";
}

TEST_F(DumpTest, MemoryUsageGrowsWithTheValue) {
  Client client = Connect();
  client.Run("SET", "small", "v");
  client.Run("SET", "large", std::string(100'000, 'v'));
  client.Run("HSET", "hash", "f", std::string(1000, 'v'));
  const long long small = client.Run("MEMORY", "USAGE", "small").Integer();
  EXPECT_GE(small, 20);
  EXPECT_GE(client.Run("MEMORY", "USAGE", "large", "SAMPLES", "0").Integer(), 100'000);
  EXPECT_GE(client.Run("MEMORY", "USAGE", "hash").Integer(), 1000 + small / 2);
  EXPECT_EQ(client.Run("MEMORY", "USAGE", "absent"), Nil());
  EXPECT_EQ(client.Run("MEMORY", "USAGE", "small", "SAMPLES", "-1"), Error("ERR syntax error"));
}

}  // namespace
}  // namespace replete::test
