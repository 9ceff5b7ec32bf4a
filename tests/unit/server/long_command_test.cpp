// Commands that own their shards, as the dispatcher runs them, with the workers held back until the
// test lets go.
#include <gtest/gtest.h>

#include <semaphore>
#include <string>
#include <vector>

#include "server/worker_pool.h"
#include "tests/unit/server/command_runner.h"

namespace replete {
namespace {

class LongCommands : public ::testing::Test {
 protected:
  static constexpr int kWorkers = 2;

  static ServerOptions Options() {
    ServerOptions options;
    options.config.threads = 1;
    options.with_test_commands = true;
    return options;
  }
  LongCommands() {
    for (int i = 0; i < kWorkers; ++i) {
      server_.workers().Post([this] {
        held_.release();
        go_.acquire();
      });
    }
    for (int i = 0; i < kWorkers; ++i) held_.acquire();
  }
  ~LongCommands() override { LetGo(); }
  void LetGo() {
    if (!let_go_) go_.release(kWorkers);
    let_go_ = true;
  }
  Keyspace& database(size_t number) { return *server_.namespaces().Current()->databases[number]; }

  std::counting_semaphore<> held_{0};
  std::counting_semaphore<> go_{0};
  bool let_go_ = false;
  Server server_{Options()};
  CommandRunner first_{server_};
  CommandRunner second_{server_};
  CommandRunner third_{server_};
};

TEST_F(LongCommands, OthersParkAtItsShardsAndOnlyThere) {
  second_.Run("SET key 5");
  ASSERT_EQ(first_.Execute({"TESTLONG", "0", "key"}), Outcome::kAway);
  const Key key = ResolveKey(database(0), "key");
  EXPECT_TRUE(key.shard->gate.owned());
  EXPECT_EQ(second_.Execute({"GET", "key"}), Outcome::kParked);
  EXPECT_EQ(third_.Execute({"TESTLONG", "0", "key", "other"}), Outcome::kParked);
  std::string elsewhere = "a";
  while (ResolveKey(database(0), elsewhere).shard == key.shard) elsewhere += "a";
  CommandRunner fourth(server_);
  EXPECT_EQ(fourth.Run({"SET", elsewhere, "v"}).text, "OK");
  LetGo();
  EXPECT_EQ(first_.AwaitReply().integer, 6);
  second_.AwaitWake();
  third_.AwaitWake();
  EXPECT_EQ(third_.Run("TESTLONG 0 key other").integer, 8);
  EXPECT_EQ(second_.Run("GET key").text, "7");
  EXPECT_FALSE(key.shard->gate.owned());
}

TEST_F(LongCommands, BackgroundWorkLeavesOwnedShardsAlone) {
  second_.Run("SET key 5 PX 1");
  ASSERT_EQ(first_.Execute({"TESTLONG", "0", "key"}), Outcome::kAway);
  const Key key = ResolveKey(database(0), "key");
  for (int i = 0; i < 100; ++i) second_.dispatcher().Sweep(0, 1);
  EXPECT_EQ(key.shard->data.table.size(), 1u) << "swept under its owner";
  LetGo();
  EXPECT_GE(first_.AwaitReply().integer, 1);
}

TEST_F(LongCommands, WritesNowhereThatItDoesNotOwnWhenItsNamespaceIsDroppedMeanwhile) {
  NamespaceSettings settings;
  settings.database = 1;
  ASSERT_FALSE(server_.namespaces().Create("one", settings));
  ASSERT_EQ(first_.Run("SELECT 1").text, "OK");
  ASSERT_EQ(first_.Execute({"TESTLONG", "0", "key"}), Outcome::kAway);
  std::shared_ptr<Keyspace> dropped;
  ASSERT_FALSE(server_.namespaces().Drop("one", &dropped));
  LetGo();
  first_.AwaitReply();
  const Shard& shard = *ResolveKey(database(1), "key").shard;
  EXPECT_FALSE(shard.data.table.size() > 0 && shard.lock_acquisitions.get() == 0)
      << "wrote into the new database without its lock";
}

TEST_F(LongCommands, ARequestThatParkedCountsOnce) {
  second_.Run("SET key 5");
  ASSERT_EQ(first_.Execute({"TESTLONG", "0", "key"}), Outcome::kAway);
  const uint64_t before = second_.dispatcher().commands();
  ASSERT_EQ(second_.Execute({"GET", "key"}), Outcome::kParked);
  LetGo();
  second_.AwaitWake();
  ASSERT_EQ(second_.Execute({"GET", "key"}, true), Outcome::kDone);
  EXPECT_EQ(second_.dispatcher().commands(), before + 1);
  first_.AwaitReply();
}

TEST_F(LongCommands, OnlyAScanThatLooksFarIsOne) {
  for (int i = 0; i <= 10000; ++i) second_.Run({"SET", "k" + std::to_string(i), "v"});
  EXPECT_EQ(first_.Run("SCAN 0 COUNT 10000").elements.size(), 2u);
  ASSERT_EQ(first_.Execute({"SCAN", "0", "MATCH", "k*", "count", "20000"}), Outcome::kAway);
  LetGo();
  const Reply reply = first_.AwaitReply();
  ASSERT_EQ(reply.elements.size(), 2u);
  EXPECT_EQ(reply.elements[0].text, "0");
  EXPECT_EQ(reply.elements[1].elements.size(), 10001u);
}

}  // namespace
}  // namespace replete
