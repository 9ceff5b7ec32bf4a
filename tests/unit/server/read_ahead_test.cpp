// Values that a pipeline is about to want are read together, before its commands have their locks:
// what changes in between must be seen all the same.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/server/engine_pair.h"

namespace replete {
namespace {

class ReadAheadTest : public ::testing::Test {
 protected:
  ReadAheadTest() {
    tier().ReadAtOnce();
    for (const char* line : {"SET a 1", "SET b 2", "SET c 3"}) Text(other_, line);
    Cool();
  }
  static ServerOptions Options() {
    ServerOptions options;
    options.config.threads = 1;
    options.config.databases = 2;
    options.fake_tier.emplace().hot_memory = 0;
    return options;
  }
  FakeTier& tier() { return *server_.fake_tier(); }
  // Everything is stored, and no value is in memory.
  void Cool() {
    tier().Drain();
    other_.dispatcher().CoolAll();
  }
  static std::string Text(CommandRunner& client, const std::string& line) {
    return ToString(client.Run(line));
  }
  // What GET a, GET b and GET c answer after `changes` by another client, each of which is stored
  // and out of memory again when they run.
  std::vector<std::string> ReadAcross(const std::vector<std::string>& changes) {
    const std::vector<Ahead> ahead = client_.Parsed(pipeline_);
    const Dispatcher::ReadsAhead values(client_.dispatcher(), client_.client(), ahead);
    for (const std::string& line : changes) {
      EXPECT_EQ(Text(other_, line).find("ERR"), std::string::npos) << line;
      Cool();
    }
    std::vector<std::string> replies;
    for (const char* key : {"a", "b", "c"}) {
      replies.push_back(Text(client_, std::string("GET ") + key));
    }
    return replies;
  }

  using Replies = std::vector<std::string>;
  const std::vector<std::vector<std::string>> pipeline_{
      {"GET", "a"}, {"GET", "b"}, {"GET", "none"}, {"GET", "c"}};
  Server server_{Options()};
  CommandRunner client_{server_};
  CommandRunner other_{server_};
};

TEST_F(ReadAheadTest, APipelineAsksOnce) {
  const uint64_t before = tier().asked_at_once();
  EXPECT_EQ(ReadAcross({}), (Replies{"\"1\"", "\"2\"", "\"3\""}));
  EXPECT_EQ(tier().asked_at_once(), before + 1);
  EXPECT_EQ(Text(client_, "GET a"), "\"1\"") << "the pipeline has ended";
  EXPECT_EQ(tier().asked_at_once(), before + 2);
  EXPECT_EQ(tier().loads(), 0u);
}

TEST_F(ReadAheadTest, AValueIsUsedOnce) {
  const std::vector<Ahead> ahead = client_.Parsed(pipeline_);
  const Dispatcher::ReadsAhead values(client_.dispatcher(), client_.client(), ahead);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Text(client_, "GET b"), "\"2\"");
}

TEST_F(ReadAheadTest, WhatIsWrittenMeanwhileIsSeen) {
  EXPECT_EQ(ReadAcross({"SET a new"}), (Replies{"\"new\"", "\"2\"", "\"3\""}));
  EXPECT_EQ(ReadAcross({"DEL b", "RENAME a c"}), (Replies{"null", "null", "\"new\""}));
  EXPECT_EQ(ReadAcross({"DEL c", "SET c again", "SET b back"}),
            (Replies{"null", "\"back\"", "\"again\""}));
  EXPECT_EQ(ReadAcross({"EXPIRE c 1000", "APPEND b !"}),
            (Replies{"null", "\"back!\"", "\"again\""}));
}

TEST_F(ReadAheadTest, WhatOfAnotherTypeTakesItsPlaceIsSeen) {
  const Replies replies = ReadAcross({"DEL b", "RPUSH b x"});
  EXPECT_EQ(replies[0], "\"1\"");
  EXPECT_EQ(replies[1].substr(0, 10), "-WRONGTYPE");
}

TEST_F(ReadAheadTest, WholeDatabasesThatChangeMeanwhileAreSeen) {
  EXPECT_EQ(ReadAcross({"FLUSHALL", "SET a fresh"}), (Replies{"\"fresh\"", "null", "null"}));
  EXPECT_EQ(ReadAcross({"SELECT 1", "SET a other", "SELECT 0", "SWAPDB 0 1"}),
            (Replies{"\"other\"", "null", "null"}));
}

TEST_F(ReadAheadTest, WhatATransactionQueuesIsNotRead) {
  Text(client_, "MULTI");
  const uint64_t before = tier().asked_at_once();
  const std::vector<Ahead> ahead = client_.Parsed(pipeline_);
  const Dispatcher::ReadsAhead values(client_.dispatcher(), client_.client(), ahead);
  EXPECT_EQ(tier().asked_at_once(), before);
  Text(client_, "DISCARD");
}

}  // namespace
}  // namespace replete
