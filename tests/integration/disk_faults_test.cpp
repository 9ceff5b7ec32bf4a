// What happens when the disk under a namespace fails: clear errors, intact values go on being
// served, and everything works again once the cause is gone. The faults are made by TESTDISK.

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/daemon.h"
#include "tests/temporary_folder.h"

namespace replete::test {
namespace {

class DiskFaultsTest : public DaemonTest {
 protected:
  void SetUp() override {
    REPLETE_ONLY();
    NEEDS_STORE();
    StartHere();
    Client client = Connect();
    ASSERT_EQ(client.Run("NAMESPACE", "CREATE", "n", "ENGINE", "disk", "MAX_ENTRIES", "0",
                         "DEFAULT_TTL", "0", "DURABILITY", "sync"),
              Status("OK"));
    client = In("n");
    ASSERT_EQ(client.Run("SET", "old", "intact"), Status("OK"));
    ASSERT_EQ(client.Run("SET", "overwritten", "before"), Status("OK"));
    ASSERT_EQ(client.Run("SET", "victim", "before"), Status("OK"));
  }
  void StartHere() { Start({"--dir", folder_.path().string(), "--disk-reserve", "8mb"}); }
  Client In(const std::string& name) {
    Client client = Connect();
    EXPECT_EQ(client.Run("SELECT", name), Status("OK")) << daemon().Log();
    return client;
  }
  void Disk(const std::string& faults) {
    ASSERT_EQ(Connect().Run("TESTDISK", faults), Status("OK"));
  }
  static bool IsDiskError(const Reply& reply) {
    return reply.IsError() && reply.text.starts_with("ERR disk: ");
  }
  ScopedVariable commands_{"REPLETE_TEST_COMMANDS", "yes"};
  ScopedVariable faults_{"REPLETE_TEST_DISK", "writes=ok"};
  TemporaryFolder folder_;
};

class FailingWritesTest : public DiskFaultsTest,
                          public ::testing::WithParamInterface<std::string> {};

TEST_P(FailingWritesTest, AreToldAndIntactValuesAreServedAndItRecovers) {
  Client client = In("n");
  Disk(GetParam());
  const Reply failed = client.Run("SET", "overwritten", "after");
  EXPECT_TRUE(IsDiskError(failed)) << failed.text;
  EXPECT_EQ(client.Run("GET", "overwritten").null, true) << "neither value is certain";
  for (const std::vector<std::string>& write : {std::vector<std::string>{"SET", "new", "v"},
                                                {"APPEND", "old", "v"},
                                                {"INCR", "counter"},
                                                {"EXPIRE", "old", "100"},
                                                {"RENAME", "old", "older"}}) {
    EXPECT_TRUE(IsDiskError(client.Run(write))) << write[0];
  }
  EXPECT_EQ(client.Run("GET", "old"), Bulk("intact"));
  EXPECT_EQ(client.Run("TTL", "old"), Int(-1));
  EXPECT_EQ(Connect().Run("SET", "k", "in memory"), Status("OK")) << "others do not notice";
  Disk("writes=ok,syncs=ok");
  EXPECT_TRUE(Eventually([&] { return client.Run("SET", "new", "v") == Status("OK"); }));
  EXPECT_EQ(client.Run("DEL", "victim"), Int(1));
  daemon().Kill9();
  StartHere();
  client = In("n");
  EXPECT_EQ(client.Run("GET", "new"), Bulk("v"));
  EXPECT_EQ(client.Run("GET", "old"), Bulk("intact"));
  EXPECT_EQ(client.Run("EXISTS", "overwritten", "victim", "counter", "older"), Int(0));
}

// The store is tried again all the time meanwhile.
TEST_P(FailingWritesTest, ValuesThatAreNotInMemoryAreServed) {
  Client client = In("n");
  ASSERT_EQ(client.Run("NAMESPACE", "ALTER", "n", "HOT_MEMORY", "0"), Status("OK"));
  Disk(GetParam());
  EXPECT_TRUE(IsDiskError(client.Run("SET", "overwritten", "after")));
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(client.Run("GET", "old"), Bulk("intact")) << i;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Disk("writes=ok,syncs=ok");
  EXPECT_TRUE(Eventually([&] { return client.Run("SET", "new", "v") == Status("OK"); }));
  EXPECT_EQ(client.Run("GET", "old"), Bulk("intact"));
}

INSTANTIATE_TEST_SUITE_P(All, FailingWritesTest,
                         ::testing::Values("writes=fail", "writes=full", "syncs=fail"),
                         [](const auto& each) {
                           std::string name = each.param;
                           name.replace(name.find('='), 1, "_");
                           return name;
                         });

TEST_F(DiskFaultsTest, OnAFullDiskEntriesCanStillBeDeleted) {
  Client client = In("n");
  const std::string value(1000, 'v');
  Disk("room=0");
  Reply reply;
  ASSERT_TRUE(Eventually([&] {
    reply = client.Run("SET", "new", value);
    return reply.IsError();
  }));
  EXPECT_EQ(reply, Error("ERR disk: writes that need room are refused: the disk is full"));
  EXPECT_EQ(client.Run("GET", "old"), Bulk("intact"));
  EXPECT_EQ(client.Run("DEL", "victim"), Int(1));
  EXPECT_EQ(client.Run("EXPIRE", "old", "100"), Int(1));
  EXPECT_EQ(client.Run("NAMESPACE", "CLEAR"), Int(client.Run("DBSIZE").Integer()));
  EXPECT_TRUE(IsDiskError(client.Run("SET", "new", value)));
  daemon().Kill9();
  StartHere();
  client = In("n");
  EXPECT_EQ(client.Run("DBSIZE"), Int(0));
  EXPECT_EQ(client.Run("SET", "new", value), Status("OK"));
}

TEST_F(DiskFaultsTest, AFullDiskThatHasRoomAgainIsWrittenToAgain) {
  Client client = In("n");
  Disk("room=0");
  ASSERT_TRUE(Eventually([&] { return client.Run("SET", "new", "v").IsError(); }));
  Disk("room=100000000");
  EXPECT_TRUE(Eventually([&] { return client.Run("SET", "new", "v") == Status("OK"); }));
  EXPECT_EQ(client.Run("GET", "old"), Bulk("intact"));
}

TEST_F(DiskFaultsTest, ADeletedKeyDoesNotComeBackWhenItsDeleteFailed) {
  Client client = In("n");
  Disk("writes=fail");
  EXPECT_TRUE(IsDiskError(client.Run("DEL", "victim")));
  EXPECT_EQ(client.Run("EXISTS", "victim"), Int(0)) << "it is gone, only not stored so";
  EXPECT_TRUE(IsDiskError(client.Run("DEL", "old"))) << "from now on they are refused";
  EXPECT_EQ(client.Run("EXISTS", "old"), Int(1));
  Disk("writes=ok");
  EXPECT_TRUE(Eventually([&] { return client.Run("SET", "k", "v") == Status("OK"); }));
  EXPECT_EQ(client.Run("EXISTS", "victim"), Int(0));
  daemon().Kill9();
  StartHere();
  EXPECT_EQ(In("n").Run("EXISTS", "victim", "old"), Int(1)) << "as it was before the kill";
}

TEST_F(DiskFaultsTest, ATransactionThatFailsLeavesNothing) {
  Client client = In("n");
  Disk("writes=fail");
  client.Run("MULTI");
  client.Run("SET", "a", "1");
  client.Run("SET", "b", "1");
  EXPECT_TRUE(IsDiskError(client.Run("EXEC")));
  EXPECT_EQ(client.Run("EXISTS", "a", "b"), Int(0));
  Disk("writes=ok");
  EXPECT_TRUE(Eventually([&] { return client.Run("SET", "c", "1") == Status("OK"); }));
  daemon().Kill9();
  StartHere();
  EXPECT_EQ(In("n").Run("EXISTS", "a", "b"), Int(0));
}

TEST_F(DiskFaultsTest, AValueThatCannotBeReadIsAnErrorOfItsKey) {
  // From files, not from what was written last, and from more of them than an open reads.
  Client client = In("n");
  const std::string value(500, 'v');
  for (int i = 0; i < 4000; ++i) client.Append({"SET", std::to_string(i), value});
  for (int i = 0; i < 4000; ++i) ASSERT_EQ(client.Next(), Status("OK"));
  EXPECT_EQ(daemon().Stop(), 0);
  StartHere();
  client = In("n");
  Disk("reads=fail");
  for (const std::vector<std::string>& read : {std::vector<std::string>{"GET", "old"},
                                               {"APPEND", "old", "x"},
                                               {"STRLEN", "old"},
                                               {"MGET", "none", "old"}}) {
    const Reply reply = client.Run(read);
    EXPECT_TRUE(IsDiskError(reply)) << read[0] << " " << reply.text;
  }
  // What needs no value does not need the disk.
  EXPECT_EQ(client.Run("EXISTS", "old"), Int(1));
  EXPECT_EQ(client.Run("TTL", "old"), Int(-1));
  EXPECT_TRUE(client.Run("GET", "none").null);
  EXPECT_EQ(client.Run("SET", "overwritten", "anew"), Status("OK"));
  EXPECT_EQ(client.Run("GET", "overwritten"), Bulk("anew"));
  Disk("reads=ok");
  EXPECT_EQ(client.Run("GET", "old"), Bulk("intact"));
}

TEST_F(DiskFaultsTest, ANamespaceIsNotMadeOnADiskThatFails) {
  Disk("writes=fail");
  Client client = Connect();
  const Reply reply = client.Run("NAMESPACE", "CREATE", "m", "ENGINE", "disk");
  EXPECT_TRUE(reply.IsError());
  EXPECT_TRUE(client.Run("SELECT", "m").IsError());
  Disk("writes=ok");
  EXPECT_TRUE(Eventually(
      [&] { return client.Run("NAMESPACE", "CREATE", "m", "ENGINE", "disk") == Status("OK"); }));
}

// --- ON_DISK_ERROR memory ---

class KeptWritesTest : public DiskFaultsTest, public ::testing::WithParamInterface<std::string> {
 protected:
  static constexpr int kValues = 300;

  static std::string Value(int i) { return std::string(500, 'v') + std::to_string(i); }
  long long Kept() {
    Client client = Connect();
    return InfoNumber(&client, "disk", "disk_keys_kept");
  }
};

TEST_P(KeptWritesTest, AreServedAndStoredOnceTheDiskTakesThem) {
  Client client = In("n");
  ASSERT_EQ(client.Run("NAMESPACE", "ALTER", "n", "ON_DISK_ERROR", "memory", "HOT_MEMORY", "0"),
            Status("OK"));
  ASSERT_EQ(Connect().Run("NAMESPACE", "CREATE", "strict", "ENGINE", "disk"), Status("OK"));
  Disk(GetParam());
  for (int i = 0; i < kValues; ++i) client.Append({"SET", std::to_string(i), Value(i)});
  for (int i = 0; i < kValues; ++i) ASSERT_EQ(client.Next(), Status("OK")) << i;
  EXPECT_EQ(client.Run("SET", "overwritten", "after"), Status("OK"));
  EXPECT_EQ(client.Run("APPEND", "old", "!"), Int(7));
  EXPECT_EQ(client.Run("DEL", "victim"), Int(1));
  EXPECT_EQ(client.Run("SET", "gone", "again", "PX", "1"), Status("OK"));
  client.Run("MULTI");
  client.Run("INCR", "counter");
  client.Run("RPUSH", "list", "a", "b");
  EXPECT_EQ(client.Run("EXEC"), Array({Int(1), Int(2)}));
  EXPECT_TRUE(Eventually([&] { return In("strict").Run("SET", "k", "v").IsError(); }));
  EXPECT_GT(Kept(), 0);
  // Nothing of it may leave memory meanwhile, whatever hot_memory says.
  const auto check = [&](Client& from) {
    for (int i = 0; i < kValues; ++i) {
      ASSERT_EQ(from.Run("GET", std::to_string(i)), Bulk(Value(i)));
    }
    EXPECT_EQ(from.Run("GET", "overwritten"), Bulk("after"));
    EXPECT_EQ(from.Run("GET", "old"), Bulk("intact!"));
    EXPECT_EQ(from.Run("GET", "counter"), Bulk("1"));
    EXPECT_EQ(from.Run("LLEN", "list"), Int(2));
    EXPECT_EQ(from.Run("EXISTS", "victim", "gone"), Int(0));
  };
  check(client);
  Disk("writes=ok,syncs=ok,room=1000000000");
  EXPECT_TRUE(Eventually([&] { return Kept() == 0; }));
  EXPECT_TRUE(Eventually([&] { return In("strict").Run("SET", "k", "v") == Status("OK"); }));
  // Stored before this one.
  EXPECT_EQ(client.Run("SET", "last", "v"), Status("OK"));
  daemon().Kill9();
  StartHere();
  client = In("n");
  check(client);
  EXPECT_EQ(client.Run("LPOP", "list"), Bulk("a"));
}

INSTANTIATE_TEST_SUITE_P(All, KeptWritesTest,
                         ::testing::Values("writes=fail", "writes=full", "syncs=fail", "room=0"),
                         [](const auto& each) {
                           std::string name = each.param;
                           name.replace(name.find('='), 1, "_");
                           return name;
                         });

// What clears a namespace gives room: it does not wait until there is some.
TEST_F(DiskFaultsTest, AClearBesideWritesThatAreKeptIsStoredOnAFullDisk) {
  Client client = In("n");
  ASSERT_EQ(client.Run("NAMESPACE", "ALTER", "n", "ON_DISK_ERROR", "memory"), Status("OK"));
  Disk("room=0");
  ASSERT_EQ(client.Run("SET", "kept", "v"), Status("OK"));
  Client other = Connect();
  ASSERT_TRUE(Eventually([&] { return InfoNumber(&other, "disk", "disk_full") == 1; }));
  client.Run("MULTI");
  client.Run("FLUSHDB");
  client.Run("SET", "after", "v");
  EXPECT_EQ(client.Run("EXEC"), Array({Status("OK"), Status("OK")}));
  daemon().Kill9();
  StartHere();
  client = In("n");
  EXPECT_EQ(client.Run("EXISTS", "old", "overwritten", "victim"), Int(0));
  EXPECT_EQ(client.Run("GET", "after"), Bulk("v"));
}

// The disk is as it was when it ceased to take writes.
TEST_F(DiskFaultsTest, WhatIsKeptGoesWithTheProcess) {
  Client client = In("n");
  ASSERT_EQ(client.Run("NAMESPACE", "ALTER", "n", "ON_DISK_ERROR", "memory"), Status("OK"));
  Disk("writes=fail");
  ASSERT_EQ(client.Run("SET", "overwritten", "after"), Status("OK"));
  ASSERT_EQ(client.Run("SET", "new", "v"), Status("OK"));
  EXPECT_EQ(daemon().Stop(), 0);
  EXPECT_NE(daemon().Log().find("2 keys are lost"), std::string::npos) << daemon().Log();
  StartHere();
  client = In("n");
  EXPECT_EQ(client.Run("GET", "overwritten"), Bulk("before"));
  EXPECT_EQ(client.Run("EXISTS", "new"), Int(0));
}

TEST_F(DiskFaultsTest, ItStopsThoughTheDiskTakesNothing) {
  Client client = In("n");
  Disk("writes=fail");
  EXPECT_TRUE(IsDiskError(client.Run("SET", "k", "v")));
  EXPECT_EQ(daemon().Stop(), 0);
}

}  // namespace
}  // namespace replete::test
