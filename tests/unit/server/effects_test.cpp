// What a random run did, replayed from its effects into an empty daemon with another clock and no
// limits, is the same data set with the same deadlines.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/replication/effect.h"
#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/server/command_runner.h"

namespace replete {
namespace {

// An effect with its own copy of everything.
struct Recorded {
  Effect::Kind kind;
  std::string keyspace;
  std::string key;
  std::string value;
  std::string second;
  int64_t deadline;
  std::string target;
};

Recorded Record(const Effect& effect) {
  return {effect.kind,
          effect.keyspace->name(),
          std::string(effect.key),
          std::string(effect.value),
          std::string(effect.second),
          effect.deadline,
          effect.target == nullptr ? "" : effect.target->name()};
}

// A keyspace as text: what is stored, the expired that nobody has removed yet included.
using DataSet = std::map<std::string, std::string>;

std::string Describe(const Entry* entry) {
  std::string text;
  switch (entry->type()) {
    case ValueType::kString:
      text = "string " + std::string(entry->string());
      break;
    case ValueType::kHash: {
      std::map<std::string, std::string> fields;
      entry->hash()->ForEach([&](auto field, auto value) { fields.emplace(field, value); });
      text = "hash";
      for (const auto& [field, value] : fields) text += " " + field + "=" + value;
      break;
    }
    case ValueType::kList:
      text = "list";
      entry->list()->ForEach([&](auto element) { text += " " + std::string(element); });
      break;
  }
  return text +
         (entry->deadline() == kNoDeadline ? "" : " until " + std::to_string(entry->deadline()));
}

DataSet Dump(const Keyspace& keyspace) {
  DataSet data;
  for (size_t i = 0; i < keyspace.shards(); ++i) {
    keyspace.shard(i).data.table.ForEach(
        [&](const Entry* entry) { data[std::string(entry->key())] = Describe(entry); });
  }
  return data;
}

// Applies effects to a server that nobody else uses: so it needs no locks.
class Replayer {
 public:
  explicit Replayer(Server& server)
      : map_(server.namespaces().Current()),
        dispatcher_(server),
        access_(server.clock(), dispatcher_) {}

  void Apply(const Recorded& effect) {
    Keyspace& keyspace = *map_->Find(effect.keyspace);
    access_.ForgetNow();
    if (effect.kind == Effect::Kind::kClear) {
      access_.ClearKeyspace(keyspace);
      return;
    }
    const Key key = ResolveKey(keyspace, effect.key);
    switch (effect.kind) {
      case Effect::Kind::kPut:
        access_.SetString(key, effect.value, effect.deadline);
        break;
      case Effect::Kind::kDelete:
        access_.Remove(key, Departure::kDeleted);
        break;
      case Effect::Kind::kDeadline:
        ASSERT_NE(access_.Peek(key), nullptr);
        access_.SetDeadline(key, effect.deadline);
        break;
      case Effect::Kind::kRename:
        ASSERT_NE(access_.Peek(key), nullptr);
        access_.Rename(key, ResolveKey(keyspace, effect.value));
        break;
      case Effect::Kind::kCopy: {
        ASSERT_NE(access_.Peek(key), nullptr);
        const Key to = ResolveKey(*map_->Find(effect.target), effect.value);
        ASSERT_EQ(access_.Peek(to), nullptr);
        access_.Copy(key, to);
        break;
      }
      default:
        ApplyToCollection(effect, key);
        break;
    }
  }

 private:
  void ApplyToCollection(const Recorded& effect, const Key& key) {
    Entry* entry = access_.Peek(key);
    const bool front =
        effect.kind == Effect::Kind::kPushFront || effect.kind == Effect::Kind::kPopFront;
    switch (effect.kind) {
      case Effect::Kind::kHashSet:
        access_.HashSet(key, access_.HashFor(key, entry), effect.value, effect.second, {});
        break;
      case Effect::Kind::kHashDelete:
        ASSERT_NE(entry, nullptr);
        EXPECT_TRUE(access_.HashErase(key, entry->hash(), effect.value));
        break;
      case Effect::Kind::kPushFront:
      case Effect::Kind::kPushBack:
        access_.Push(key, access_.ListFor(key, entry), front, effect.value, {});
        break;
      case Effect::Kind::kPopFront:
      case Effect::Kind::kPopBack:
        ASSERT_NE(entry, nullptr);
        access_.Pop(key, entry->list(), front, [](std::string_view) {});
        break;
      default:
        ADD_FAILURE() << "an effect that the replay does not know";
    }
    access_.Finish(key);
  }

  std::shared_ptr<const NamespaceMap> map_;
  Dispatcher dispatcher_;
  Access access_;
};

// A daemon whose effects are recorded, and the namespaces of both it and its replay.
class EffectsTest : public ::testing::Test {
 protected:
  static constexpr const char* kNamespaces[] = {"0", "1", "cache", "timed", "fifo"};

  ServerOptions PrimaryOptions() {
    ServerOptions options;
    options.config.threads = 1;
    options.clock = &clock_;
    options.namespace_defaults.named.default_ttl_s = 0;
    options.effect_sink = [this](const Effect& effect) { effects_.push_back(Record(effect)); };
    return options;
  }
  void MakeNamespaces(int default_ttl) {
    const std::string ttl = " default_ttl " + std::to_string(default_ttl);
    for (const std::string& line : {"cache max_entries 20 policy lru prefix c:" + ttl,
                                    std::string("timed max_entries 15 policy ttl prefix t:"),
                                    std::string("fifo max_entries 5 policy fifo")}) {
      ASSERT_EQ(runner_.Run("NAMESPACE CREATE " + line).text, "OK") << line;
    }
  }
  // Everything so far, replayed into an empty daemon, against what is here.
  void ExpectReplayIsTheSame() {
    ManualClock other_clock(1);  // where nothing is due
    ServerOptions options;
    options.config.threads = 1;
    options.clock = &other_clock;
    options.namespace_defaults.named.default_ttl_s = 0;
    options.namespace_defaults.named.max_entries = 0;
    Server replica(std::move(options));
    for (const char* name : kNamespaces) {
      if (NamespaceRegistry::ValidName(name)) {
        ASSERT_FALSE(replica.namespaces().Create(name, replica.namespace_defaults().named));
      }
    }
    Replayer replayer(replica);
    for (const Recorded& effect : effects_) {
      replayer.Apply(effect);
      if (HasFatalFailure()) return;
    }
    const auto mine = server_.namespaces().Current();
    const auto its = replica.namespaces().Current();
    for (const char* name : kNamespaces) {
      if (mine->Find(name) == nullptr) continue;
      EXPECT_EQ(Dump(*its->Find(name)), Dump(*mine->Find(name))) << "in namespace " << name;
    }
  }

  ManualClock clock_;
  std::vector<Recorded> effects_;
  Server server_{PrimaryOptions()};
  CommandRunner runner_{server_};
};

// --- the random run ---

// Makes up write commands with arguments that are right most of the time.
class Writer {
 public:
  Writer(uint64_t seed, const ManualClock& clock) : random_(seed), clock_(clock) {}

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  std::vector<std::string> Command();

 private:
  std::string Key() {
    static constexpr const char* kPrefixes[] = {"", "", "", "c:", "c:", "t:"};
    return kPrefixes[prefix_] + std::string("key:") + std::to_string(Below(30));
  }
  std::string Value() {
    if (OneIn(3)) return std::to_string(Below(1000));
    return std::string(Below(OneIn(50) ? 9000 : 60), static_cast<char>('a' + Below(26)));
  }
  std::string Seconds() { return std::to_string(Below(5) + 1); }
  std::string Millis() { return std::to_string(Below(3000) + 1); }
  std::string AtMillis() {
    return std::to_string(clock_.NowMs() + static_cast<int64_t>(Below(4000)) - 200);
  }
  std::string AtSeconds() {
    return std::to_string(clock_.NowMs() / 1000 + static_cast<int64_t>(Below(5)));
  }
  void AddDeadline(std::vector<std::string>* words) {
    switch (Below(5)) {
      case 0:
        words->insert(words->end(), {"EX", Seconds()});
        break;
      case 1:
        words->insert(words->end(), {"PX", Millis()});
        break;
      case 2:
        words->insert(words->end(), {"EXAT", AtSeconds()});
        break;
      case 3:
        words->insert(words->end(), {"PXAT", AtMillis()});
        break;
      default:
        break;
    }
  }
  std::vector<std::string> OfStrings();
  std::vector<std::string> OfKeys();
  std::vector<std::string> OfExpiry();
  std::vector<std::string> OfCollections();
  std::vector<std::string> OfKeyspaces();

  std::mt19937_64 random_;
  const ManualClock& clock_;
  size_t prefix_ = 0;  // of all keys of one command: they stay in one namespace
};

std::vector<std::string> Writer::OfStrings() {
  std::vector<std::string> words;
  switch (Below(18)) {
    case 0:
    case 1:
    case 2:
      words = {"SET", Key(), Value()};
      if (OneIn(4)) words.push_back(OneIn(2) ? "NX" : "XX");
      if (OneIn(4)) words.push_back("GET");
      if (OneIn(4)) {
        words.push_back("KEEPTTL");
      } else {
        AddDeadline(&words);
      }
      return words;
    case 3:
    case 4:
      words = {"GETEX", Key()};
      if (OneIn(4)) {
        words.push_back("PERSIST");
      } else {
        AddDeadline(&words);
      }
      return words;
    case 5:
      return {"SETNX", Key(), Value()};
    case 6:
      return {"SETEX", Key(), Seconds(), Value()};
    case 7:
      return {"PSETEX", Key(), Millis(), Value()};
    case 8:
      return {"GETSET", Key(), Value()};
    case 9:
      return {"GETDEL", Key()};
    case 10:
      return {"MSET", Key(), Value(), Key(), Value(), Key(), Value()};
    case 11:
      return {"MSETNX", Key(), Value(), Key(), Value()};
    case 12:
      return {OneIn(2) ? "INCR" : "DECR", Key()};
    case 13:
      return {OneIn(2) ? "INCRBY" : "DECRBY", Key(), std::to_string(Below(100'000))};
    case 14:
    case 15:
      return {"INCRBYFLOAT", Key(), std::to_string(Below(100)) + "." + std::to_string(Below(1000))};
    default:
      return {"APPEND", Key(), Value()};
  }
}

std::vector<std::string> Writer::OfKeys() {
  switch (Below(6)) {
    case 0:
      return {"DEL", Key(), Key()};
    case 1:
      return {"UNLINK", Key()};
    case 2:
      return {"RENAME", Key(), Key()};
    case 3:
      return {"RENAMENX", Key(), Key()};
    default: {
      std::vector<std::string> words = {"COPY", Key(), Key()};
      if (OneIn(3)) words.insert(words.end(), {"DB", std::to_string(Below(2))});
      if (OneIn(2)) words.push_back("REPLACE");
      return words;
    }
  }
}

std::vector<std::string> Writer::OfExpiry() {
  std::vector<std::string> words;
  switch (Below(5)) {
    case 0:
      words = {"EXPIRE", Key(), Seconds()};
      break;
    case 1:
      words = {"PEXPIRE", Key(), OneIn(8) ? "-1" : Millis()};
      break;
    case 2:
      words = {"EXPIREAT", Key(), AtSeconds()};
      break;
    case 3:
      words = {"PEXPIREAT", Key(), AtMillis()};
      break;
    default:
      return {"PERSIST", Key()};
  }
  static constexpr const char* kConditions[] = {"NX", "XX", "GT", "LT"};
  if (OneIn(3)) words.push_back(kConditions[Below(4)]);
  return words;
}

std::vector<std::string> Writer::OfCollections() {
  auto field = [this] { return "f" + std::to_string(Below(8)); };
  const std::string list = Key() + ":list";
  switch (Below(8)) {
    case 0:
      return {"HSET", Key(), field(), Value(), field(), Value()};
    case 1:
      return {"HSET", Key() + ":hash", field(), Value()};
    case 2:
      return {"HDEL", Key() + ":hash", field(), field()};
    case 3:
      return {OneIn(2) ? "LPUSH" : "RPUSH", list, Value(), Value()};
    case 4:
      return {OneIn(2) ? "LPUSH" : "RPUSH", Key(), Value()};
    case 5:
      return {OneIn(2) ? "LPOP" : "RPOP", list, std::to_string(Below(3))};
    case 6:
      return {OneIn(2) ? "LPOP" : "RPOP", list};
    default:
      return {OneIn(2) ? "BLPOP" : "BRPOP", Key() + ":list", list, "0"};
  }
}

std::vector<std::string> Writer::OfKeyspaces() {
  static constexpr const char* kNames[] = {"0", "1", "cache", "timed", "fifo"};
  switch (Below(40)) {
    case 0:
      return {"FLUSHDB"};
    case 1:
      return OneIn(4) ? std::vector<std::string>{"FLUSHALL"}
                      : std::vector<std::string>{"GET", Key()};
    case 2:
      return {"NAMESPACE", "CLEAR", "NS", kNames[Below(5)]};
    case 3:
      return {"NAMESPACE", "BUMP", "NS", kNames[Below(5)]};
    case 4:
    case 5:
      return {"NAMESPACE", "USE", kNames[2 + Below(3)]};
    default:
      return {"SELECT", std::to_string(Below(2))};
  }
}

std::vector<std::string> Writer::Command() {
  prefix_ = Below(6);
  switch (Below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      return OfStrings();
    case 7:
    case 8:
    case 9:
      return OfKeys();
    case 10:
    case 11:
    case 12:
      return OfExpiry();
    case 13:
    case 14:
      return OfCollections();
    default:
      return OfKeyspaces();
  }
}

// Parameter: default TTL of the namespace `cache` in seconds.
class RandomEffects : public EffectsTest, public ::testing::WithParamInterface<int> {
 protected:
  void RunOne(const std::vector<std::string>& words, bool in_multi) {
    const Reply reply = runner_.Run(words);
    if (!reply.IsError() && !in_multi) done_.insert(words[0]);
    if (runner_.waiting()) runner_.CancelWait();
  }
  void RunTransaction(Writer& writer) {
    if (writer.OneIn(3)) RunOne({"WATCH", "key:1", "c:key:2"}, false);
    RunOne({"MULTI"}, false);
    for (size_t i = writer.Below(5) + 1; i > 0; --i) RunOne(writer.Command(), true);
    if (writer.OneIn(10)) {
      RunOne({"DISCARD"}, false);
    } else {
      for (const Reply& reply : runner_.Run("EXEC").elements) executed_ += !reply.IsError();
    }
  }

  std::set<std::string> done_;
  int executed_ = 0;
};

TEST_P(RandomEffects, ReplayedGiveTheSameDataSet) {
  MakeNamespaces(GetParam());
  for (uint64_t seed = 1; seed <= 4 && !HasFailure(); ++seed) {
    Writer writer(seed, clock_);
    for (int step = 0; step < 6000; ++step) {
      if (writer.OneIn(12)) {
        RunTransaction(writer);
      } else {
        RunOne(writer.Command(), false);
      }
      clock_.Advance(static_cast<int64_t>(writer.Below(writer.OneIn(30) ? 900 : 20)));
      if (writer.OneIn(40)) runner_.Sweep();
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    ExpectReplayIsTheSame();
  }
  EXPECT_GT(executed_, 500);
  // The run was worth something: things expired and were evicted, and no write command was left
  // out.
  const auto map = server_.namespaces().Current();
  for (const char* name : {"cache", "timed", "fifo"}) {
    EXPECT_GT(map->Find(name)->stats().evicted, 4u) << name;
  }
  EXPECT_GT(map->databases[0]->stats().expired, 50u);
  for (const Command* command : server_.commands().all()) {
    if (!(command->flags & command_flag::kWrite)) continue;
    std::string name(command->name);
    for (char& c : name) c = static_cast<char>(c - 'a' + 'A');
    EXPECT_TRUE(done_.count(name)) << name << " was never tried with success";
  }
  std::set<Effect::Kind> kinds;
  for (const Recorded& effect : effects_) kinds.insert(effect.kind);
  EXPECT_EQ(kinds.size(), static_cast<size_t>(Effect::Kind::kClear) + 1);
}

INSTANTIATE_TEST_SUITE_P(DefaultTtl, RandomEffects, ::testing::Values(0, 2),
                         [](const auto& instance) {
                           return instance.param == 0 ? "Without" : "TwoSeconds";
                         });

// --- single effects ---

TEST_F(EffectsTest, TimesAreAbsoluteAndResultsAreSpelledOut) {
  runner_.Run("SET a 10 EX 5");
  runner_.Run("INCRBYFLOAT a 0.5");
  runner_.Run("GETEX a PX 70");
  ASSERT_EQ(effects_.size(), 3u);
  EXPECT_EQ(effects_[0].deadline, ManualClock::kStart + 5000);
  EXPECT_EQ(effects_[1].kind, Effect::Kind::kPut);
  EXPECT_EQ(effects_[1].value, "10.5");
  EXPECT_EQ(effects_[1].deadline, ManualClock::kStart + 5000);
  EXPECT_EQ(effects_[2].kind, Effect::Kind::kDeadline);
  EXPECT_EQ(effects_[2].deadline, ManualClock::kStart + 70);
  clock_.Advance(100);
  runner_.Sweep();
  ASSERT_EQ(effects_.size(), 4u);
  EXPECT_EQ(effects_[3].kind, Effect::Kind::kDelete);
  EXPECT_EQ(effects_[3].key, "a");
}

TEST_F(EffectsTest, WhatReadsOrFailsHasNone) {
  runner_.Run("SET a x");
  effects_.clear();
  for (const char* line :
       {"GET a", "INCR a", "SET a y NX", "GETEX a", "PERSIST a", "DEL b", "LPOP b", "HDEL b f",
        "RENAME b c", "COPY a a", "EXPIRE b 5", "APPEND", "LPUSH a x"}) {
    runner_.Run(line);
    EXPECT_TRUE(effects_.empty()) << line;
  }
}

TEST_F(EffectsTest, NamesAreThoseOfTheNamespace) {
  MakeNamespaces(0);
  runner_.Run("SET c:user 1");
  runner_.Run("NAMESPACE USE cache");
  runner_.Run("SET c:user 2");
  ASSERT_EQ(effects_.size(), 2u);
  EXPECT_EQ(effects_[0].keyspace, "cache");
  EXPECT_EQ(effects_[0].key, "user");
  EXPECT_EQ(effects_[1].key, "c:user");
  ExpectReplayIsTheSame();
}

TEST_F(EffectsTest, ABlockedClientsElementIsPushedAndPopped) {
  CommandRunner waiting(server_);
  waiting.Run("BRPOP list 0");
  ASSERT_TRUE(waiting.waiting());
  runner_.Run("MULTI");
  runner_.Run("RPUSH list a b");
  runner_.Run("LPUSH list c");
  runner_.Run("EXEC");
  Reply reply;
  ASSERT_TRUE(waiting.Served(&reply));
  ASSERT_EQ(reply.elements.size(), 2u);
  EXPECT_EQ(reply.elements[1].text, "b");
  ASSERT_EQ(effects_.size(), 4u);
  EXPECT_EQ(effects_[3].kind, Effect::Kind::kPopBack);
  ExpectReplayIsTheSame();
}

TEST_F(EffectsTest, TheDefaultTtlOfAKeyThatACommandCreatesIsAnEffectToo) {
  MakeNamespaces(60);
  runner_.Run("NAMESPACE USE cache");
  for (const char* line : {"SET string v", "INCR number", "APPEND text v", "MSET m v",
                           "HSET hash f v", "LPUSH list e", "RPUSH other e"}) {
    runner_.Run(line);
  }
  EXPECT_EQ(runner_.client().keyspace->entries_with_deadline(), 7u);
  ExpectReplayIsTheSame();
}

}  // namespace
}  // namespace replete
