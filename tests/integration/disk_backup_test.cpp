// NAMESPACE BACKUP, and namespaces that begin with a backup.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/disk_fixture.h"

namespace replete::test {
namespace {

class BackupTest : public DiskTest {};

TEST_F(BackupTest, ABackupIsACopyOfOneInstant) {
  StartHere({"--enable-protected-configs", "yes"});
  Client client = Connect();
  Create(&client, "n");
  Create(&client, "other");
  EXPECT_EQ(In("other").Run("SET", "string", "of the other"), Status("OK"));
  Client inside = In("n");
  Fill(&inside);
  const std::string folder = (folder_.path() / "backup").string();
  EXPECT_EQ(client.Run("NAMESPACE", "BACKUP", "n", folder), Status("OK"));
  EXPECT_TRUE(client.Run("NAMESPACE", "BACKUP", "n", folder).IsError()) << "it is there already";
  inside.Run("SET", "string", "later");
  inside.Run("FLUSHDB");
  Create(&client, "again", {"FROM", folder});
  Client again = In("again");
  ExpectFilled(&again);
  EXPECT_EQ(again.Run("SET", "string", "its own"), Status("OK"));
  EXPECT_EQ(inside.Run("DBSIZE"), Int(0));
  daemon().Kill9();
  std::filesystem::remove_all(folder);
  StartHere();
  EXPECT_EQ(In("again").Run("GET", "string"), Bulk("its own"));
  EXPECT_EQ(In("again").Run("DBSIZE"), Int(9));
  EXPECT_EQ(In("other").Run("GET", "string"), Bulk("of the other"));
}

TEST_F(BackupTest, ACreateFromABackupThatFailsLeavesWhatWasThere) {
  const std::string file = (folder_.path() / "replete.toml").string();
  std::ofstream(file) << "[namespace.n]\nengine = \"disk\"\ndefault_ttl = 0\n";
  StartHere({"--config", file, "--enable-protected-configs", "yes"});
  EXPECT_EQ(In("n").Run("SET", "k", "v"), Status("OK"));
  const std::string folder = (folder_.path() / "backup").string();
  EXPECT_EQ(Connect().Run("NAMESPACE", "BACKUP", "n", folder), Status("OK"));
  StartHere({"--enable-protected-configs", "yes"});  // nobody names it any more
  Client client = Connect();
  EXPECT_TRUE(
      client.Run("NAMESPACE", "CREATE", "n", "ENGINE", "disk", "FROM", "/nowhere").IsError());
  client.Run("SELECT", "7");
  client.Run("SET", "in", "the way");
  EXPECT_TRUE(
      client.Run("NAMESPACE", "CREATE", "n", "ENGINE", "disk", "DATABASE", "7", "FROM", folder)
          .IsError());
  Create(&client, "n");
  EXPECT_EQ(In("n").Run("GET", "k"), Bulk("v"));
}

TEST_F(BackupTest, BackupsThatCannotBeAreTold) {
  StartHere({"--enable-protected-configs", "yes"});
  Client client = Connect();
  Create(&client, "n");
  const std::string folder = folder_.path().string();
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{"NAMESPACE", "BACKUP", "none", folder + "/b"},
        {"NAMESPACE", "BACKUP", "default", folder + "/b"},
        {"NAMESPACE", "BACKUP", "n", folder + "/not/there/b"},
        {"NAMESPACE", "CREATE", "m", "ENGINE", "disk", "FROM", folder},
        {"NAMESPACE", "CREATE", "m", "ENGINE", "memory", "FROM", folder},
        {"NAMESPACE", "CREATE", "n", "ENGINE", "disk", "FROM", folder}}) {
    EXPECT_TRUE(client.Run(bad).IsError()) << bad[1] << " " << bad[2];
  }
  EXPECT_TRUE(client.Run("SELECT", "m").IsError());
  Create(&client, "m");
  EXPECT_EQ(In("m").Run("DBSIZE"), Int(0));
  StartHere();
  const Reply reply = Connect().Run("NAMESPACE", "BACKUP", "n", folder + "/b");
  EXPECT_NE(reply.text.find("enable-protected-configs"), std::string::npos) << reply.text;
}

// It is copied in whole, or nobody ever sees it: not even who makes one of its name later.
TEST_F(BackupTest, ACopyThatIsKilledMidwayIsNobodys) {
  constexpr int kKeys = 20'000;
  const std::vector<std::string> more = {"--enable-protected-configs", "yes"};
  const std::string folder = (folder_.path() / "backup").string();
  for (int round = 0; round < 8; ++round) {
    StartHere(more);
    Client client = Connect();
    if (round == 0) {
      Create(&client, "n");
      Client inside = In("n");
      for (int i = 0; i < kKeys; ++i) {
        inside.Append({"SET", std::to_string(i), std::string(200, 'v')});
      }
      for (int i = 0; i < kKeys; ++i) ASSERT_EQ(inside.Next(), Status("OK"));
      ASSERT_EQ(client.Run("NAMESPACE", "BACKUP", "n", folder), Status("OK"));
    }
    client.Append({"NAMESPACE", "CREATE", "copy", "ENGINE", "disk", "MAX_ENTRIES", "0",
                   "DEFAULT_TTL", "0", "FROM", folder});
    std::thread copying([&client] { client.Next(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(10 * round));
    daemon().Kill9();
    copying.join();
    StartHere(more);
    Client after = Connect();
    int there = kKeys;
    if (after.Run("SELECT", "copy") != Status("OK")) {
      there = 0;
      Create(&after, "copy");
      ASSERT_EQ(after.Run("SELECT", "copy"), Status("OK"));
    }
    ASSERT_EQ(after.Run("DBSIZE"), Int(there)) << round;
    ASSERT_EQ(after.Run("SELECT", "default"), Status("OK"));
    ASSERT_EQ(after.Run("NAMESPACE", "DROP", "copy"), Status("OK"));
  }
}

}  // namespace
}  // namespace replete::test
