// Hashes and lists, small and large.

#include <map>
#include <string>
#include <vector>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class CollectionsTest : public DaemonTest {
 protected:
  static Reply WrongType() {
    return Error("WRONGTYPE Operation against a key holding the wrong kind of value");
  }
  static std::map<std::string, std::string> Pairs(const Reply& reply) {
    std::map<std::string, std::string> pairs;
    for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      pairs[reply.elements[i].text] = reply.elements[i + 1].text;
    }
    return pairs;
  }
};

TEST_F(CollectionsTest, Hashes) {
  Client client = Connect();
  EXPECT_EQ(client.Run("HSET", "h", "a", "1", "b", "2", "a", "3"), Int(2));
  EXPECT_EQ(client.Run("HSET", "h", "a", "4", "", ""), Int(1));
  EXPECT_EQ(client.Run("HGET", "h", "a"), Bulk("4"));
  EXPECT_EQ(client.Run("HGET", "h", ""), Bulk(""));
  EXPECT_EQ(client.Run("HGET", "h", "none"), Nil());
  EXPECT_EQ(client.Run("HGET", "none", "a"), Nil());
  EXPECT_EQ(client.Run("HDEL", "h", "a", "a", "none"), Int(1));
  EXPECT_EQ(client.Run("HDEL", "none", "a"), Int(0));
  EXPECT_EQ(client.Run("HSET", "h", "a"),
            Error("ERR wrong number of arguments for 'hset' command"));
  EXPECT_EQ(client.Run("HSET", "h", "a", "1", "b"),
            Error("ERR wrong number of arguments for 'hset' command"));
  EXPECT_EQ(client.Run("HDEL", "h", "b", ""), Int(2));
  EXPECT_EQ(client.Run("EXISTS", "h"), Int(0)) << "an empty hash is no key";
}

// Across the sizes at which the encoding changes, by number of fields and by length.
TEST_F(CollectionsTest, HashesKeepTheirFieldsWhateverTheEncoding) {
  Client client = Connect();
  std::map<std::string, std::string> expected;
  for (int i = 0; i < 1500; ++i) {
    const std::string field = "field" + std::to_string(i);
    const std::string value(static_cast<std::size_t>(i % 90), 'v');
    expected[field] = value;
    ASSERT_EQ(client.Run("HSET", "h", field, value), Int(1));
    if (i % 100 == 0 || i == 128 || i == 512) {
      ASSERT_EQ(Pairs(client.Run("HGETALL", "h")), expected);
    }
  }
  for (int i = 0; i < 1500; i += 2) {
    const std::string field = "field" + std::to_string(i);
    expected.erase(field);
    ASSERT_EQ(client.Run("HDEL", "h", field), Int(1));
  }
  EXPECT_EQ(Pairs(client.Run("HGETALL", "h")), expected);
  EXPECT_EQ(client.Run("HSET", "small", "f", std::string(100000, 'x')), Int(1));
  EXPECT_EQ(client.Run("HGET", "small", "f"), Bulk(std::string(100000, 'x')));
}

TEST_F(CollectionsTest, Lists) {
  Client client = Connect();
  EXPECT_EQ(client.Run("LPUSH", "l", "a", "b", "c"), Int(3));
  EXPECT_EQ(client.Run("RPOP", "l"), Bulk("a"));
  EXPECT_EQ(client.Run("RPOP", "l", "0"), Array({}));
  EXPECT_EQ(client.Run("RPOP", "l", "9"), Array({Bulk("b"), Bulk("c")}));
  EXPECT_EQ(client.Run("EXISTS", "l"), Int(0)) << "an empty list is no key";
  EXPECT_EQ(client.Run("RPOP", "l"), Nil());
  EXPECT_EQ(client.Run("RPOP", "l", "-1"), Error("ERR value is out of range, must be positive"));
  EXPECT_EQ(Raw().Ask({"RPOP", "none", "2"}), NilArray());
  EXPECT_EQ(Raw().Ask({"RPOP", "none"}), Nil());
}

TEST_F(CollectionsTest, LongListsKeepTheirOrder) {
  Client client = Connect();
  const int elements = HasTier() ? 1000 : 5000;  // each is a record of all of them
  for (int i = 0; i < elements; ++i) {
    client.Append(
        {"LPUSH", "l", std::to_string(i) + std::string(static_cast<std::size_t>(i % 120), '.')});
  }
  for (int i = 0; i < elements; ++i) ASSERT_EQ(client.Next(), Int(i + 1));
  EXPECT_EQ(client.Run("COPY", "l", "m"), Int(1));
  for (const char* key : {"l", "m"}) {
    const Reply all = client.Run("RPOP", key, elements + 10);
    ASSERT_EQ(all.elements.size(), static_cast<std::size_t>(elements));
    for (std::size_t i = 0; i < all.elements.size(); ++i) {
      ASSERT_EQ(all.elements[i].text, std::to_string(i) + std::string(i % 120, '.'));
    }
  }
}

TEST_F(CollectionsTest, EveryCommandRefusesTheWrongType) {
  Client client = Connect();
  client.Run("SET", "s", "v");
  client.Run("HSET", "h", "f", "v");
  client.Run("LPUSH", "l", "v");
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"HSET", "s", "f", "v"},
                                             {"HGET", "l", "f"},
                                             {"HDEL", "s", "f"},
                                             {"HGETALL", "l"},
                                             {"LPUSH", "h", "v"},
                                             {"RPOP", "s"},
                                             {"RPOP", "h", "1"},
                                             {"BLPOP", "s", "0.1"},
                                             {"GET", "h"},
                                             {"INCR", "l"},
                                             {"APPEND", "h", "v"},
                                             {"STRLEN", "l"},
                                             {"INCRBYFLOAT", "h", "1"},
                                             {"GETEX", "l"}}) {
    EXPECT_EQ(client.Run(args), WrongType()) << args[0];
  }
  EXPECT_EQ(client.Run("GET", "s"), Bulk("v"));
  EXPECT_EQ(client.Run("HGET", "h", "f"), Bulk("v"));
  EXPECT_EQ(client.Run("RPOP", "l"), Bulk("v"));
}

// What the requests of one pipeline are going to look for in a hash is fetched with the first of
// them: the hash that the later ones find may be another, or a text.
TEST_F(CollectionsTest, PipelinesOnALargeHashThatGoesMeanwhile) {
  Client client = Connect();
  const std::string value(70, 'v');  // too long for the small encoding
  std::map<std::string, std::string> model;
  long long number = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<Reply> expected;
    for (int i = 0; i < 30; ++i) {
      const std::string field = "f" + std::to_string(++number % 97);
      const std::string text = value + std::to_string(number);
      client.Append({"HSET", "h", field, text});
      expected.push_back(Int(model.insert_or_assign(field, text).second ? 1 : 0));
      client.Append({"HGET", "h", field});
      expected.push_back(Bulk(text));
      const std::string other = "f" + std::to_string(number * 31 % 101);
      client.Append({"HEXISTS", "h", other});
      expected.push_back(Int(static_cast<long long>(model.count(other))));
      client.Append({"HDEL", "h", other});
      expected.push_back(Int(static_cast<long long>(model.erase(other))));
      if (i == round % 30) {
        client.Append({"DEL", "h"});
        expected.push_back(Int(model.empty() ? 0 : 1));
        model.clear();
        client.Append({"SET", "h", "text"});
        expected.push_back(Status("OK"));
        client.Append({"HGET", "h", field});
        expected.push_back(WrongType());
        client.Append({"HDEL", "h", field});
        expected.push_back(WrongType());
        client.Append({"DEL", "h"});
        expected.push_back(Int(1));
      }
    }
    for (const Reply& reply : expected) ASSERT_EQ(client.Next(), reply);
  }
}

TEST_F(CollectionsTest, ACopyIsIndependent) {
  Client client = Connect();
  client.Run("HSET", "h", "f", "1");
  client.Run("COPY", "h", "i");
  client.Run("HSET", "i", "f", "2");
  EXPECT_EQ(client.Run("HGET", "h", "f"), Bulk("1"));
  EXPECT_EQ(client.Run("HGET", "i", "f"), Bulk("2"));
}

}  // namespace
}  // namespace replete::test
