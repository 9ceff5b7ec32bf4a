#include "core/keyspace/namespace_map.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/keyspace/access.h"
#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/keyspace/recording_listener.h"

namespace replete {
namespace {

class NamespaceMapTest : public ::testing::Test {
 protected:
  static constexpr int kDatabases = 4;

  static NamespaceSettings WithPrefixes(std::vector<std::string> prefixes) {
    NamespaceSettings settings;
    settings.prefixes = std::move(prefixes);
    return settings;
  }
  static NamespaceSettings InDatabase(int number) {
    NamespaceSettings settings;
    settings.database = number;
    return settings;
  }
  std::string RouteOf(std::string_view key) {
    NamespaceMap::Routed routed{};
    if (!registry_.Current()->Route(key, &routed)) return "nowhere";
    return routed.keyspace->name() + "/" + std::string(routed.name);
  }
  void Store(int database, std::string_view name) {
    Access access(clock_, listener_);
    const Key key =
        ResolveKey(*registry_.Current()->databases[static_cast<size_t>(database)], name);
    access.SetString(key, "v", kNoDeadline);
    key.shard->Publish();
  }

  ManualClock clock_;
  RecordingListener listener_;
  Reclaimer reclaimer_;
  MemoryTotal memory_;
  NamespaceRegistry registry_{
      kDatabases,
      EvictionPolicy::kLru,
      {.reclaimer = &reclaimer_, .memory = &memory_, .wants_effects = true}};
};

TEST_F(NamespaceMapTest, StartsWithNumberedDatabasesThatFollowRedis) {
  const auto map = registry_.Current();
  ASSERT_EQ(map->databases.size(), 4u);
  EXPECT_TRUE(map->named.empty());
  EXPECT_FALSE(map->has_prefixes());
  std::set<uint32_t> ids;
  for (int i = 0; i < kDatabases; ++i) {
    const Keyspace& database = *map->databases[static_cast<size_t>(i)];
    ids.insert(database.id());
    EXPECT_EQ(database.database(), i);
    EXPECT_EQ(database.name(), std::to_string(i));
    EXPECT_TRUE(database.numbered());
    EXPECT_TRUE(database.wants_effects());
    EXPECT_EQ(database.max_entries(), 0);
    EXPECT_EQ(database.default_ttl_ms(), 0);
    EXPECT_EQ(database.policy(), EvictionPolicy::kLru);
  }
  EXPECT_EQ(ids.size(), 4u);
}

TEST_F(NamespaceMapTest, FindsByNameAndByNumber) {
  ASSERT_FALSE(registry_.Create("llm", {}));
  const auto map = registry_.Current();
  EXPECT_EQ(map->Find("llm")->name(), "llm");
  EXPECT_EQ(map->Find("3"), map->databases[3]);
  for (const char* name : {"", "4", "-1", "LLM", "llm2", "3x", "03", "99999999999999999999999"}) {
    EXPECT_EQ(map->Find(name), nullptr) << name;
  }
  EXPECT_EQ(map->Share(*map->Find("llm")), map->Find("llm"));
  EXPECT_EQ(map->Share(*map->databases[1]), map->databases[1]);
}

TEST_F(NamespaceMapTest, NamesAreALetterThenWhatAnIdentifierMayHold) {
  for (const char* name : {"a", "Z", "a1", "a.b-c_d", "x23456789"}) {
    EXPECT_FALSE(CheckNamespaceName(name)) << name;
  }
  EXPECT_FALSE(CheckNamespaceName(std::string(64, 'a')));
  EXPECT_TRUE(CheckNamespaceName(std::string(65, 'a')));
  for (const char* name : {"", "1a", "_a", "-", "a b", "a:b", "a\n", "\xc3\xa4"}) {
    EXPECT_TRUE(CheckNamespaceName(name)) << name;
    EXPECT_TRUE(registry_.Create(name, {})) << name;
  }
  EXPECT_TRUE(registry_.Current()->named.empty());
}

TEST_F(NamespaceMapTest, EveryChangePublishesANewMapAndLeavesTheOldOne) {
  const auto before = registry_.Current();
  const uint64_t version = registry_.version();
  ASSERT_FALSE(registry_.Create("a", {}));
  EXPECT_GT(registry_.version(), version);
  EXPECT_EQ(before->Find("a"), nullptr);
  const auto with_a = registry_.Current();
  const auto a = with_a->Find("a");
  std::shared_ptr<Keyspace> dropped;
  ASSERT_FALSE(registry_.Drop("a", &dropped));
  EXPECT_EQ(dropped, a);
  EXPECT_TRUE(a->retired());
  EXPECT_EQ(registry_.Current()->Find("a"), nullptr);
  EXPECT_EQ(registry_.Current()->Share(*a), nullptr);
  EXPECT_EQ(with_a->Find("a"), a);
  ASSERT_FALSE(registry_.Create("a", {}));
  EXPECT_NE(registry_.Current()->Find("a"), a);
  EXPECT_GT(registry_.Current()->Find("a")->id(), a->id()) << "an id was used again";
}

TEST_F(NamespaceMapTest, WhatFailsChangesNothing) {
  ASSERT_FALSE(registry_.Create("a", WithPrefixes({"a:"})));
  const auto map = registry_.Current();
  const uint64_t version = registry_.version();
  std::shared_ptr<Keyspace> dropped;
  EXPECT_EQ(registry_.Create("a", {}), "namespace 'a' exists already");
  EXPECT_EQ(registry_.Create("b", InDatabase(4)), "DB index is out of range");
  EXPECT_EQ(registry_.Create("b", WithPrefixes({"b:", "a:"})),
            "prefix 'a:' belongs to namespace 'a'");
  EXPECT_EQ(registry_.Alter("b", {}), "no such namespace 'b'");
  EXPECT_EQ(registry_.Drop("b", &dropped), "no such namespace 'b'");
  EXPECT_EQ(dropped, nullptr);
  EXPECT_EQ(registry_.version(), version);
  EXPECT_EQ(registry_.Current(), map);
}

TEST_F(NamespaceMapTest, TheLongestPrefixWinsAndIsTakenOff) {
  ASSERT_FALSE(registry_.Create("users", WithPrefixes({"user:", "u:"})));
  ASSERT_FALSE(registry_.Create("admins", WithPrefixes({"user:admin:"})));
  ASSERT_FALSE(registry_.Create("all", WithPrefixes({"us"})));
  EXPECT_TRUE(registry_.Current()->has_prefixes());
  EXPECT_EQ(RouteOf("user:1"), "users/1");
  EXPECT_EQ(RouteOf("u:1"), "users/1");
  EXPECT_EQ(RouteOf("user:admin:1"), "admins/1");
  EXPECT_EQ(RouteOf("user:admin"), "users/admin");
  EXPECT_EQ(RouteOf("user:admin:"), "admins/");
  EXPECT_EQ(RouteOf("usual"), "all/ual");
  EXPECT_EQ(RouteOf("us"), "all/");
  for (const char* key : {"", "u", "User:1", "x:user:1"}) EXPECT_EQ(RouteOf(key), "nowhere") << key;
}

TEST_F(NamespaceMapTest, AlterChangesSettingsAndPrefixes) {
  ASSERT_FALSE(registry_.Create("a", WithPrefixes({"a:"})));
  const auto keyspace = registry_.Current()->Find("a");
  NamespaceSettings settings = WithPrefixes({"b:"});
  settings.max_entries = 7;
  settings.policy = EvictionPolicy::kFifo;
  settings.default_ttl_s = 9;
  ASSERT_FALSE(registry_.Alter("a", settings));
  EXPECT_EQ(registry_.Current()->Find("a"), keyspace);
  EXPECT_EQ(keyspace->max_entries(), 7);
  EXPECT_EQ(keyspace->policy(), EvictionPolicy::kFifo);
  EXPECT_FALSE(keyspace->tracks_use());
  EXPECT_EQ(keyspace->default_ttl_ms(), 9000);
  EXPECT_EQ(RouteOf("a:1"), "nowhere");
  EXPECT_EQ(RouteOf("b:1"), "a/1");
  ASSERT_FALSE(registry_.Alter("a", {}));
  EXPECT_FALSE(registry_.Current()->has_prefixes());
}

TEST_F(NamespaceMapTest, APrefixUnderWhichThereAreKeysIsRefused) {
  Store(2, "user:1");
  const Problem problem = registry_.Create("users", WithPrefixes({"x:", "user:"}));
  ASSERT_TRUE(problem);
  EXPECT_NE(problem->find("database 2"), std::string::npos) << *problem;
  ASSERT_FALSE(registry_.Create("users", WithPrefixes({"users:"})));
  EXPECT_TRUE(registry_.Alter("users", WithPrefixes({"users:", "us"})));
  // What a namespace has it may keep although a database that it hides holds such keys.
  ASSERT_FALSE(registry_.Alter("users", WithPrefixes({"users:", "y:"})));
  EXPECT_EQ(RouteOf("users:1"), "users/1");
}

TEST_F(NamespaceMapTest, ANamedOneTakesTheNumbersPlaceUntilItIsDropped) {
  const auto before = registry_.Current()->databases[1];
  ASSERT_FALSE(registry_.Create("one", InDatabase(1)));
  auto map = registry_.Current();
  EXPECT_TRUE(before->retired());
  EXPECT_EQ(map->databases[1], map->Find("one"));
  EXPECT_EQ(map->Find("1"), map->Find("one"));
  EXPECT_EQ(map->Find("one")->database(), 1);
  EXPECT_FALSE(map->Find("one")->numbered());
  EXPECT_EQ(map->Share(*before), nullptr);
  EXPECT_EQ(registry_.Create("again", InDatabase(1)), "database 1 belongs to namespace 'one'");
  Store(2, "k");
  EXPECT_EQ(registry_.Create("two", InDatabase(2)), "database 2 has keys already");
  // Keys there are in no numbered database: they are no obstacle to a prefix.
  Store(1, "p:1");
  EXPECT_FALSE(registry_.Create("prefixed", WithPrefixes({"p:"})));
  std::shared_ptr<Keyspace> dropped;
  ASSERT_FALSE(registry_.Drop("one", &dropped));
  map = registry_.Current();
  EXPECT_TRUE(map->databases[1]->numbered());
  EXPECT_EQ(map->databases[1]->name(), "1");
  EXPECT_EQ(map->databases[1]->size(), 0u);
  EXPECT_TRUE(map->databases[1]->wants_effects());
}

TEST_F(NamespaceMapTest, ThePolicyOfNumberedDatabasesChangesTogether) {
  ASSERT_FALSE(registry_.Create("one", InDatabase(1)));
  registry_.SetNumberedPolicy(EvictionPolicy::kVolatileTtl);
  const auto map = registry_.Current();
  EXPECT_EQ(map->databases[0]->policy(), EvictionPolicy::kVolatileTtl);
  EXPECT_EQ(map->databases[0]->settings().policy, EvictionPolicy::kVolatileTtl);
  EXPECT_EQ(map->databases[1]->policy(), EvictionPolicy::kLru);
  std::shared_ptr<Keyspace> dropped;
  ASSERT_FALSE(registry_.Drop("one", &dropped));
  EXPECT_EQ(registry_.Current()->databases[1]->policy(), EvictionPolicy::kVolatileTtl);
}

TEST(KeyspaceTest, TheNumberOfShardsFollowsFromTheLimitAtItsCreation) {
  Reclaimer reclaimer;
  MemoryTotal memory;
  struct Case {
    uint64_t max_entries;
    size_t shards;
    bool exact;
  };
  for (const Case& expected :
       {Case{0, 32, false}, Case{1, 1, true}, Case{65'536, 1, true}, Case{65'537, 4, false},
        Case{100'000, 8, false}, Case{10'000'000, 32, false}}) {
    NamespaceSettings settings;
    settings.max_entries = expected.max_entries;
    Keyspace keyspace(1, "n", -1, settings, &reclaimer, &memory);
    EXPECT_EQ(keyspace.shards(), expected.shards) << expected.max_entries;
    EXPECT_EQ(keyspace.exact_order(), expected.exact) << expected.max_entries;
    settings.max_entries = 5;
    keyspace.SetSettings(settings);
    EXPECT_EQ(keyspace.max_entries(), 5);
    EXPECT_EQ(keyspace.shards(), expected.shards);
  }
}

TEST(KeyspaceTest, AKeyIsInOneShardWhicheverWayItIsAsked) {
  Reclaimer reclaimer;
  MemoryTotal memory;
  NamespaceSettings settings;
  settings.max_entries = 0;
  Keyspace keyspace(1, "n", -1, settings, &reclaimer, &memory);
  std::set<unsigned> used;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = std::to_string(i);
    const Key key = ResolveKey(keyspace, name);
    EXPECT_EQ(key.shard, &keyspace.shard(key.shard->index()));
    used.insert(key.shard->index());
  }
  EXPECT_EQ(used.size(), 32u);
}

}  // namespace
}  // namespace replete
