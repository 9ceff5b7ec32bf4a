// SWAPDB between databases on disk.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/disk_fixture.h"

namespace replete::test {
namespace {

class SwappedTest : public DiskTest {
 protected:
  void StartOnTwo(std::vector<std::string> more = {}) {
    for (const char* option : {"--namespace.0.engine", "--namespace.1.engine"}) {
      more.insert(more.end(), {option, "disk"});
    }
    for (const char* option : {"--namespace.0.hot-memory", "--namespace.1.hot-memory"}) {
      more.insert(more.end(), {option, "0"});
    }
    StartHere(more);
  }
  Client ConnectTo(int database) {
    Client client = Connect();
    EXPECT_EQ(client.Run("SELECT", std::to_string(database)), Status("OK"));
    return client;
  }
  // What each of the databases has, as "key=value" in order.
  std::vector<std::string> Contents(int database) {
    Client client = ConnectTo(database);
    std::vector<std::string> contents;
    for (const Reply& key : client.Run("KEYS", "*").elements) {
      contents.push_back(key.text + "=" + client.Run("GET", key.text).text);
    }
    std::sort(contents.begin(), contents.end());
    return contents;
  }
  using Texts = std::vector<std::string>;
};

TEST_F(SwappedTest, StaysSoAndSoDoesWhatIsWrittenBeforeAndAfter) {
  StartOnTwo();
  Client zero = Connect();
  Client one = ConnectTo(1);
  zero.Run("MSET", "a", "0", "b", "0");
  one.Run("MSET", "a", "1", "c", "1");
  ASSERT_EQ(zero.Run("SWAPDB", "0", "1"), Status("OK"));
  EXPECT_EQ(Contents(0), (Texts{"a=1", "c=1"}));
  EXPECT_EQ(Contents(1), (Texts{"a=0", "b=0"}));
  zero.Run("SET", "d", "new");
  zero.Run("DEL", "c");
  one.Run("APPEND", "b", "!");
  for (int starts = 0; starts < 2; ++starts) {
    EXPECT_EQ(Contents(0), (Texts{"a=1", "d=new"})) << starts;
    EXPECT_EQ(Contents(1), (Texts{"a=0", "b=0!"})) << starts;
    if (starts == 0) {
      daemon().Kill9();
    } else {
      EXPECT_EQ(daemon().Stop(), 0);
    }
    StartOnTwo();
  }
  EXPECT_EQ(Contents(0), (Texts{"a=1", "d=new"}));
  // Back again, and one of them cleared.
  zero = Connect();
  ASSERT_EQ(zero.Run("SWAPDB", "1", "0"), Status("OK"));
  ASSERT_EQ(ConnectTo(1).Run("FLUSHDB"), Status("OK"));
  daemon().Kill9();
  StartOnTwo();
  EXPECT_EQ(Contents(0), (Texts{"a=0", "b=0!"}));
  EXPECT_EQ(Contents(1), Texts());
}

TEST_F(SwappedTest, InATransactionWithWritesAroundIt) {
  StartOnTwo();
  Client zero = Connect();
  Client one = ConnectTo(1);
  zero.Run("SET", "old", "0");
  one.Run("SET", "old", "1");
  for (const std::vector<std::string>& words : {std::vector<std::string>{"MULTI"},
                                                {"SET", "before", "0"},
                                                {"SWAPDB", "0", "1"},
                                                {"SET", "after", "0"},
                                                {"FLUSHDB"},
                                                {"SET", "last", "0"},
                                                {"SWAPDB", "0", "1"},
                                                {"APPEND", "old", "!"},
                                                {"SWAPDB", "0", "1"},
                                                {"EXEC"}}) {
    EXPECT_FALSE(zero.Run(words).IsError()) << words[0];
  }
  for (int starts = 0; starts < 2; ++starts) {
    EXPECT_EQ(Contents(0), (Texts{"last=0"})) << starts;
    EXPECT_EQ(Contents(1), (Texts{"before=0", "old=0!"})) << starts;
    daemon().Kill9();
    StartOnTwo();
  }
}

// The clear is stored after the two have been swapped: it is the cleared one's version all the
// same.
TEST_F(SwappedTest, VersionsGoWithWhatWasClearedRightBefore) {
  StartOnTwo();
  const auto versions = [this] {
    Client client = Connect();
    std::vector<Reply> both;
    for (const char* name : {"0", "1"})
      both.push_back(client.Run("NAMESPACE", "VERSION", "NS", name));
    return both;
  };
  Client client = Connect();
  for (int round = 1; round <= 5; ++round) {
    client.Append({"NAMESPACE", "BUMP", "NS", "0"});
    client.Append({"SWAPDB", "0", "1"});
    client.Append({"NAMESPACE", "BUMP", "NS", "1"});
    client.Append({"NAMESPACE", "BUMP", "NS", "1"});
    client.Append({"SWAPDB", "0", "1"});
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(client.Next().IsError());
    EXPECT_EQ(versions(), (std::vector{Int(1 + 3 * round), Int(1)}));
    daemon().Kill9();
    StartOnTwo();
    client = Connect();
    EXPECT_EQ(versions(), (std::vector{Int(1 + 3 * round), Int(1)})) << round;
  }
}

TEST_F(SwappedTest, OneOnDiskAndOneInMemoryAreNot) {
  StartOnTwo();
  Client client = Connect();
  client.Run("SET", "k", "v");
  EXPECT_EQ(client.Run("SWAPDB", "0", "2"),
            Error("ERR one of the databases is on disk, the other is not: they cannot be swapped"));
  EXPECT_EQ(client.Run("GET", "k"), Bulk("v"));
}

// Nothing that was going on belongs to the other database then.
TEST_F(SwappedTest, WhileBothAreReadAndWritten) {
  StartOnTwo();
  constexpr int kKeys = 100;
  for (const char* database : {"0", "1"}) {
    Client client = ConnectTo(std::stoi(database));
    for (int i = 0; i < kKeys; ++i) client.Run("SET", "k" + std::to_string(i), database);
  }
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int database = 0; database < 2; ++database) {
    readers.emplace_back([&, database] {
      Client client = ConnectTo(database);
      for (int i = 0; !stop.load(); ++i) {
        // All keys of a database have the value of one of both.
        const std::string name = "k" + std::to_string(i % kKeys);
        client.Run("MULTI");
        client.Run("GET", name);
        client.Run("GET", "k0");
        const Reply both = client.Run("EXEC");
        if (both.elements.size() != 2 || both.elements[0] != both.elements[1]) ++wrong;
        const Reply value = client.Run("GETEX", name, "PERSIST");
        if (value != Bulk("0") && value != Bulk("1")) ++wrong;
      }
    });
  }
  Client client = Connect();
  for (int i = 0; i < 201; ++i) EXPECT_EQ(client.Run("SWAPDB", "0", "1"), Status("OK"));
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0);
  daemon().Kill9();
  StartOnTwo();
  for (const auto& [database, value] : {std::pair{0, "1"}, {1, "0"}}) {
    Client after = ConnectTo(database);
    EXPECT_EQ(after.Run("DBSIZE"), Int(kKeys));
    for (int i = 0; i < kKeys; ++i) {
      EXPECT_EQ(after.Run("GET", "k" + std::to_string(i)), Bulk(value)) << database << ' ' << i;
    }
  }
}

}  // namespace
}  // namespace replete::test
