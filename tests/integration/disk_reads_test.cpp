// Values that are read from files by many at once: by the loops themselves where they are in
// memory, by readers else.

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/disk_fixture.h"

namespace replete::test {
namespace {

// A client that has keys of its own, and a model of them.
class PipeliningClient {
 public:
  PipeliningClient(Client client, int number)
      : client_(std::move(client)), prefix_(std::to_string(number) + "/"), random_(number + 1u) {}

  void Fill(int keys) {
    for (int i = 0; i < keys; ++i) {
      // Now and then one that has a record of its own, which a loop does not read.
      const std::string value = i % 25 == 0 ? std::string(10'000, 'l') : "v" + std::to_string(i);
      Set("k" + std::to_string(i), value);
    }
    names_ = keys;
    Check();
  }
  // Reads of the same keys before, between and after writes, in one pipeline.
  void Pipeline(int requests) {
    for (int i = 0; i < requests; ++i) {
      const std::string key = "k" + std::to_string(random_() % static_cast<unsigned>(names_));
      switch (random_() % 12) {
        case 0:
          Set(key, "w" + std::to_string(random_() % 1000));
          break;
        case 1:
          client_.Append({"DEL", prefix_ + key});
          expected_.push_back(Int(values_.erase(key) > 0 ? 1 : 0));
          break;
        case 2:
          client_.Append({"APPEND", prefix_ + key, "x"});
          values_[key] += "x";
          expected_.push_back(Int(static_cast<long long>(values_[key].size())));
          break;
        case 3:
          client_.Append({"EXPIRE", prefix_ + key, "1000"});
          expected_.push_back(Int(values_.count(key) > 0 ? 1 : 0));
          break;
        case 4:
          client_.Append({"PING"});
          expected_.push_back(Status("PONG"));
          break;
        default:
          Get(key);
          if (random_() % 4 == 0) Get(key);
      }
    }
    Check();
  }

 private:
  void Set(const std::string& key, const std::string& value) {
    client_.Append({"SET", prefix_ + key, value});
    values_[key] = value;
    expected_.push_back(Status("OK"));
  }
  void Get(const std::string& key) {
    client_.Append({"GET", prefix_ + key});
    const auto found = values_.find(key);
    expected_.push_back(found == values_.end() ? Nil() : Bulk(found->second));
  }
  void Check() {
    for (; !expected_.empty(); expected_.pop_front()) {
      ASSERT_EQ(client_.Next(), expected_.front()) << "of client " << prefix_;
    }
  }

  Client client_;
  const std::string prefix_;
  std::minstd_rand random_;
  int names_ = 0;
  std::map<std::string, std::string> values_;
  std::deque<Reply> expected_;
};

class DiskReadsTest : public DiskTest {
 protected:
  static constexpr int kKeys = 1000;

  // A client of a namespace that has these keys in files, and none of their values in memory.
  Client Filled() {
    Client client = Connect();
    Create(&client, "n", {"HOT_MEMORY", "0"});
    EXPECT_EQ(client.Run("SELECT", "n"), Status("OK"));
    for (int i = 0; i < kKeys; ++i) client.Append({"SET", std::to_string(i), Value(i)});
    for (int i = 0; i < kKeys; ++i) EXPECT_EQ(client.Next(), Status("OK"));
    EXPECT_EQ(client.Run("NAMESPACE", "COMPACT", "NS", "n"), Status("OK"));
    EXPECT_TRUE(Eventually([&] { return InfoOf(&client, "n", "hot_bytes") == 0; }));
    return client;
  }
  static std::string Value(int key) { return "value of " + std::to_string(key); }
  static void ReadSixteen(Client* client, int seed) {
    const auto key = [seed](int i) { return (seed * 37 + i * 61) % kKeys; };
    for (int i = 0; i < 16; ++i) client->Append({"GET", std::to_string(key(i))});
    for (int i = 0; i < 16; ++i) ASSERT_EQ(client->Next(), Bulk(Value(key(i))));
  }

  void RunPipelines(const std::vector<std::string>& options) {
    StartHere(options);
    {
      Client client = Connect();
      Create(&client, "n", {"HOT_MEMORY", "0"});
    }
    constexpr int kClients = 8;
    std::vector<PipeliningClient> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back(In("n"), i);
      clients.back().Fill(500);
    }
    Client watcher = In("n");
    for (int round = 0; round < 3; ++round) {
      ASSERT_EQ(watcher.Run("NAMESPACE", "COMPACT", "NS", "n"), Status("OK"));
      std::vector<std::thread> threads;
      for (PipeliningClient& client : clients) {
        threads.emplace_back([&client] {
          for (int i = 0; i < 20; ++i) client.Pipeline(100);
        });
      }
      for (std::thread& thread : threads) thread.join();
    }
  }
};

TEST_F(DiskReadsTest, ValuesOfAPipelineAreReadTogether) {
  constexpr int kPipelines = 50;
  StartHere({"--threads", "1"});
  Client client = Filled();
  // Into RocksDB's cache: not every file system tells what the system has in memory.
  for (int i = 0; i < kPipelines; ++i) ReadSixteen(&client, i);
  const auto figure = [&](const char* name) { return InfoNumber(&client, "disk", name); };
  const long long reads = figure("disk_reads_at_once");
  const long long values = figure("disk_values_read_at_once");
  for (int i = 0; i < kPipelines; ++i) ReadSixteen(&client, i);
  EXPECT_EQ(figure("disk_values_read_at_once") - values, kPipelines * 16);
  // Before a session has read a value, it does not look for several: its first pipeline.
  EXPECT_LT(figure("disk_reads_at_once") - reads, kPipelines * 2);
}

TEST_F(DiskReadsTest, OneLoopServesThoseInLineAndOthers) {
  StartHere({"--threads", "1"});
  Client client = Filled();
  std::atomic<bool> done{false};
  std::atomic<int> pipelines{0};
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&, other = Connect()]() mutable {
      ASSERT_EQ(other.Run("SET", "k", "v"), Status("OK"));  // of a database in memory
      while (!done) {
        for (int j = 0; j < 100; ++j) other.Append({"GET", "k"});
        for (int j = 0; j < 100; ++j) ASSERT_EQ(other.Next(), Bulk("v"));
        ++pipelines;
      }
    });
  }
  Client second = In("n");
  for (int i = 0; i < 100; ++i) {
    ReadSixteen(&client, i);
    ReadSixteen(&second, i);
  }
  const int meanwhile = pipelines;
  done = true;
  for (std::thread& other : others) other.join();
  EXPECT_GT(meanwhile, 0);
}

TEST_F(DiskReadsTest, PipelinesThatLoopsReadForAreAnsweredRight) {
  const unsigned cores = std::max(2u, std::thread::hardware_concurrency());
  RunPipelines({"--threads", std::to_string(cores), "--elastic-threads", "no"});
}

TEST_F(DiskReadsTest, PipelinesThatOneLoopReadsForAreAnsweredRight) {
  RunPipelines({"--threads", "1"});
}

TEST_F(DiskReadsTest, PipelinesOfClientsThatMoveAreAnsweredRight) {
  const ScopedVariable moves("REPLETE_TEST_MOVES", "yes");
  const unsigned cores = std::max(2u, std::thread::hardware_concurrency());
  RunPipelines({"--threads", std::to_string(cores), "--disk-block-cache", "1mb"});
}

}  // namespace
}  // namespace replete::test
