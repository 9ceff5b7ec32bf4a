#include "core/tier/disk_catalog.h"

#include <gtest/gtest.h>

#include "core/keyspace/clock.h"

namespace replete::test {
namespace {

constexpr uint64_t kFirst = uint64_t{1} << 32;
constexpr uint64_t kSecond = uint64_t{2} << 32;

TEST(DiskCatalogTest, NothingIsVoidBeforeItKnowsWhatTheStoreHas) {
  const SystemClock clock;
  DiskCatalog catalog(clock);
  EXPECT_FALSE(catalog.GenerationIsVoid(kFirst));
  EXPECT_FALSE(catalog.IsDead(kFirst, "key", 0));
  StoredNamespace stored;
  stored.id = 1;
  stored.generation = kFirst + 5;
  catalog.Adopt({stored}, 1);
  EXPECT_TRUE(catalog.GenerationIsVoid(kFirst + 4));
  EXPECT_FALSE(catalog.GenerationIsVoid(kFirst + 5));
  EXPECT_TRUE(catalog.GenerationIsVoid(kSecond));
  EXPECT_FALSE(catalog.IsDead(kFirst + 5, "key", 0));  // no keyspace has its keys
}

TEST(DiskCatalogTest, AStoreWithoutNamespacesHasNothingButVoid) {
  const SystemClock clock;
  DiskCatalog catalog(clock);
  catalog.Adopt({}, 1);
  EXPECT_TRUE(catalog.GenerationIsVoid(kFirst));
}

}  // namespace
}  // namespace replete::test
