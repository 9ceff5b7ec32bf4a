// A recorded load of writes on a namespace on disk that is killed again and again.

#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/disk_fixture.h"

namespace replete::test {
namespace {

// What one client has been told of its own keys, and what it asked for last and was not told of.
struct Recorded {
  std::map<std::string, std::string> values;  // acknowledged; "": absent
  std::string open_key;                       // its last request was not answered
  std::string open_value;
};

constexpr int kKeysOfAClient = 200;

// Writes until the daemon is gone. Keys with a deadline are dead long before anybody looks.
void WriteUntilKilled(int port, int client_number, unsigned seed, Recorded* recorded) {
  std::mt19937 random(seed);
  Client client(port);
  client.Run("SELECT", "n");
  for (int i = 0;; ++i) {
    const std::string key =
        std::to_string(client_number) + ":" + std::to_string(random() % kKeysOfAClient);
    const unsigned what = random() % 10;
    std::vector<std::string> request = {"DEL", key};
    std::string value;
    if (what >= 3) {
      // One in eight is large enough for a record of its own.
      const std::size_t size = random() % 8 == 0 ? 4000 + random() % 12'000 : random() % 300;
      value = std::to_string(seed) + ":" + std::to_string(i) + std::string(size, 'v');
      request = {"SET", key, value};
    } else if (what == 0) {
      request = {"SET", key, "dead", "PX", "1"};
    }
    recorded->open_key = key;
    recorded->open_value = value;
    const Reply reply = client.Run(request);
    if (!client.connected()) return;
    ASSERT_FALSE(reply.IsError()) << reply.text;
    recorded->values[key] = value;
    recorded->open_key.clear();
  }
}

// Killed, under wal; and without power, under sync: then what was not synced is gone.
class KilledTest : public DiskTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(KilledTest, NoAcknowledgedWriteIsLostHoweverOftenItHappens) {
  std::optional<ScopedVariable> faults;
  if (GetParam() == std::string_view("sync")) faults.emplace("REPLETE_TEST_DISK", "unsynced=lost");
  const char* wanted = std::getenv("REPLETE_TEST_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 10;
  constexpr int kClients = 4;
  std::vector<Recorded> recorded(kClients);
  std::mt19937 random(1);
  for (int round = 0; round <= kills; ++round) {
    StartHere();
    if (round == 0) {
      Client client = Connect();
      Create(&client, "n", {"HOT_MEMORY", "20kb", "DURABILITY", GetParam()});
    }
    Client client = In("n");
    const auto look = [&client](const std::string& key) {
      const Reply reply = client.Run("GET", key);
      EXPECT_FALSE(reply.IsError()) << reply.text;
      return reply.type == '$' && !reply.null ? reply.text : std::string();
    };
    long long present = 0;
    for (Recorded& one : recorded) {
      // What was asked for last may have happened or not.
      if (!one.open_key.empty() && look(one.open_key) == one.open_value) {
        one.values[one.open_key] = one.open_value;
      }
      for (const auto& [key, value] : one.values) {
        ASSERT_EQ(look(key), value) << key << " after kill " << round;
        if (!value.empty()) ++present;
      }
    }
    ASSERT_EQ(client.Run("DBSIZE").Integer(), present) << "after kill " << round;
    if (round == kills) break;
    std::vector<std::thread> writers;
    for (int i = 0; i < kClients; ++i) {
      writers.emplace_back(WriteUntilKilled, daemon().port(), i,
                           static_cast<unsigned>(round * kClients + i), &recorded[i]);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 200));
    daemon().Kill9();
    for (std::thread& writer : writers) writer.join();
  }
}

INSTANTIATE_TEST_SUITE_P(All, KilledTest, ::testing::Values("wal", "sync"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace replete::test
