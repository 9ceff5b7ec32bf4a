// What Access promises one by one; see access_test.cpp for all of it together.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/keyspace/access.h"
#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/keyspace/recording_listener.h"

namespace replete {
namespace {

class AccessPromises : public ::testing::Test {
 protected:
  static NamespaceSettings SettingsWithoutTtl() {
    NamespaceSettings settings;
    settings.default_ttl_s = 0;
    return settings;
  }
  Key At(std::string_view name) { return ResolveKey(keyspace_, name); }
  std::string TextOf(std::string_view name) {
    return std::string(access_.Peek(At(name))->string());
  }

  ManualClock clock_;
  RecordingListener listener_;
  Reclaimer reclaimer_;
  MemoryTotal memory_;
  Keyspace keyspace_{0, "n", -1, SettingsWithoutTtl(), &reclaimer_, &memory_};
  Access access_{clock_, listener_};
};

TEST_F(AccessPromises, EditStringLengthensWithZeroBytes) {
  auto resize = [this](size_t size) {
    access_.EditString(At("k"), access_.Use(At("k")), size, [](char*) {});
  };
  for (const size_t size : {21, 4005, 6000}) {
    for (size_t cut = 1; cut < 16; ++cut) {
      access_.SetString(At("k"), std::string(size, 'x'), kNoDeadline);
      resize(size - cut);
      resize(size);
      std::string expected = std::string(size - cut, 'x') + std::string(cut, '\0');
      EXPECT_TRUE(TextOf("k") == expected) << "cut by " << cut << " at " << size;
      resize(size * 3);
      expected.resize(size * 3);
      EXPECT_TRUE(TextOf("k") == expected) << "cut by " << cut << " at " << size;
    }
  }
}

TEST_F(AccessPromises, ReadingCountsHitsAndMissesAndPeekingDoesNot) {
  access_.SetString(At("k"), "v", clock_.NowMs() + 10);
  access_.Read(At("k"));
  access_.Read(At("absent"));
  access_.Peek(At("k"));
  clock_.Advance(10);
  EXPECT_NE(access_.Read(At("k")), nullptr) << "the time is frozen within a command";
  access_.ForgetNow();
  EXPECT_EQ(access_.Read(At("k")), nullptr);
  EXPECT_EQ(keyspace_.stats().hits, 2u);
  EXPECT_EQ(keyspace_.stats().misses, 2u);
  EXPECT_EQ(keyspace_.size(), 0u) << "published only after a command";
  At("k").shard->Publish();
  EXPECT_EQ(keyspace_.size(), 1u) << "looking removes nothing";
}

TEST_F(AccessPromises, EveryChangeRaisesTheWatchersFlag) {
  auto raised = [&](auto&& change) {
    auto watcher = std::make_shared<Watcher>();
    At("k").shard->watches.Add("k", watcher);
    change();
    At("k").shard->watches.Remove("k", watcher.get());
    return watcher->dirty();
  };
  EXPECT_FALSE(raised([&] { access_.SetString(At("other"), "v", kNoDeadline); }));
  EXPECT_TRUE(raised([&] { access_.SetString(At("k"), "v", kNoDeadline); }));
  EXPECT_FALSE(raised([&] { access_.Read(At("k")); }));
  EXPECT_TRUE(raised([&] { access_.EditString(At("k"), access_.Peek(At("k")), 1, [](char*) {}); }));
  EXPECT_TRUE(raised([&] { access_.SetDeadline(At("k"), clock_.NowMs() + 100); }));
  EXPECT_TRUE(raised([&] { access_.Rename(At("k"), At("moved")); }));
  EXPECT_TRUE(raised([&] { access_.Copy(At("moved"), At("k")); }));
  EXPECT_TRUE(raised([&] { access_.Rename(At("moved"), At("k")); }));
  EXPECT_TRUE(raised([&] { access_.ClearShard(*At("k").shard); }));
  EXPECT_FALSE(raised([&] { access_.ClearShard(*At("k").shard); })) << "it was not there";
  HashValue* hash = access_.HashFor(At("k"), nullptr);
  EXPECT_TRUE(raised([&] { access_.HashSet(At("k"), hash, "f", "v", {}); }));
  EXPECT_FALSE(raised([&] { access_.HashErase(At("k"), hash, "absent"); }));
  EXPECT_TRUE(raised([&] { access_.HashErase(At("k"), hash, "f"); }));
  EXPECT_TRUE(raised([&] { access_.Finish(At("k")); }));
  ListValue* list = access_.ListFor(At("k"), nullptr);
  EXPECT_TRUE(raised([&] { access_.Push(At("k"), list, true, "v", {}); }));
  EXPECT_TRUE(raised([&] { access_.Pop(At("k"), list, true, [](std::string_view) {}); }));
  EXPECT_TRUE(raised([&] { access_.Remove(At("k"), Departure::kDeleted); }));
}

TEST_F(AccessPromises, NoEffectsAreMadeWhereNobodyWantsThem) {
  access_.SetString(At("k"), "v", kNoDeadline);
  access_.Remove(At("k"), Departure::kDeleted);
  access_.ClearKeyspace(keyspace_);
  EXPECT_EQ(listener_.effects, 0u);
}

}  // namespace
}  // namespace replete
