// Whatever is done to namespaces on disk, a model of them agrees with every start after it: stops
// and kills, files that are written and compacted all the time, databases that are swapped,
// cleared, dropped and made again.

#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/disk_fixture.h"

namespace replete::test {
namespace {

constexpr long long kNever = -1;

struct Item {
  std::string text{};                           // of a string
  std::map<std::string, std::string> fields{};  // of a hash
  long long expires_ms = kNever;                // unix time
};
using Contents = std::map<std::string, Item>;

// Two numbered databases and a namespace that is made while the daemon runs.
constexpr size_t kPlaces = 3;
constexpr size_t kMade = 2;
const std::array<std::string, kPlaces> kNames = {"0", "1", "made"};

class RestartsTest : public DiskTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void StartAgain() {
    std::vector<std::string> args;
    // Files are written all the time, or by stops alone.
    if (Below(2) == 0) args = {"--disk-write-buffers", "1mb"};
    for (const std::string name : {"0", "1"}) {
      args.insert(args.end(),
                  {"--namespace." + name + ".engine", "disk", "--namespace." + name + ".hot-memory",
                   "20kb", "--namespace." + name + ".durability", GetParam()});
    }
    StartHere(args);
    if (!made_) Make();
    for (size_t i = 0; i < kPlaces; ++i) Reconnect(i);
  }

  void Make() {
    Client client = Connect();
    Create(&client, kNames[kMade], {"HOT_MEMORY", "20kb", "DURABILITY", GetParam()});
    made_ = true;
  }

  void Reconnect(size_t place) { clients_[place] = std::make_unique<Client>(In(kNames[place])); }

  size_t Below(size_t n) { return random_() % n; }
  std::string AnyKey() { return "key:" + std::to_string(Below(150)); }

  void Do() {
    const size_t place = Below(kPlaces);
    const size_t what = Below(1000);
    if (what < 900) {
      WriteKey(place, what);
    } else if (what < 940) {
      WriteInTransaction(place);
    } else if (what < 970) {
      WriteTwoKeys(place);
    } else {
      ChangeAll(place, what % 6);
    }
  }

  void WriteKey(size_t place, size_t what) {
    Client& client = *clients_[place];
    Contents& contents = contents_[place];
    const std::string key = AnyKey();
    const auto found = contents.find(key);
    const bool present = found != contents.end();
    if (what < 400) {
      // One in eight is large enough for a record of its own.
      const std::string text(Below(8) == 0 ? 4000 + Below(12'000) : Below(300), Letter());
      ASSERT_EQ(client.Run("SET", key, text), Status("OK"));
      contents[key] = {.text = text};
    } else if (what < 500) {
      const long long at = 4'000'000'000'000 + static_cast<long long>(Below(1000));
      ASSERT_EQ(client.Run("SET", key, "volatile", "PXAT", at), Status("OK"));
      contents[key] = {.text = "volatile", .expires_ms = at};
    } else if (what < 550) {
      ASSERT_EQ(client.Run("SET", key, "dead", "PX", "1"), Status("OK"));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      contents.erase(key);
    } else if (what < 650) {
      ASSERT_EQ(client.Run("DEL", key), Int(present));
      contents.erase(key);
    } else if (what < 750) {
      if (present && found->second.fields.empty()) {
        ASSERT_EQ(client.Run("APPEND", key, "+").type, ':');
        found->second.text += '+';
      } else {
        const std::string field(1, Letter());
        const std::string value(Below(600), Letter());
        ASSERT_EQ(client.Run("HSET", key, field, value).type, ':');
        contents[key].fields[field] = value;
      }
    } else if (what < 850) {
      const long long at = 4'100'000'000'000 + static_cast<long long>(Below(1000));
      ASSERT_EQ(client.Run("PEXPIREAT", key, at), Int(present));
      if (present) found->second.expires_ms = at;
    } else {
      ASSERT_EQ(client.Run("PERSIST", key), Int(present && found->second.expires_ms != kNever));
      if (present) found->second.expires_ms = kNever;
    }
  }

  void WriteInTransaction(size_t place) {
    Client& client = *clients_[place];
    client.Run("MULTI");
    for (size_t i = 2 + Below(10); i > 0; --i) {
      const std::string key = AnyKey();
      const std::string text(Below(500), Letter());
      client.Run("SET", key, text);
      contents_[place][key] = {.text = text};
    }
    ASSERT_EQ(client.Run("EXEC").type, '*');
  }

  void WriteTwoKeys(size_t place) {
    Client& client = *clients_[place];
    Contents& contents = contents_[place];
    const std::string from = AnyKey();
    const std::string to = AnyKey();
    if (from == to || contents.count(from) == 0) return;
    if (place != kMade && Below(2) == 0) {
      Contents& other = contents_[1 - place];
      const bool moves = other.count(from) == 0;
      ASSERT_EQ(client.Run("MOVE", from, kNames[1 - place]), Int(moves));
      if (moves) other.insert(contents.extract(from));
    } else if (Below(2) == 0) {
      ASSERT_EQ(client.Run("RENAME", from, to), Status("OK"));
      contents[to] = std::exchange(contents[from], {});
      contents.erase(from);
    } else {
      ASSERT_EQ(client.Run("COPY", from, to, "REPLACE"), Int(1));
      contents[to] = contents[from];
    }
  }

  void ChangeAll(size_t place, size_t what) {
    Client& client = *clients_[place];
    const auto held = static_cast<long long>(contents_[place].size());
    switch (what) {
      case 0:
        ASSERT_EQ(client.Run("FLUSHDB"), Status("OK"));
        contents_[place].clear();
        break;
      case 1:
        ASSERT_EQ(client.Run("SWAPDB", "0", "1"), Status("OK"));
        std::swap(contents_[0], contents_[1]);
        break;
      case 2:
        // Those that have expired may be counted.
        ASSERT_GE(client.Run("NAMESPACE", "CLEAR", "NS", kNames[place]).Integer(), held);
        contents_[place].clear();
        break;
      case 3:
        ASSERT_EQ(client.Run("NAMESPACE", "BUMP", "NS", kNames[place]).type, ':');
        contents_[place].clear();
        break;
      case 4:
        ASSERT_EQ(clients_[0]->Run("NAMESPACE", "DROP", kNames[kMade]), Status("OK"));
        contents_[kMade].clear();
        made_ = false;
        Make();
        Reconnect(kMade);
        break;
      default:
        ASSERT_EQ(client.Run("NAMESPACE", "COMPACT", "NS", kNames[place]), Status("OK"));
    }
  }

  void ExpectContents(size_t place) {
    Client& client = *clients_[place];
    const Contents& contents = contents_[place];
    ASSERT_EQ(client.Run("DBSIZE"), Int(static_cast<long long>(contents.size())));
    for (const auto& [key, item] : contents) {
      ASSERT_EQ(client.Run("PEXPIRETIME", key), Int(item.expires_ms)) << key;
      if (item.fields.empty()) {
        ASSERT_EQ(client.Run("GET", key), Bulk(item.text)) << key;
        continue;
      }
      ASSERT_EQ(client.Run("HLEN", key), Int(static_cast<long long>(item.fields.size()))) << key;
      for (const auto& [field, value] : item.fields) {
        ASSERT_EQ(client.Run("HGET", key, field), Bulk(value)) << key << " " << field;
      }
    }
  }

  char Letter() { return static_cast<char>('a' + Below(26)); }

  std::mt19937 random_;
  std::array<Contents, kPlaces> contents_;
  std::array<std::unique_ptr<Client>, kPlaces> clients_;
  bool made_ = false;
};

TEST_P(RestartsTest, EveryStartFindsWhatWasThere) {
  std::optional<ScopedVariable> faults;
  if (GetParam() == std::string_view("sync")) faults.emplace("REPLETE_TEST_DISK", "unsynced=lost");
  const char* wanted = std::getenv("REPLETE_TEST_RESTARTS");
  const int restarts = wanted != nullptr ? std::atoi(wanted) : 12;
  for (int round = 0; round <= restarts; ++round) {
    ASSERT_NO_FATAL_FAILURE(StartAgain());
    for (size_t place = 0; place < kPlaces; ++place) {
      ASSERT_NO_FATAL_FAILURE(ExpectContents(place)) << kNames[place] << ", start " << round;
    }
    for (size_t i = Below(600); i > 0; --i) {
      ASSERT_NO_FATAL_FAILURE(Do()) << "after start " << round;
    }
    if (Below(2) == 0) {
      daemon().Kill9();
    } else {
      ASSERT_EQ(daemon().Stop(), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, RestartsTest, ::testing::Values("wal", "sync"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace replete::test
