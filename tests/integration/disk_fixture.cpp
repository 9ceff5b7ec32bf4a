#include "tests/integration/disk_fixture.h"

namespace replete::test {

void DiskTest::Fill(Client* client) {
  client->Run("SET", "string", "value");
  client->Run("SET", "volatile", "value", "EX", "1000");
  client->Run("RPUSH", "list", "a", "b", "c");
  client->Run("HSET", "hash", "f", "v", "g", "w");
  client->Run("SET", "counter", "1");
  client->Run("INCR", "counter");
  client->Run("SET", "gone", "x");
  client->Run("DEL", "gone");
  client->Run("SET", "dead", "x", "PX", "1");
  client->Run("SET", "renamed", "moved");
  client->Run("RENAME", "renamed", "name");
  client->Run("SET", "persistent", "v", "EX", "1000");
  client->Run("PERSIST", "persistent");
  client->Run("SET", std::string("a\0b\r\n", 5), std::string("\0\xff\r\n", 4));
  client->Run("SET", "large", std::string(300'000, 'l'));
}

void DiskTest::ExpectFilled(Client* client) {
  EXPECT_EQ(client->Run("DBSIZE"), Int(9));
  EXPECT_EQ(client->Run("GET", "string"), Bulk("value"));
  EXPECT_EQ(client->Run("TTL", "string"), Int(-1));
  EXPECT_EQ(client->Run("GET", "volatile"), Bulk("value"));
  const long long ttl = client->Run("TTL", "volatile").Integer();
  EXPECT_GT(ttl, 900);
  EXPECT_LE(ttl, 1000);
  EXPECT_EQ(client->Run("TYPE", "list"), Status("list"));
  EXPECT_EQ(client->Run("LPOP", "list", "3"), Array({Bulk("a"), Bulk("b"), Bulk("c")}));
  EXPECT_EQ(client->Run("RPUSH", "list", "a", "b", "c"), Int(3));
  EXPECT_EQ(client->Run("TYPE", "hash"), Status("hash"));
  EXPECT_EQ(client->Run("HGET", "hash", "g"), Bulk("w"));
  EXPECT_EQ(client->Run("HLEN", "hash"), Int(2));
  EXPECT_EQ(client->Run("GET", "counter"), Bulk("2"));
  EXPECT_EQ(client->Run("EXISTS", "gone", "dead", "renamed"), Int(0));
  EXPECT_EQ(client->Run("GET", "name"), Bulk("moved"));
  EXPECT_EQ(client->Run("TTL", "persistent"), Int(-1));
  EXPECT_EQ(client->Run("GET", std::string("a\0b\r\n", 5)), Bulk(std::string("\0\xff\r\n", 4)));
  EXPECT_EQ(client->Run("GET", "large"), Bulk(std::string(300'000, 'l')));
}

long long DiskTest::InfoOf(Client* client, const std::string& name, const std::string& field) {
  const Reply info = client->Run("NAMESPACE", "INFO", "NS", name);
  for (std::size_t i = 0; i + 1 < info.elements.size(); i += 2) {
    if (info.elements[i].text == field) return info.elements[i + 1].Integer();
  }
  return -1;
}

}  // namespace replete::test
