// Handlers do not know which engine they are on: whatever clients ask, a daemon whose values are
// kept by a tier that is slow, out of order, and fails now and then, answers and does the same as
// one that keeps everything in RAM.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/server/engine_pair.h"
#include "tests/unit/server/random_reader.h"
#include "tests/unit/server/random_writer.h"

namespace replete {
namespace {

using Words = std::vector<std::string>;

std::string Join(const Words& words) {
  std::string line;
  for (const std::string& word : words) line += word.substr(0, 40) + " ";
  return line;
}

void MakeNamespaces(EnginePair* pair) {
  for (const char* line :
       {"cache max_entries 9 policy lru prefix c: default_ttl 2",
        "timed max_entries 5 policy ttl prefix t:", "fifo max_entries 5 policy fifo"}) {
    pair->Both(std::string("NAMESPACE CREATE ") + line);
  }
}

// Requests of one client: writes of all kinds, readers, now and then a transaction or what changes
// a namespace.
class RandomClient {
 public:
  RandomClient(uint64_t seed, const ManualClock& clock) : writer_(seed, clock, false) {}

  RandomWriter& random() { return writer_; }
  Words Single() {
    if (writer_.OneIn(60)) return reader_.OfNamespaces();
    return Simple();
  }
  std::vector<Words> Transaction() {
    std::vector<Words> all;
    if (writer_.OneIn(3)) all.push_back({"WATCH", "key:1", "c:key:2"});
    if (writer_.OneIn(6)) all.push_back(Simple());
    all.push_back({"MULTI"});
    for (size_t i = writer_.Below(6) + 1; i > 0; --i) all.push_back(Simple());
    all.push_back({writer_.OneIn(10) ? "DISCARD" : "EXEC"});
    return all;
  }

 private:
  Words Simple() { return writer_.OneIn(2) ? writer_.Command() : reader_.Command(); }

  RandomWriter writer_;
  RandomReader reader_{&writer_};
};

struct Variant {
  const char* name;
  FakeTierOptions tier;
  bool cold = true;      // no value is in RAM when a command begins
  size_t pipeline = 1;   // commands that do not wait until those before them are stored
  bool retries = false;  // loads fail: such a command had no effect and is run again
  size_t sweeps = 30;    // once in so many steps
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

const Variant kVariants[] = {
    {"AllResident", {}, false, 1},
    {"AllResidentPipelined", {.write_delay_us = 100}, false, 8},
    {"NothingResident", {}, true, 1},
    {"NothingResidentPipelined", {.load_delay_us = 50, .write_delay_us = 300}, true, 8},
    {"Reordered", {.load_delay_us = 100, .reorder_loads = true}, true, 4},
    {"CooledByTheSweep", {.hot_memory = 0}, false, 1, false, 2},
    {"FailingLoads", {.fail_load_every = 3}, true, 1, true},
    {"FailingLoadsReordered", {.reorder_loads = true, .fail_load_every = 2}, true, 1, true},
};

class Engines : public ::testing::TestWithParam<Variant> {
 protected:
  static constexpr uint64_t kSeeds = 6;
  static constexpr std::chrono::seconds kHang{20};
  // Of a seed.
  static int Steps() { return GetParam().pipeline == 1 ? 500 : 150; }

  // One after another on both, and the same replies.
  void RunAll(EnginePair& pair, const std::vector<Words>& commands) {
    const size_t most = GetParam().pipeline;
    for (size_t at = 0; at < commands.size(); at += most) {
      const size_t end = std::min(commands.size(), at + most);
      RunSome(pair, {commands.begin() + static_cast<ptrdiff_t>(at),
                     commands.begin() + static_cast<ptrdiff_t>(end)});
    }
  }
  void RunSome(EnginePair& pair, const std::vector<Words>& commands) {
    std::vector<Reply> expected;
    for (const Words& words : commands) expected.push_back(pair.memory().Run(words));
    std::vector<TestDaemon::Pending> pending(commands.size());
    for (size_t i = 0; i < commands.size(); ++i) {
      if (GetParam().cold) pair.tiered().runner().dispatcher().CoolAll();
      pair.tiered().Execute(commands[i], &pending[i]);
    }
    for (size_t i = 0; i < commands.size(); ++i) {
      Reply reply = TestDaemon::Await(&pending[i]);
      const auto give_up = std::chrono::steady_clock::now() + kHang;
      while (GetParam().retries && reply.IsError() && reply.text.starts_with("ERR disk") &&
             std::chrono::steady_clock::now() < give_up) {
        EXPECT_TRUE(pair.tiered().TakeEffects().empty()) << "of what has failed";
        // The failure is known until all have let go of it, the tier's thread last.
        std::this_thread::yield();
        reply = pair.tiered().Run(commands[i]);
        ++retried_;
      }
      Compare(commands[i], expected[i], reply);
    }
    pair.ExpectSameEffects(true);
  }
  void Compare(const Words& words, const Reply& expected, const Reply& actual) {
    if (words[0] == "MULTI") queued_.clear();
    if (words[0] == "EXEC" && actual.elements.size() == expected.elements.size()) {
      for (size_t i = 0; i < actual.elements.size(); ++i) {
        const std::string inner = i < queued_.size() ? queued_[i] : "";
        EXPECT_EQ(Normalised(inner, actual.elements[i]), Normalised(inner, expected.elements[i]))
            << inner << " in EXEC";
      }
    } else {
      EXPECT_EQ(Normalised(words[0], actual), Normalised(words[0], expected)) << Join(words);
    }
    if (expected.text == "QUEUED") {
      queued_.push_back(words[0]);
    } else if (!expected.IsError()) {
      done_.insert(words[0]);
    }
  }
  // All keys, however many steps it takes.
  static std::set<std::string> ScanAll(TestDaemon& daemon) {
    std::set<std::string> keys;
    std::string cursor = "0";
    do {
      const Reply reply = daemon.Run({"SCAN", cursor, "COUNT", "7"});
      if (reply.elements.size() != 2) return {"no reply to SCAN: " + ToString(reply)};
      cursor = reply.elements[0].text;
      for (const Reply& key : reply.elements[1].elements) keys.insert(key.text);
    } while (cursor != "0");
    return keys;
  }
  void Step(EnginePair& pair, RandomClient& client) {
    RandomWriter& random = client.random();
    std::vector<Words> commands;
    if (!GetParam().retries && random.OneIn(10)) {
      commands = client.Transaction();
    } else {
      for (size_t i = 0; i < GetParam().pipeline; ++i) commands.push_back(client.Single());
    }
    // Values are let go of only where the keyspace knows of more bytes than it may keep.
    if (GetParam().tier.hot_memory == 0) commands.push_back({"SET", "big", std::string(9000, 'b')});
    RunAll(pair, commands);
    pair.clock().Advance(static_cast<int64_t>(random.Below(random.OneIn(10) ? 900 : 30)));
    if (random.OneIn(GetParam().sweeps)) {
      pair.Sweep();
      pair.ExpectSameEffects(false);
    }
    if (random.OneIn(50)) {
      EXPECT_EQ(ScanAll(pair.tiered()), ScanAll(pair.memory()));
    }
  }

  std::vector<std::string> queued_;
  std::set<std::string> done_;
  uint64_t retried_ = 0;
  uint64_t loads_ = 0;
  uint64_t evicted_ = 0;
  uint64_t expired_ = 0;
};

TEST_P(Engines, AnswerAndStoreTheSame) {
  for (uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    EnginePair pair(GetParam().tier);
    MakeNamespaces(&pair);
    RandomClient client(seed, pair.clock());
    for (int step = 0; step < Steps() && !HasFailure(); ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      Step(pair, client);
      if (step % 40 == 39) pair.ExpectSameContent();
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    pair.ExpectSameContent();
    pair.ExpectSameStats();
    loads_ += pair.tier().loads();
    const auto map = pair.tiered().server().namespaces().Current();
    for (const char* name : {"0", "1", "cache", "timed"}) {
      evicted_ += map->Find(name)->stats().evicted;
      expired_ += map->Find(name)->stats().expired;
    }
  }
  if (HasFailure()) return;
  // The run was worth something.
  const bool cools = GetParam().cold || GetParam().tier.hot_memory == 0;
  EXPECT_TRUE(cools ? loads_ > 100 : loads_ == 0) << loads_;
  EXPECT_EQ(retried_ > 50, GetParam().retries) << retried_;
  EXPECT_GT(evicted_, 20u);
  EXPECT_GT(expired_, 20u);
  for (const char* name :
       {"SET",    "GET",     "MGET",   "STRLEN",  "GETEX",     "GETDEL",  "GETRANGE", "APPEND",
        "INCR",   "MSETNX",  "HSET",   "HGET",    "HGETALL",   "HLEN",    "HEXISTS",  "HDEL",
        "LPUSH",  "LPOP",    "RPOP",   "LLEN",    "BLPOP",     "TTL",     "PTTL",     "EXPIRETIME",
        "EXPIRE", "PERSIST", "TYPE",   "EXISTS",  "TOUCH",     "RENAME",  "RENAMENX", "COPY",
        "DEL",    "KEYS",    "DBSIZE", "FLUSHDB", "NAMESPACE", "TESTLONG"}) {
    EXPECT_TRUE(done_.count(name)) << name << " was never tried with success";
  }
  EXPECT_EQ(done_.count("EXEC") == 1, !GetParam().retries);
}

INSTANTIATE_TEST_SUITE_P(Tiers, Engines, ::testing::ValuesIn(kVariants),
                         [](const auto& instance) { return std::string(instance.param.name); });

// --- writes that fail ---

// When a command's batch fails, the client is told, and whatever the command wrote is absent: the
// daemon without a tier is made to look like that.
class FailingWrites : public ::testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint64_t kSeeds = 6;
  static constexpr int kSteps = 700;

  // Takes away all keys that the last command of the daemon without a tier has touched.
  static void Forget(EnginePair& pair) {
    TestDaemon& memory = pair.memory();
    const auto map = memory.server().namespaces().Current();
    Dispatcher dispatcher(memory.server());
    Access access(memory.server().clock(), dispatcher);
    auto remove = [&](const std::string& keyspace, const std::string& key) {
      auto found = map->Find(keyspace);
      ASSERT_NE(found, nullptr);
      const Key place = ResolveKey(*found, key);
      access.Remove(place, Departure::kDeleted);
      place.shard->Publish();
    };
    for (const Recorded& effect : memory.TakeEffects()) {
      if (effect.kind == Effect::Kind::kClear) continue;
      if (effect.kind == Effect::Kind::kCopy) {
        remove(effect.target, effect.value);
        continue;
      }
      remove(effect.keyspace, effect.key);
      if (effect.kind == Effect::Kind::kRename) remove(effect.target, effect.value);
    }
    memory.TakeEffects();
  }
  void RunOne(EnginePair& pair, const Words& words) {
    pair.tiered().runner().dispatcher().CoolAll();
    pair.memory().TakeEffects();
    const Reply expected = pair.memory().Run(words);
    const Reply reply = pair.tiered().Run(words);
    if (reply.IsError() && reply.text.starts_with("ERR disk")) {
      EXPECT_EQ(reply.text, "ERR disk: the write was not stored: the write failed");
      Forget(pair);
      ++failed_;
    } else if (words[0] != "EXEC") {
      EXPECT_EQ(Normalised(words[0], reply), Normalised(words[0], expected)) << Join(words);
    } else {
      EXPECT_EQ(reply.elements.size(), expected.elements.size());
    }
  }

  uint64_t failed_ = 0;
};

TEST_P(FailingWrites, TakeTheirKeysAwayAndNothingElse) {
  for (uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    EnginePair pair({.fail_write_every = GetParam()});
    MakeNamespaces(&pair);
    RandomClient client(seed + 100, pair.clock());
    for (int step = 0; step < kSteps && !HasFailure(); ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      RandomWriter& random = client.random();
      if (random.OneIn(10)) {
        for (const Words& words : client.Transaction()) RunOne(pair, words);
      } else {
        RunOne(pair, client.Single());
      }
      pair.clock().Advance(static_cast<int64_t>(random.Below(random.OneIn(10) ? 900 : 30)));
      if (random.OneIn(30)) pair.Sweep();
      // What was to be deleted and could not be may still be stored.
      if (step % 50 == 49) pair.ExpectSameContent(true);
    }
  }
  EXPECT_GT(failed_, 100u);
}

INSTANTIATE_TEST_SUITE_P(Every, FailingWrites, ::testing::Values(2, 5),
                         [](const auto& instance) { return std::to_string(instance.param); });

}  // namespace
}  // namespace replete
