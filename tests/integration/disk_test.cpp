// Namespaces on disk: what is there after a stop, a kill, a drop; who may open the store; how much
// room it takes.

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/disk_fixture.h"

namespace replete::test {
namespace {

TEST_F(DiskTest, EverythingIsThereAfterACleanStop) {
  for (const std::string durability : {"none", "wal", "sync"}) {
    StartHere();
    {
      Client client = Connect();
      Create(&client, durability, {"DURABILITY", durability});
      client = In(durability);
      Fill(&client);
    }
    EXPECT_EQ(daemon().Stop(), 0);
    StartHere();
    Client client = In(durability);
    ExpectFilled(&client);
  }
}

// Every stop leaves a file, and a few of them are compacted as soon as the store is opened again.
TEST_F(DiskTest, CompactionsThatAreDueAtTheStartLoseNothing) {
  for (int round = 0; round < 40; ++round) {
    StartHere();
    if (round == 0) {
      Client client = Connect();
      Create(&client, "n");
    }
    Client client = In("n");
    ASSERT_EQ(client.Run("DBSIZE"), Int(round * 100));
    for (int i = 0; i < 100; ++i) {
      client.Run("SET", std::to_string(round * 100 + i), std::string(100, 'v'));
    }
  }
}

TEST_F(DiskTest, WhatWasAcknowledgedIsThereAfterAKill) {
  StartHere();
  {
    Client client = Connect();
    Create(&client, "n", {"POLICY", "lfu", "PREFIX", "n:"});
    client = In("n");
    Fill(&client);
  }
  daemon().Kill9();
  StartHere();
  Client client = In("n");
  ExpectFilled(&client);
  EXPECT_EQ(Connect().Run("GET", "n:string"), Bulk("value")) << "the options are remembered";
  EXPECT_EQ(Connect().Run("SET", "n:string", "other"), Status("OK"));
  EXPECT_EQ(client.Run("GET", "string"), Bulk("other"));
}

TEST_F(DiskTest, ValuesThatAreAwayAreThereAfterAKillToo) {
  StartHere();
  {
    Client client = Connect();
    Create(&client, "n", {"HOT_MEMORY", "0"});
    client = In("n");
    client.Run("SET", "k", "v", "EX", "10000");
    client.Run("SET", "other", "v");
    client.Run("SET", "p", "v", "EX", "10000");
    // Deadlines change while the values are away.
    EXPECT_EQ(client.Run("EXPIRE", "k", "500"), Int(1));
    EXPECT_EQ(client.Run("EXPIRE", "other", "700"), Int(1));
    EXPECT_EQ(client.Run("PERSIST", "p"), Int(1));
  }
  daemon().Kill9();
  StartHere();
  Client client = In("n");
  EXPECT_LE(client.Run("TTL", "k").Integer(), 500);
  EXPECT_GT(client.Run("TTL", "other").Integer(), 600);
  EXPECT_EQ(client.Run("TTL", "p"), Int(-1));
  for (const char* key : {"k", "other", "p"}) EXPECT_EQ(client.Run("GET", key), Bulk("v"));
}

TEST_F(DiskTest, WhatWasClearedStaysSo) {
  StartHere();
  {
    Client client = Connect();
    Create(&client, "cleared");
    Create(&client, "bumped");
    Create(&client, "flushed", {"FLUSHALL", "yes"});
    Create(&client, "dropped");
    for (const char* name : {"cleared", "bumped", "flushed", "dropped"}) {
      Client inside = In(name);
      for (int i = 0; i < 100; ++i) inside.Run("SET", std::to_string(i), "before");
    }
    EXPECT_EQ(client.Run("NAMESPACE", "CLEAR", "NS", "cleared"), Int(100));
    EXPECT_EQ(client.Run("NAMESPACE", "BUMP", "NS", "bumped"), Int(2));
    EXPECT_EQ(client.Run("FLUSHALL"), Status("OK"));
    EXPECT_EQ(client.Run("NAMESPACE", "DROP", "dropped"), Status("OK"));
    for (const char* name : {"cleared", "bumped", "flushed"}) {
      EXPECT_EQ(In(name).Run("SET", "new", "after"), Status("OK"));
    }
  }
  daemon().Kill9();
  StartHere();
  Client client = Connect();
  for (const char* name : {"cleared", "bumped", "flushed"}) {
    Client inside = In(name);
    EXPECT_EQ(inside.Run("DBSIZE"), Int(1)) << name;
    EXPECT_EQ(inside.Run("GET", "new"), Bulk("after")) << name;
  }
  EXPECT_EQ(client.Run("NAMESPACE", "VERSION", "NS", "bumped"), Int(2));
  EXPECT_TRUE(client.Run("SELECT", "dropped").IsError());
  Create(&client, "dropped");
  EXPECT_EQ(In("dropped").Run("DBSIZE"), Int(0)) << "one of the same name is another one";
}

TEST_F(DiskTest, OneOfTheConfigurationThatWasDroppedComesBackEmpty) {
  const std::string file = (folder_.path() / "replete.toml").string();
  std::ofstream(file) << "[namespace.n]\nengine = \"disk\"\ndefault_ttl = 0\n"
                         "[namespace.0]\nengine = \"disk\"\n";
  StartHere({"--config", file});
  EXPECT_EQ(In("n").Run("SET", "k", "v"), Status("OK"));
  EXPECT_EQ(Connect().Run("SET", "k", "in database 0"), Status("OK"));
  daemon().Kill9();
  StartHere({"--config", file});
  EXPECT_EQ(In("n").Run("GET", "k"), Bulk("v"));
  EXPECT_EQ(Connect().Run("GET", "k"), Bulk("in database 0"));
  EXPECT_EQ(Connect().Run("NAMESPACE", "DROP", "n"), Status("OK"));
  daemon().Kill9();
  StartHere({"--config", file});
  EXPECT_EQ(In("n").Run("DBSIZE"), Int(0));
  EXPECT_EQ(Connect().Run("DBSIZE"), Int(1));
}

TEST_F(DiskTest, WhatTheConfigurationNamesNoMoreIsKept) {
  const std::string file = (folder_.path() / "replete.toml").string();
  std::ofstream(file) << "[namespace.n]\nengine = \"disk\"\ndefault_ttl = 0\n";
  StartHere({"--config", file});
  EXPECT_EQ(In("n").Run("SET", "k", "v"), Status("OK"));
  StartHere();
  EXPECT_TRUE(Connect().Run("SELECT", "n").IsError());
  EXPECT_NE(daemon().Log().find("namespace 'n' that is not on disk any more"), std::string::npos);
  Client client = Connect();
  Create(&client, "n");
  EXPECT_EQ(In("n").Run("GET", "k"), Bulk("v")) << "and is read back when it is wanted again";
}

TEST_F(DiskTest, AltersOfARememberedNamespaceLast) {
  StartHere();
  {
    Client client = Connect();
    Create(&client, "n");
    EXPECT_EQ(
        client.Run("NAMESPACE", "ALTER", "n", "MAX_ENTRIES", "3", "PREFIX", "n:", "PREFIX", "m:"),
        Status("OK"));
  }
  daemon().Kill9();
  StartHere();
  Client client = Connect();
  for (int i = 0; i < 10; ++i) client.Run("SET", "m:" + std::to_string(i), "v");
  EXPECT_EQ(In("n").Run("DBSIZE"), Int(3));
}

TEST_F(DiskTest, ANamespaceThatCameToNothingIsForgotten) {
  StartHere();
  {
    Client client = Connect();
    client.Run("SELECT", "7");
    client.Run("SET", "k", "v");
    EXPECT_TRUE(
        client.Run("NAMESPACE", "CREATE", "n", "ENGINE", "disk", "DATABASE", "7").IsError());
  }
  StartHere();
  EXPECT_TRUE(Connect().Run("SELECT", "n").IsError());
}

TEST_F(DiskTest, NothingIsWrittenWithoutANamespaceOnDisk) {
  StartHere();
  EXPECT_EQ(Connect().Run("SET", "k", "v"), Status("OK"));
  EXPECT_EQ(daemon().Stop(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(DiskTest, ASecondDaemonOnTheStoreIsRefused) {
  StartHere();
  Client client = Connect();
  Create(&client, "n");
  const std::string said = Refusal({"--dir", folder_.path().string()});
  EXPECT_NE(said.find("the store in"), std::string::npos) << said;
  EXPECT_NE(said.find("lock"), std::string::npos) << said;
  EXPECT_EQ(In("n").Run("SET", "k", "v"), Status("OK")) << "the first one goes on";
}

TEST_F(DiskTest, AStoreThatCannotBeMadeIsTold) {
  std::ofstream(folder_.path() / "store") << "a file";
  const std::string file = (folder_.path() / "replete.toml").string();
  std::ofstream(file) << "[namespace.n]\nengine = \"disk\"\n";
  const std::string said = Refusal({"--config", file, "--dir", folder_.path().string()});
  EXPECT_NE(said.find("the store in"), std::string::npos) << said;
  // Made live it is an error, and nothing is left of it.
  StartHere();
  Client client = Connect();
  const Reply reply = client.Run("NAMESPACE", "CREATE", "n", "ENGINE", "disk");
  EXPECT_TRUE(reply.IsError());
  EXPECT_NE(reply.text.find("the store in"), std::string::npos) << reply.text;
  EXPECT_TRUE(client.Run("SELECT", "n").IsError());
}

TEST_F(DiskTest, ADamagedStoreIsNotServedAsIfItWereWhole) {
  StartHere();
  {
    Client client = Connect();
    Create(&client, "n");
    client = In("n");
    std::mt19937 random(1);
    std::string value(500, 'v');
    for (int i = 0; i < 2000; ++i) {
      for (char& byte : value) byte = static_cast<char>(random());
      client.Append({"SET", std::to_string(i), value});
    }
    for (int i = 0; i < 2000; ++i) client.Next();
  }
  EXPECT_EQ(daemon().Stop(), 0);
  bool damaged = false;
  for (const auto& item : std::filesystem::directory_iterator(folder_.path() / "store")) {
    if (item.path().extension() != ".sst" || item.file_size() < 100000) continue;
    std::fstream file(item.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(item.file_size() / 2));
    file.write("damage", 6);
    damaged = true;
  }
  ASSERT_TRUE(damaged);
  const std::string said = Refusal({"--dir", folder_.path().string()});
  EXPECT_NE(said.find("cannot be read"), std::string::npos) << said;
}

// --- limits ---

void FillWithValues(Client* client, int count, std::size_t size) {
  const std::string value(size, 'v');
  for (int i = 0; i < count; ++i) client->Append({"SET", "k:" + std::to_string(i), value});
  for (int i = 0; i < count; ++i) ASSERT_EQ(client->Next(), Status("OK"));
}

TEST_F(DiskTest, MaxDiskEvictsAndIsNeverExceeded) {
  StartHere();
  Client client = Connect();
  Create(&client, "n", {"MAX_DISK", "100kb"});
  Client inside = In("n");
  for (int round = 0; round < 5; ++round) {
    FillWithValues(&inside, 500, 1000);
    EXPECT_LE(InfoOf(&client, "n", "disk_bytes"), 100 * 1024);
  }
  EXPECT_GT(inside.Run("DBSIZE").Integer(), 80);
  EXPECT_EQ(inside.Run("EXISTS", "k:499"), Int(1));
  EXPECT_EQ(inside.Run("EXISTS", "k:0"), Int(0));
  const Reply never = inside.Run("SET", "large", std::string(200'000, 'v'));
  EXPECT_EQ(never, Error("OOM command not allowed when used disk > 'max_disk' of namespace 'n'."));
  // What is overwritten, deleted or renamed is counted once.
  inside.Run("FLUSHDB");
  EXPECT_EQ(InfoOf(&client, "n", "disk_bytes"), 0);
  for (int i = 0; i < 100; ++i) inside.Run("APPEND", "a", std::string(100, 'a'));
  inside.Run("RENAME", "a", "b");
  inside.Run("HSET", "h", "f", std::string(500, 'v'));
  const long long used = InfoOf(&client, "n", "disk_bytes");
  EXPECT_GT(used, 10'500);
  EXPECT_LT(used, 10'700);
  // A lowered limit holds at once.
  client.Run("NAMESPACE", "ALTER", "n", "MAX_DISK", "5000");
  EXPECT_LE(InfoOf(&client, "n", "disk_bytes"), 5000);
  inside.Run("DEL", "a", "b", "h");
  EXPECT_EQ(InfoOf(&client, "n", "disk_bytes"), 0);
}

TEST_F(DiskTest, MaxDiskIsCountedTheSameAfterAStart) {
  StartHere();
  long long before = 0;
  {
    Client client = Connect();
    Create(&client, "n", {"MAX_DISK", "100kb", "POLICY", "none"});
    Client inside = In("n");
    FillWithValues(&inside, 50, 1000);
    inside.Run("EXPIRE", "k:3", "1000");
    before = InfoOf(&client, "n", "disk_bytes");
    EXPECT_GT(before, 50'000);
  }
  daemon().Kill9();
  StartHere();
  Client client = Connect();
  EXPECT_EQ(InfoOf(&client, "n", "disk_bytes"), before);
  Client inside = In("n");
  FillWithValues(&inside, 100, 1000);
  EXPECT_EQ(inside.Run("SET", "last", std::string(3000, 'v')), Status("OK"));
  EXPECT_EQ(inside.Run("SET", "one more", std::string(3000, 'v')),
            Error("OOM command not allowed when used disk > 'max_disk' of namespace 'n'."));
  EXPECT_EQ(inside.Run("DBSIZE"), Int(101));
}

TEST_F(DiskTest, ValuesLeaveMemoryBeforeEntriesDo) {
  StartHere();
  Client client = Connect();
  Create(&client, "n", {"MAX_MEMORY", "300kb"});
  Client inside = In("n");
  const auto within = [&] {
    return Eventually([&] { return InfoOf(&client, "n", "memory_bytes") <= 300 * 1024; });
  };
  FillWithValues(&inside, 1000, 1000);
  EXPECT_EQ(inside.Run("DBSIZE"), Int(1000));
  EXPECT_TRUE(within()) << "as soon as they are stored";
  for (int i = 0; i < 1000; i += 100) {
    EXPECT_EQ(inside.Run("STRLEN", "k:" + std::to_string(i)), Int(1000));
  }
  EXPECT_TRUE(within());
  FillWithValues(&inside, 10'000, 10);
  EXPECT_TRUE(within());
  EXPECT_LT(inside.Run("DBSIZE").Integer(), 10'000) << "keys alone take more than that";
  EXPECT_GT(inside.Run("DBSIZE").Integer(), 2'000);
}

TEST_F(DiskTest, WhatTheEngineHoldsOfItsStoreCountsTowardsMaxmemory) {
  constexpr long long kLimit = 48 << 20;
  StartHere({"--maxmemory", "48mb", "--maxmemory-policy", "allkeys-lru", "--disk-write-buffers",
             "32mb", "--disk-block-cache", "1mb"});
  Client client = Connect();
  Create(&client, "n", {"HOT_MEMORY", "0"});
  Client inside = In("n");
  FillWithValues(&inside, 10'000, 1000);
  const auto field = [&](const std::string& section, const std::string& name) {
    const std::string text = client.Run("INFO", section).text;
    const std::size_t at = text.find("\n" + name + ":");
    return at == std::string::npos ? -1 : std::stoll(text.substr(at + name.size() + 2));
  };
  ASSERT_GT(field("disk", "disk_memory"), 10'000'000) << "they wait in the write buffers";
  FillWithValues(&client, 60'000, 1000);
  const auto within = [&] {
    return field("memory", "used_memory") < kLimit / 100 * 105 &&
           field("memory", "used_memory_dataset") < kLimit - field("disk", "disk_memory");
  };
  EXPECT_TRUE(Eventually(within)) << client.Run("INFO", "memory").text;
  EXPECT_GT(client.Run("DBSIZE").Integer(), 10'000);
}

TEST_F(DiskTest, CompactGivesBackTheRoomOfWhatIsGone) {
  StartHere();
  Client client = Connect();
  Create(&client, "n");
  Client inside = In("n");
  std::mt19937 random(1);
  for (int i = 0; i < 4000; ++i) {
    std::string value(1000, ' ');
    for (char& byte : value) byte = static_cast<char>(random());
    inside.Append({"SET", "k:" + std::to_string(i), value});
  }
  for (int i = 0; i < 4000; ++i) ASSERT_EQ(inside.Next(), Status("OK"));
  const auto used = [&] { return InfoNumber(&client, "disk", "disk_used"); };
  EXPECT_EQ(client.Run("NAMESPACE", "COMPACT", "NS", "n"), Status("OK"));
  const long long full = used();
  EXPECT_GT(full, 4'000'000);
  for (int i = 0; i < 4000; ++i) {
    if (i % 10 != 0) inside.Append({"DEL", "k:" + std::to_string(i)});
  }
  for (int i = 0; i < 3600; ++i) ASSERT_EQ(inside.Next(), Int(1));
  EXPECT_EQ(client.Run("NAMESPACE", "COMPACT", "NS", "n"), Status("OK"));
  EXPECT_LT(used(), full / 5);
  EXPECT_EQ(inside.Run("STRLEN", "k:10"), Int(1000));
  // What expires leaves no delete behind, and goes all the same.
  for (int i = 0; i < 4000; i += 10) inside.Run("PEXPIRE", "k:" + std::to_string(i), "1");
  EXPECT_TRUE(Eventually([&] { return inside.Run("DBSIZE") == Int(0); }));
  EXPECT_EQ(client.Run("NAMESPACE", "COMPACT", "NS", "n"), Status("OK"));
  EXPECT_LT(used(), 50'000);
}

// --- backups ---

// Values that have records of their own, in every way in which they come and go.
TEST_F(DiskTest, LargeValuesComeBackAndGiveTheirRoomBack) {
  StartHere();
  Client client = Connect();
  Create(&client, "n", {"HOT_MEMORY", "0"});
  // Not to be compressed: what is left of them is to be seen.
  const auto value = [](int i) {
    std::mt19937 random(static_cast<unsigned>(i));
    std::string text(50'000, '\0');
    for (char& byte : text) byte = static_cast<char>(random());
    return text;
  };
  {
    Client inside = In("n");
    for (int i = 0; i < 400; ++i)
      ASSERT_EQ(inside.Run("SET", "k" + std::to_string(i), value(i)), Status("OK"));
    for (int i = 0; i < 400; ++i) {
      const std::string key = "k" + std::to_string(i);
      switch (i % 8) {
        case 0:
          inside.Run("SET", key, "small");
          break;
        case 1:
          inside.Run("DEL", key);
          break;
        case 2:
          inside.Run("PEXPIRE", key, "1");
          break;
        case 3:
          inside.Run("RENAME", key, "moved" + key);
          break;
        case 4:
          inside.Run("EXPIRE", key, "1000");
          break;
        case 5:
          inside.Run("APPEND", key, "!");
          break;
        case 6:
          inside.Run("DEL", key);
          inside.Run("SET", key, "again");
          break;
        default:
          break;
      }
    }
  }
  for (int round = 0; round < 2; ++round) {
    if (round == 0) {
      daemon().Kill9();
    } else {
      daemon().Stop();
    }
    StartHere();
    Client inside = In("n");
    EXPECT_EQ(inside.Run("DBSIZE"), Int(300));
    for (int i = 0; i < 400; ++i) {
      const std::string key = "k" + std::to_string(i);
      const std::string expected[] = {"small",        "",      "",      "", value(i),
                                      value(i) + "!", "again", value(i)};
      const Reply reply = inside.Run("GET", key);
      EXPECT_EQ(reply.type == '$' && !reply.null ? reply.text : "", expected[i % 8]) << key;
      if (i % 8 == 3) {
        EXPECT_EQ(inside.Run("GET", "moved" + key), Bulk(value(i)));
      }
    }
  }
  Client again = Connect();
  ASSERT_EQ(again.Run("NAMESPACE", "COMPACT", "NS", "n"), Status("OK"));
  const std::string info = again.Run("INFO", "disk").text;
  const std::size_t at = info.find("disk_used:");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LT(std::stoll(info.substr(at + 10)), InfoOf(&again, "n", "disk_bytes") * 13 / 10);
}

TEST_F(DiskTest, OptionsOfTheDiskAreRefusedInMemory) {
  StartHere();
  Client client = Connect();
  for (const std::vector<std::string>& option : {std::vector<std::string>{"MAX_DISK", "5"},
                                                 {"durability", "sync"},
                                                 {"HOT-MEMORY", "5"},
                                                 {"ON_DISK_ERROR", "memory"}}) {
    EXPECT_TRUE(client.Run("NAMESPACE", "CREATE", "m", option[0], option[1]).IsError());
    EXPECT_TRUE(client.Run("NAMESPACE", "ALTER", "default", option[0], option[1]).IsError());
  }
  EXPECT_TRUE(client.Run("SELECT", "m").IsError());
}

}  // namespace
}  // namespace replete::test
