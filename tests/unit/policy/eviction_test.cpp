#include "core/policy/eviction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/keyspace/access.h"
#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/keyspace/recording_listener.h"

namespace replete {
namespace {

NamespaceSettings SettingsOf(EvictionPolicy policy, uint64_t max_entries) {
  NamespaceSettings settings;
  settings.policy = policy;
  settings.max_entries = max_entries;
  settings.default_ttl_s = 0;
  return settings;
}

// A keyspace at its limit, used as commands use it: one change, then room under the same lock.
class Cache {
 public:
  Cache(EvictionPolicy policy, uint64_t max_entries)
      : keyspace_(0, "cache", -1, SettingsOf(policy, max_entries), &reclaimer_, &memory_) {}

  Key At(std::string_view name) { return ResolveKey(keyspace_, name); }
  // False: still over the limit.
  bool Trim(std::span<const Key> named) {
    bool enough = true;
    for (const Key& key : named) {
      key.shard->Publish();
      size_t may_go = SIZE_MAX;
      enough = access_.Trim(*key.shard, named, &may_go);
    }
    return enough;
  }
  bool Set(std::string_view name, int64_t deadline = kNoDeadline) {
    access_.ForgetNow();
    const Key key = At(name);
    access_.SetString(key, "v", deadline);
    return Trim({&key, 1});
  }
  bool Get(std::string_view name) {
    access_.ForgetNow();
    return access_.Read(At(name)) != nullptr;
  }
  bool Has(std::string_view name) { return access_.Peek(At(name)) != nullptr; }
  int64_t entries() { return keyspace_.entry_count().load(); }
  // Who was evicted since the last call.
  std::vector<std::string> TakeVictims() {
    std::vector<std::string> victims;
    for (auto& left : listener_.left) victims.push_back(std::move(left.key));
    listener_.left.clear();
    return victims;
  }

  ManualClock& clock() { return clock_; }
  Access& access() { return access_; }
  Keyspace& keyspace() { return keyspace_; }

 private:
  ManualClock clock_;
  RecordingListener listener_;
  Reclaimer reclaimer_;
  MemoryTotal memory_;
  Keyspace keyspace_;
  Access access_{clock_, listener_};
};

// Says in the plainest way who has to go.
class Reference {
 public:
  Reference(EvictionPolicy policy, size_t limit) : policy_(policy), limit_(limit) {}

  bool Has(const std::string& key) const { return places_.count(key) != 0; }
  int64_t DeadlineOf(const std::string& key) const { return places_.at(key)->deadline; }
  size_t size() const { return places_.size(); }

  void Use(const std::string& key) {
    if (!Has(key) || policy_ == EvictionPolicy::kFifo) return;
    order_.splice(order_.begin(), order_, places_[key]);
  }
  void Put(const std::string& key, int64_t deadline) {
    if (Has(key)) {
      SetDeadline(key, deadline);
      Use(key);
      return;
    }
    order_.push_front({key, deadline});
    places_[key] = order_.begin();
  }
  void SetDeadline(const std::string& key, int64_t deadline) {
    if (Has(key)) places_[key]->deadline = deadline;
  }
  void Remove(const std::string& key) {
    auto found = places_.find(key);
    if (found == places_.end()) return;
    order_.erase(found->second);
    places_.erase(found);
  }
  // Removes who has to go after a command that named these, and returns them in order.
  std::vector<std::string> Trim(const std::vector<std::string>& named) {
    std::vector<std::string> victims;
    while (size() > limit_) {
      const Item* victim = Victim(named);
      if (victim == nullptr) break;
      victims.push_back(victim->key);
      Remove(victims.back());
    }
    return victims;
  }

 private:
  struct Item {
    std::string key;
    int64_t deadline;
  };

  bool only_volatile() const {
    return policy_ == EvictionPolicy::kVolatileLru || policy_ == EvictionPolicy::kVolatileTtl;
  }
  bool by_deadline() const {
    return policy_ == EvictionPolicy::kTtl || policy_ == EvictionPolicy::kVolatileTtl;
  }
  const Item* Victim(const std::vector<std::string>& named) const {
    const Item* soonest = nullptr;
    const Item* oldest = nullptr;
    const Item* spared = nullptr;
    for (auto item = order_.rbegin(); item != order_.rend(); ++item) {
      const bool is_volatile = item->deadline != kNoDeadline;
      if (only_volatile() && !is_volatile) continue;
      if (std::find(named.begin(), named.end(), item->key) != named.end()) {
        if (spared == nullptr) spared = &*item;
        continue;
      }
      if (oldest == nullptr) oldest = &*item;
      if (!by_deadline()) break;
      if (is_volatile && (soonest == nullptr || item->deadline < soonest->deadline)) {
        soonest = &*item;
      }
    }
    if (soonest != nullptr) return soonest;
    return oldest != nullptr ? oldest : spared;
  }

  const EvictionPolicy policy_;
  const size_t limit_;
  std::list<Item> order_;  // the latest first
  std::map<std::string, std::list<Item>::iterator> places_;
};

// --- bar 9: identical victims at 1000 ---

class ExactEviction : public ::testing::TestWithParam<EvictionPolicy> {
 protected:
  static constexpr size_t kLimit = 1000;

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  std::string Name() { return "key:" + std::to_string(Below(1800)); }
  // Never the same twice, near and far in no order; nothing expires meanwhile.
  int64_t Deadline() {
    const int64_t reach = int64_t{1000} << (Below(28));
    int64_t deadline = cache_.clock().NowMs() + 500'000'000 + static_cast<int64_t>(Below(reach));
    while (!used_deadlines_.insert(deadline).second) ++deadline;
    return deadline;
  }
  int64_t MaybeDeadline() { return Below(3) == 0 ? kNoDeadline : Deadline(); }
  void Rename(const std::string& from, const std::string& to);
  void Copy(const std::string& from, const std::string& to);
  void Step();

  Cache cache_{GetParam(), kLimit};
  Reference reference_{GetParam(), kLimit};
  std::set<int64_t> used_deadlines_;
  std::mt19937_64 random_{1234};
};

void ExactEviction::Rename(const std::string& from, const std::string& to) {
  if (!reference_.Has(from) || from == to) return;
  cache_.access().Rename(cache_.At(from), cache_.At(to));
  const int64_t deadline = reference_.DeadlineOf(from);
  reference_.Remove(from);
  reference_.Remove(to);
  reference_.Put(to, deadline);
}

void ExactEviction::Copy(const std::string& from, const std::string& to) {
  if (!reference_.Has(from) || reference_.Has(to)) return;
  const int64_t deadline = Deadline();
  cache_.access().Copy(cache_.At(from), cache_.At(to));
  cache_.access().SetDeadline(cache_.At(to), deadline);  // two alike would leave the order open
  reference_.Put(to, deadline);
}

void ExactEviction::Step() {
  Access& access = cache_.access();
  access.ForgetNow();
  const std::string first = Name();
  const std::string second = Name();
  const Key keys[] = {cache_.At(first), cache_.At(second)};
  switch (Below(12)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const int64_t deadline = MaybeDeadline();
      access.SetString(keys[0], std::string(Below(100), 'v'), deadline);
      reference_.Put(first, deadline);
      break;
    }
    case 4:
    case 5: {
      EXPECT_EQ(access.Read(keys[0]) != nullptr, reference_.Has(first));
      reference_.Use(first);
      break;
    }
    case 6: {
      if (Entry* entry = access.Use(keys[0]);
          entry != nullptr && entry->type() == ValueType::kString) {
        access.EditString(keys[0], entry, Below(200), [](char*) {});
      }
      reference_.Use(first);
      break;
    }
    case 7: {
      const int64_t deadline = MaybeDeadline();
      access.SetDeadline(keys[0], deadline);
      reference_.SetDeadline(first, deadline);
      break;
    }
    case 8:
      Rename(first, second);
      break;
    case 9:
      Copy(first, second);
      break;
    case 10:
      if (Below(3) == 0) {
        EXPECT_EQ(access.Remove(keys[0], Departure::kDeleted), reference_.Has(first));
        reference_.Remove(first);
      } else {
        EXPECT_EQ(access.Peek(keys[0]) != nullptr, reference_.Has(first));
      }
      break;
    default: {
      if (reference_.Has(first)) break;
      access.HashSet(keys[0], access.HashFor(keys[0], nullptr), "f", "v", {});
      reference_.Put(first, kNoDeadline);
      break;
    }
  }
  cache_.Trim(keys);
  EXPECT_EQ(cache_.TakeVictims(), reference_.Trim({first, second}));
  cache_.clock().Advance(static_cast<int64_t>(Below(3)));
}

TEST_P(ExactEviction, VictimsAreThoseOfTheReference) {
  ASSERT_TRUE(cache_.keyspace().exact_order());
  size_t over = 0;
  for (int step = 0; step < 60'000 && !HasFailure(); ++step) {
    Step();
    EXPECT_EQ(cache_.entries(), static_cast<int64_t>(reference_.size()));
    over += reference_.size() >= kLimit;
  }
  EXPECT_GT(over, 20'000u) << "the limit was seldom reached";
}

TEST_P(ExactEviction, OverwritingAtTheLimitEvictsNobody) {
  const auto limit = static_cast<int>(kLimit);
  for (int i = 0; i < limit; ++i) cache_.Set("key:" + std::to_string(i), Deadline());
  for (int i = 0; i < limit; ++i) cache_.Set("key:" + std::to_string((i * 7) % limit), Deadline());
  EXPECT_TRUE(cache_.TakeVictims().empty());
  EXPECT_EQ(cache_.entries(), limit);
  EXPECT_TRUE(cache_.Set("one more", Deadline()));
  EXPECT_EQ(cache_.TakeVictims().size(), 1u);
  EXPECT_TRUE(cache_.Has("one more"));
}

std::string PolicyName(const ::testing::TestParamInfo<EvictionPolicy>& instance) {
  std::string name(EvictionPolicyWord(instance.param));
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Policies, ExactEviction,
                         ::testing::Values(EvictionPolicy::kLru, EvictionPolicy::kFifo,
                                           EvictionPolicy::kTtl, EvictionPolicy::kVolatileTtl,
                                           EvictionPolicy::kVolatileLru),
                         PolicyName);

// --- single promises ---

TEST(Eviction, NamedKeysAreNeverTaken) {
  for (const auto policy : {EvictionPolicy::kLru, EvictionPolicy::kFifo, EvictionPolicy::kTtl}) {
    Cache cache(policy, 2);
    cache.Set("a", ManualClock::kStart + 9000);
    cache.Set("b", ManualClock::kStart + 8000);
    const Key named[] = {cache.At("b"), cache.At("c"), cache.At("d")};
    for (const Key& key : named) cache.access().SetString(key, "v", kNoDeadline);
    // Only named ones are left: the caller has to give them up itself.
    EXPECT_FALSE(cache.Trim(named));
    EXPECT_EQ(cache.TakeVictims(), std::vector<std::string>{"a"});
    size_t may_go = 10;
    EXPECT_TRUE(cache.access().Trim(*named[0].shard, {}, &may_go));
    EXPECT_EQ(may_go, 9u);
    EXPECT_EQ(cache.TakeVictims(), std::vector<std::string>{"b"});
  }
}

TEST(Eviction, NoMoreGoAtOnceThanMay) {
  Cache cache(EvictionPolicy::kLru, 2);
  const Key five[] = {cache.At("a"), cache.At("b"), cache.At("c"), cache.At("d"), cache.At("e")};
  for (const Key& key : five) cache.access().SetString(key, "v", kNoDeadline);
  size_t may_go = 2;
  EXPECT_TRUE(cache.access().Trim(*five[0].shard, {}, &may_go)) << "there are more that could go";
  EXPECT_EQ(may_go, 0u);
  EXPECT_EQ(cache.TakeVictims(), (std::vector<std::string>{"a", "b"}));
}

TEST(Eviction, NoneEvictsNobody) {
  Cache cache(EvictionPolicy::kNone, 3);
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(cache.Set(name));
  EXPECT_FALSE(cache.Set("d", ManualClock::kStart + 10));
  EXPECT_EQ(PickVictim(*cache.At("a").shard, ManualClock::kStart, {}), nullptr);
  EXPECT_EQ(cache.entries(), 4);
  EXPECT_TRUE(cache.TakeVictims().empty());
}

TEST(Eviction, VolatilePoliciesLeaveKeysWithoutADeadlineAlone) {
  for (const auto policy : {EvictionPolicy::kVolatileLru, EvictionPolicy::kVolatileTtl}) {
    for (const uint64_t limit : {uint64_t{20}, uint64_t{100'000}}) {
      Cache cache(policy, limit);
      for (int i = 0; i < 10; ++i) cache.Set("stays:" + std::to_string(i));
      for (int i = 0; i < 10; ++i)
        cache.Set("goes:" + std::to_string(i), ManualClock::kStart + 9000 - i);
      for (size_t i = 0; i < cache.keyspace().shards(); ++i) {
        while (cache.access().EvictOne(cache.keyspace().shard(i), {})) {
        }
      }
      EXPECT_EQ(cache.entries(), 10);
      for (int i = 0; i < 10; ++i) EXPECT_TRUE(cache.Has("stays:" + std::to_string(i)));
      const auto victims = cache.TakeVictims();
      if (limit == 20 && policy == EvictionPolicy::kVolatileTtl) {
        EXPECT_EQ(victims.front(), "goes:9");
      } else if (limit == 20) {
        EXPECT_EQ(victims.front(), "goes:0");
      }
    }
  }
}

TEST(Eviction, RandomTakesAnybodyButWhoIsNamed) {
  for (const uint64_t limit : {uint64_t{1000}, uint64_t{70'000}}) {
    Cache cache(EvictionPolicy::kRandom, limit);
    const auto total = static_cast<int>(limit) * 3 / 2;
    for (int i = 0; i < total; ++i) {
      const std::string name = std::to_string(i);
      ASSERT_TRUE(cache.Set(name));
      ASSERT_TRUE(cache.Has(name));
      ASSERT_LE(cache.entries(), static_cast<int64_t>(limit));
    }
    // Early and late ones alike.
    int early = 0;
    const auto victims = cache.TakeVictims();
    for (const std::string& victim : victims) early += std::stoi(victim) < total / 3;
    EXPECT_GT(early, total / 30);
    EXPECT_LT(early, static_cast<int>(victims.size()));
  }
  Cache cache(EvictionPolicy::kVolatileRandom, 1000);
  for (int i = 0; i < 500; ++i) cache.Set("stays:" + std::to_string(i));
  for (int i = 0; i < 1000; ++i) cache.Set("goes:" + std::to_string(i), ManualClock::kStart + 9000);
  EXPECT_EQ(cache.entries(), 1000);
  for (const std::string& victim : cache.TakeVictims()) EXPECT_TRUE(victim.starts_with("goes:"));
}

TEST(Eviction, LfuKeepsWhatIsUsedOftenWhateverWasUsedLast) {
  for (const uint64_t limit : {uint64_t{1000}, uint64_t{70'000}}) {
    Cache cache(EvictionPolicy::kLfu, limit);
    const auto total = static_cast<int>(limit);
    for (int i = 0; i < total; ++i) cache.Set(std::to_string(i));
    for (int use = 0; use < 60; ++use) {
      for (int i = 0; i < total / 10; ++i) cache.Get(std::to_string(i));
    }
    for (int i = 0; i < total * 2; ++i) cache.Set("new:" + std::to_string(i));
    EXPECT_EQ(cache.entries(), total);
    int kept = 0;
    for (int i = 0; i < total / 10; ++i) kept += cache.Has(std::to_string(i));
    EXPECT_GE(kept, total / 10 * 99 / 100) << "of " << total / 10;
    // What has not been used for long goes in the end.
    cache.clock().Advance(int64_t{60'000} * 300);
    for (int i = 0; i < total * 2; ++i) cache.Set("later:" + std::to_string(i));
    kept = 0;
    for (int i = 0; i < total / 10; ++i) kept += cache.Has(std::to_string(i));
    EXPECT_LE(kept, total / 10 / 10);
  }
}

TEST(Eviction, AnExpiredVictimCountsAsExpired) {
  Cache cache(EvictionPolicy::kTtl, 2);
  cache.Set("a", ManualClock::kStart + 5);
  cache.Set("b");
  cache.clock().Advance(5);
  cache.Set("c");
  EXPECT_EQ(cache.TakeVictims(), std::vector<std::string>{"a"});
  EXPECT_EQ(cache.keyspace().stats().expired, 1u);
  EXPECT_EQ(cache.keyspace().stats().evicted, 0u);
}

TEST(Eviction, MaxMemoryIsKeptToWithinAStep) {
  NamespaceSettings settings = SettingsOf(EvictionPolicy::kLru, 50'000);
  settings.max_memory = 2'000'000;
  Cache cache(EvictionPolicy::kLru, 50'000);
  cache.keyspace().SetSettings(settings);
  for (int i = 0; i < 5000; ++i) {
    cache.access().ForgetNow();
    const std::string name = "key:" + std::to_string(i);
    const Key key = cache.At(name);
    cache.access().SetString(key, std::string(1000, 'v'), kNoDeadline);
    ASSERT_TRUE(cache.Trim({&key, 1}));
    ASSERT_LE(cache.keyspace().bytes(), settings.max_memory + 4096);
    ASSERT_TRUE(cache.Has(name));
  }
  EXPECT_GT(cache.entries(), 1000);
}

// --- bar 8 and 9 at 100k over 8 shards ---

TEST(SampledEviction, AHotHalfSurvivesABurst) {
  constexpr int kLimit = 100'000;
  Cache cache(EvictionPolicy::kLru, kLimit);
  ASSERT_EQ(cache.keyspace().shards(), 8u);
  auto name = [](int i) { return "key:" + std::to_string(i); };
  for (int i = 0; i < kLimit; ++i) cache.Set(name(i));
  EXPECT_TRUE(cache.TakeVictims().empty());
  for (int i = 0; i < kLimit; i += 2) cache.Get(name(i));
  for (int i = 0; i < kLimit * 4 / 10; ++i) {
    cache.Set(name(kLimit + i));
    ASSERT_LE(cache.entries(), kLimit);
  }
  int survived = 0;
  for (int i = 0; i < kLimit; i += 2) survived += cache.Has(name(i));
  EXPECT_GE(survived, kLimit / 2 * 999 / 1000);
}

TEST(SampledEviction, FifoAndTtlTakeTheOldAndTheSoon) {
  constexpr int kLimit = 100'000;
  for (const auto policy : {EvictionPolicy::kFifo, EvictionPolicy::kTtl}) {
    Cache cache(policy, kLimit);
    auto name = [](int i) { return "key:" + std::to_string(i); };
    // The earlier stored the sooner due; those without a deadline would be the last under ttl.
    for (int i = 0; i < kLimit; ++i) cache.Set(name(i), ManualClock::kStart + 1'000'000 + i);
    for (int i = 0; i < kLimit; i += 2) cache.Get(name(i));
    for (int i = 0; i < 20'000; ++i) cache.Set(name(kLimit + i));
    int wrong = 0;
    for (const std::string& victim : cache.TakeVictims()) {
      wrong += std::stoi(victim.substr(4)) >= kLimit / 2;
    }
    EXPECT_LE(wrong, 20) << EvictionPolicyWord(policy);
    EXPECT_EQ(cache.entries(), kLimit);
  }
}

}  // namespace
}  // namespace replete
