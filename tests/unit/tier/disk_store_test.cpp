#include "core/tier/disk_store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/tier/disk_record.h"
#include "tests/temporary_folder.h"

namespace replete::test {
namespace {

TEST(DiskRecordTest, ComesBackAsItWasWritten) {
  for (const int64_t deadline : {int64_t{0}, int64_t{1'700'000'000'000}, kNoDeadline}) {
    std::string bytes;
    AppendDiskValue(deadline, std::string("\0value", 6), &bytes);
    DiskRecord record;
    ASSERT_TRUE(record.Decode(bytes));
    EXPECT_EQ(record.deadline, deadline);
    EXPECT_EQ(record.value, std::string_view("\0value", 6));
    EXPECT_FALSE(record.is_void);
  }
}

TEST(DiskRecordTest, DamagedBytesAreNoRecord) {
  std::string bytes;
  AppendDiskValue(1, "v", &bytes);
  DiskRecord record;
  for (size_t n = 0; n < 10; ++n) EXPECT_FALSE(record.Decode(bytes.substr(0, n))) << n;
  bytes[0] = '\x80';
  EXPECT_FALSE(record.Decode(bytes));
  std::string operand;
  AppendDeadlineOperand(5, &operand);
  EXPECT_FALSE(record.Decode(operand));
}

TEST(DiskRecordTest, AnOperandChangesTheDeadlineAlone) {
  std::string base;
  AppendDiskValue(7, "v", &base);
  const std::string_view view = base;
  for (const int64_t deadline : {int64_t{9}, kNoDeadline}) {
    std::string operand;
    std::string merged;
    AppendDeadlineOperand(deadline, &operand);
    ASSERT_TRUE(ApplyDeadlineOperand(&view, operand, &merged));
    DiskRecord record;
    ASSERT_TRUE(record.Decode(merged));
    EXPECT_EQ(record.deadline, deadline);
    EXPECT_EQ(record.value, "v");
  }
  std::string operand;
  std::string merged;
  AppendDeadlineOperand(9, &operand);
  ASSERT_TRUE(ApplyDeadlineOperand(nullptr, operand, &merged));
  DiskRecord record;
  ASSERT_TRUE(record.Decode(merged));
  EXPECT_TRUE(record.is_void) << "a deadline of nothing makes nothing";
}

TEST(DiskRecordTest, ADetachedValueLeavesItsTypeAndSizeBehind) {
  std::string base;
  AppendDetached(7, '\1', 123'456, &base);
  const std::string_view view = base;
  std::string operand;
  std::string merged;
  AppendDeadlineOperand(9, &operand);
  ASSERT_TRUE(ApplyDeadlineOperand(&view, operand, &merged));
  for (const auto& [bytes, deadline] : {std::pair(base, 7), std::pair(merged, 9)}) {
    DiskRecord record;
    ASSERT_TRUE(record.Decode(bytes));
    EXPECT_TRUE(record.is_detached);
    EXPECT_EQ(record.value, "\1");
    EXPECT_EQ(record.size, 123'456u);
    EXPECT_EQ(record.deadline, deadline);
    for (size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(record.Decode(bytes.substr(0, n))) << n;
  }
  const std::string key = DiskKey(5, "key");
  EXPECT_EQ(DetachedKeyOf(key), DiskKey(5 | kDetachedBit, "key"));
}

TEST(DiskRecordTest, KeysOfAGenerationLieTogether) {
  EXPECT_LT(DiskKey(1, "zzz"), DiskKey(2, ""));
  EXPECT_LT(DiskKey(255, "zzz"), DiskKey(256, ""));
  EXPECT_LT(DiskKey(1, "a"), DiskKey(1, "b"));
  uint64_t generation = 0;
  std::string_view key;
  const std::string bytes = DiskKey(0x0102030405060708, "key");
  ASSERT_TRUE(SplitDiskKey(bytes, &generation, &key));
  EXPECT_EQ(generation, 0x0102030405060708u);
  EXPECT_EQ(key, "key");
}

// Says what the test tells it.
class Judge final : public RecordJudge {
 public:
  bool GenerationIsVoid(uint64_t generation) const override { return voided.contains(generation); }
  bool IsDead(uint64_t, std::string_view key, int64_t deadline) const override {
    return deadline <= now && !alive.contains(std::string(key));
  }

  std::set<uint64_t> voided;
  std::set<std::string> alive;
  int64_t now = 0;
};

class DiskStoreTest : public ::testing::Test {
 protected:
  DiskStoreTest() { Open(); }

  void Open() {
    store_.reset();
    DiskOptions options;
    options.directory = folder_.path().string() + "/store";
    const Problem problem = DiskStore::Open(options, judge_, &store_);
    ASSERT_FALSE(problem) << *problem;
  }
  void Put(uint64_t generation, std::string_view key, std::string_view value,
           int64_t deadline = kNoDeadline) {
    DiskStore::Group group;
    group.Put(generation, key, deadline, value);
    ASSERT_TRUE(store_->Write(&group, DiskStore::Safety::kLogged).ok());
  }
  // Key and value of a generation's records as a scan finds them.
  std::map<std::string, std::string> Scan(uint64_t generation) {
    std::map<std::string, std::string> found;
    const std::string to = DiskKey(generation + 1, {});
    const DiskStatus status = store_->Scan(
        DiskKey(generation, {}), to, [&](std::string_view key, std::string_view bytes) {
          DiskRecord record;
          EXPECT_TRUE(record.Decode(bytes));
          if (!record.is_void) found[std::string(key.substr(kGenerationSize))] = record.value;
          return true;
        });
    EXPECT_TRUE(status.ok()) << status.text;
    return found;
  }
  // "": not found.
  std::string Read(uint64_t generation, std::string_view key) {
    std::string found;
    store_->Read({{DiskKey(generation, key)}},
                 [&](size_t, const DiskStatus& status, std::string_view value) {
                   if (status.ok()) found = value;
                 });
    return found;
  }

  using Records = std::map<std::string, std::string>;

  TemporaryFolder folder_;
  Judge judge_;
  std::unique_ptr<DiskStore> store_;
};

TEST_F(DiskStoreTest, RecordsAreThereAndInOrder) {
  Put(5, "b", "2");
  Put(5, "a", "1");
  Put(6, "c", "other");
  EXPECT_EQ(Scan(5), (Records{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(Read(5, "b"), "2");
  EXPECT_EQ(Read(5, "c"), "");
  Open();
  EXPECT_EQ(Scan(5), (Records{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(Read(6, "c"), "other");
}

// From the write buffers, the block cache, or the system's page cache: nothing waits for a disk.
TEST_F(DiskStoreTest, WhatIsInMemoryCanBeHadAtOnce) {
  for (int i = 0; i < 1000; ++i) Put(6, "k" + std::to_string(i), "v" + std::to_string(i));
  Put(6, "large", std::string(kDetachedFrom, 'v'));
  for (const bool in_files : {false, true}) {
    if (in_files) {
      ASSERT_TRUE(store_->Compact(6).ok());
    }
    std::vector<std::string> keys;
    for (const char* key : {"k7", "none", "k999", "large", "k0"}) keys.push_back(DiskKey(6, key));
    std::map<size_t, std::string> seen;
    const auto see = [&](size_t i, std::string_view value) { seen[i] = value; };
    EXPECT_EQ(store_->ReadCached(keys, see), 4u) << "the record of the large value is there, too";
    EXPECT_EQ(seen, (std::map<size_t, std::string>{{0, "v7"}, {2, "v999"}, {4, "v0"}}));
    seen.clear();
    EXPECT_EQ(store_->ReadCached({keys.data(), 1}, see), 1u);
    EXPECT_EQ(store_->ReadCached({keys.data() + 1, 1}, see), 0u);
    EXPECT_EQ(seen, (std::map<size_t, std::string>{{0, "v7"}}));
  }
}

TEST_F(DiskStoreTest, AValueThatIsNotTheOneOfItsRecordIsAnError) {
  Put(5, "k", std::string(kDetachedFrom, 'v'));
  Put(5, "gone", std::string(kDetachedFrom, 'v'));
  DiskStore::Group group;
  group.PutRaw(5 | kDetachedBit, "k", std::string(kDetachedFrom + 1, 'w'));
  group.DeleteDetached(5, "gone");
  ASSERT_TRUE(store_->Write(&group, DiskStore::Safety::kLogged).ok());
  int asked = 0;
  store_->Read({{DiskKey(5, "k"), DiskKey(5, "gone")}},
               [&](size_t, const DiskStatus& status, std::string_view) {
                 ++asked;
                 EXPECT_EQ(status.kind, DiskStatus::Kind::kCorrupt) << status.text;
               });
  EXPECT_EQ(asked, 2);
}

TEST_F(DiskStoreTest, LargeValuesStandApartAndAreReadWithTheOthers) {
  const std::string large(100'000, 'v');
  const std::string just(kDetachedFrom, 'j');
  Put(5, "a", "small");
  Put(5, "b", large);
  Put(5, "c", just, 1000);
  Put(5, "d", std::string(kDetachedFrom - 1, 's'));
  Open();
  const Records keys = Scan(5);
  EXPECT_EQ(keys.size(), 4u);
  EXPECT_EQ(keys.at("b"), "v") << "the type alone";
  EXPECT_EQ(keys.at("d").size(), kDetachedFrom - 1);
  std::map<size_t, std::string> found;
  store_->Read({{DiskKey(5, "b"), DiskKey(5, "a"), DiskKey(5, "none"), DiskKey(5, "c")}},
               [&](size_t i, const DiskStatus& status, std::string_view value) {
                 found[i] = status.ok() ? std::string(value) : "-" + status.text;
               });
  EXPECT_EQ(found, (std::map<size_t, std::string>{
                       {0, large}, {1, "small"}, {2, "-there is no record"}, {3, just}}));
  // A deadline is set without it.
  DiskStore::Group group;
  group.Deadline(5, "b", 777);
  ASSERT_TRUE(store_->Write(&group, DiskStore::Safety::kLogged).ok());
  EXPECT_EQ(Read(5, "b"), large);
  // One without the other is damage, and no empty value.
  group.Clear();
  group.DeleteDetached(5, "b");
  ASSERT_TRUE(store_->Write(&group, DiskStore::Safety::kLogged).ok());
  DiskStatus damaged;
  store_->Read({{DiskKey(5, "b")}},
               [&](size_t, const DiskStatus& status, std::string_view) { damaged = status; });
  EXPECT_EQ(damaged.kind, DiskStatus::Kind::kCorrupt);
}

TEST_F(DiskStoreTest, LargeValuesOfAVoidGenerationGiveTheirRoomBack) {
  // Not to be compressed: what is left of them is to be seen.
  std::mt19937 random(1);
  const auto large = [&] {
    std::string value(100'000, '\0');
    for (char& byte : value) byte = static_cast<char>(random());
    return value;
  };
  for (int i = 0; i < 50; ++i) Put(5, "k" + std::to_string(i), large());
  Put(6, "other", large());
  Open();
  ASSERT_TRUE(store_->Compact(5).ok());
  EXPECT_GT(store_->figures().disk_bytes, 5'000'000u);
  judge_.voided = {5};
  store_->Reclaim(5);
  EXPECT_LT(store_->figures().disk_bytes, 200'000u);
  EXPECT_EQ(Read(6, "other").size(), 100'000u);
}

TEST_F(DiskStoreTest, DeadlinesAreSetWithoutReading) {
  Put(5, "k", "v", 100);
  DiskStore::Group group;
  group.Deadline(5, "k", 200);
  group.Deadline(5, "k", 300);
  group.Deadline(5, "none", 300);
  ASSERT_TRUE(store_->Write(&group, DiskStore::Safety::kLogged).ok());
  EXPECT_EQ(Read(5, "k"), "v");
  EXPECT_EQ(Read(5, "none"), "");
  EXPECT_EQ(Scan(5), (Records{{"k", "v"}}));
  // The record's own deadline has passed long ago, and its key is there.
  judge_.now = 250;
  judge_.alive = {"k"};
  Open();
  ASSERT_TRUE(store_->Compact(5).ok());
  EXPECT_EQ(Scan(5), (Records{{"k", "v"}}));
}

TEST_F(DiskStoreTest, CompactionsLeaveOutWhatIsDead) {
  Put(5, "dead", "v", 100);
  Put(5, "alive", "v", 100);
  Put(5, "later", "v", 1000);
  Put(5, "always", "v");
  Put(4, "void", "v");
  judge_.now = 500;
  judge_.alive = {"alive"};
  judge_.voided = {4};
  ASSERT_TRUE(store_->Compact(5).ok());
  store_->Reclaim(4);
  EXPECT_EQ(Scan(5), (Records{{"alive", "v"}, {"always", "v"}, {"later", "v"}}));
  EXPECT_EQ(Scan(4), Records());
}

TEST_F(DiskStoreTest, NamespacesAreRemembered) {
  StoredNamespace one;
  one.id = 3;
  one.name = "llm";
  one.generation = uint64_t{3} << 32;
  one.options = {{"engine", "disk"}, {"prefix", "a:"}, {"prefix", std::string("b\n\0", 3)}};
  ASSERT_TRUE(store_->Save(one).ok());
  Open();
  ASSERT_EQ(store_->found().size(), 1u);
  const StoredNamespace found = store_->found()[0];
  EXPECT_EQ(found.id, 3u);
  EXPECT_EQ(found.name, "llm");
  EXPECT_EQ(found.generation, one.generation);
  EXPECT_EQ(found.version, 1u);
  EXPECT_EQ(found.options, one.options);

  one.generation += 7;
  one.version = 4;
  DiskStore::Group group;
  group.Generation(one);
  ASSERT_TRUE(store_->Write(&group, DiskStore::Safety::kSynced).ok());
  Open();
  EXPECT_EQ(store_->found()[0].generation, one.generation);
  EXPECT_EQ(store_->found()[0].version, 4u);

  ASSERT_TRUE(store_->Forget(3).ok());
  Open();
  EXPECT_TRUE(store_->found().empty());
  EXPECT_EQ(store_->last_id(), 3u) << "is not given again";
}

TEST_F(DiskStoreTest, CutPointsCutWhatIsThere) {
  DiskStore::Group group;
  const std::string value(500, 'v');
  for (int i = 0; i < 2000; ++i) group.Put(5, std::to_string(i), kNoDeadline, value);
  ASSERT_TRUE(store_->Write(&group, DiskStore::Safety::kLogged).ok());
  Open();
  const auto cuts = store_->CutPoints(5, 4);
  EXPECT_LE(cuts.size(), 3u);
  for (const std::string& cut : cuts) {
    EXPECT_GT(cut, DiskKey(5, {}));
    EXPECT_LT(cut, DiskKey(6, {}));
  }
  EXPECT_TRUE(store_->CutPoints(9, 4).empty());
}

// Its large values stand in the records of their keys.
TEST_F(DiskStoreTest, AStoreOfTheFirstVersionIsTakenAsItIs) {
  store_.reset();
  const std::string path = folder_.path().string() + "/store";
  const std::string large(3 * kDetachedFrom, 'v');
  rocksdb::DB* db = nullptr;
  rocksdb::Options options;
  options.create_if_missing = true;
  ASSERT_TRUE(rocksdb::DB::Open(options, path, &db).ok());
  std::string record;
  AppendDiskValue(kNoDeadline, large, &record);
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), DiskKey(0, "format"), "1").ok());
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), DiskKey(5, "old"), record).ok());
  delete db;
  DiskOptions wanted;
  wanted.directory = path;
  ASSERT_EQ(DiskStore::Open(wanted, judge_, &store_), std::nullopt);
  EXPECT_EQ(Read(5, "old"), large);
  Put(5, "old", large + "!");
  EXPECT_EQ(Read(5, "old"), large + "!");
  store_.reset();
  // From now on an older daemon would misread it.
  std::string format;
  ASSERT_TRUE(rocksdb::DB::Open(options, path, &db).ok());
  EXPECT_TRUE(db->Get(rocksdb::ReadOptions(), DiskKey(0, "format"), &format).ok());
  EXPECT_EQ(format, "2");
  delete db;
}

TEST_F(DiskStoreTest, AStoreOfALaterVersionIsRefused) {
  store_.reset();
  const std::string path = folder_.path().string() + "/store";
  rocksdb::DB* db = nullptr;
  rocksdb::Options options;
  ASSERT_TRUE(rocksdb::DB::Open(options, path, &db).ok());
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), DiskKey(0, "format"), "3").ok());
  delete db;
  DiskOptions wanted;
  wanted.directory = path;
  const Problem problem = DiskStore::Open(wanted, judge_, &store_);
  ASSERT_TRUE(problem);
  EXPECT_NE(problem->find("its format is 3, this version knows formats up to 2"), std::string::npos)
      << *problem;
}

}  // namespace
}  // namespace replete::test
