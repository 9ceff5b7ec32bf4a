#include "core/keyspace/segment_table.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "core/keyspace/hash.h"

namespace replete {
namespace {

struct alignas(16) Node {
  std::string key;
};

struct NodeTraits {
  using Item = Node;
  static constexpr size_t kPrefetchedLines = 1;
  static std::string_view Key(const Node* node) { return node->key; }
  static uint64_t Hash(std::string_view key) { return HashKey(key); }
};

// As in a shard: the leading bits are the shard's number.
struct ShardTraits : NodeTraits {
  static uint64_t Hash(std::string_view key) { return HashKey(key) >> 5 | uint64_t{19} << 59; }
};

// Every key has the same hash: what a table must survive even if nobody can provoke it.
struct CollidingTraits : NodeTraits {
  static uint64_t Hash(std::string_view) { return 0x123456789abcdef0; }
};

template <class Traits>
class Model {
 public:
  explicit Model(unsigned skip_bits = 0) : table_(skip_bits) {}

  bool Add(const std::string& key) {
    if (nodes_.count(key)) return false;
    auto node = std::make_unique<Node>(Node{key});
    table_.Insert(Traits::Hash(key), node.get());
    nodes_[key] = std::move(node);
    return true;
  }
  bool Remove(const std::string& key) {
    auto slot = table_.Find(Traits::Hash(key), key);
    EXPECT_EQ(static_cast<bool>(slot), nodes_.count(key) == 1) << key;
    if (!slot) return false;
    table_.Erase(slot, Traits::Hash(key));
    nodes_.erase(key);
    return true;
  }
  void Check() {
    ASSERT_EQ(table_.size(), nodes_.size());
    for (auto& [key, node] : nodes_) {
      auto slot = table_.Find(Traits::Hash(key), key);
      ASSERT_TRUE(slot) << key;
      ASSERT_EQ(slot.item(), node.get());
    }
    std::multiset<std::string> seen;
    table_.ForEach([&](Node* node) { seen.insert(node->key); });
    ASSERT_EQ(seen.size(), nodes_.size());
    for (auto& [key, node] : nodes_) ASSERT_EQ(seen.count(key), 1u);
  }
  SegmentTable<Traits>& table() { return table_; }
  const std::map<std::string, std::unique_ptr<Node>>& nodes() const { return nodes_; }

 private:
  SegmentTable<Traits> table_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
};

TEST(SegmentTable, MatchTagFindsExactlyTheEqualTags) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    table::Bucket bucket;
    uint32_t want = 0;
    uint32_t tag = 0x8000 | (random() & 3);
    for (unsigned i = 0; i < table::kSlots; ++i) {
      uint32_t other = random() % 2 ? 0x8000 | (random() & 3) : 0;
      // Low bits equal to the tag must not be taken for it.
      bucket.words[i] = uint64_t{other} << 48 | uint64_t{tag} << 32 | tag << 16 | (random() & 15);
      want |= static_cast<uint32_t>(other == tag) << i;
    }
    ASSERT_EQ(table::MatchTag(bucket, tag), want);
  }
}

TEST(SegmentTable, OtherBucketIsItsOwnInverse) {
  for (uint32_t buckets : table::kSizes) {
    for (uint32_t fingerprint = 0; fingerprint <= table::kFingerprintMask; fingerprint += 7) {
      for (uint32_t bucket = 0; bucket < buckets; ++bucket) {
        uint32_t other = table::OtherBucket(bucket, fingerprint, buckets);
        ASSERT_LT(other, buckets);
        ASSERT_EQ(table::OtherBucket(other, fingerprint, buckets), bucket);
      }
    }
  }
}

template <class Traits>
void RandomWork(unsigned skip_bits) {
  Model<Traits> model(skip_bits);
  std::mt19937 random(7 + skip_bits);
  for (int phase = 0; phase < 8; ++phase) {
    for (int i = 0; i < 20000; ++i) {
      std::string key = "key:" + std::to_string(random() % 60000);
      // Phases that mostly grow, then mostly shrink.
      if (random() % 100 < (phase % 2 ? 25u : 75u)) {
        model.Add(key);
      } else {
        model.Remove(key);
      }
    }
    model.Check();
  }
  while (!model.nodes().empty()) model.Remove(model.nodes().begin()->first);
  EXPECT_EQ(model.table().bytes(), 0u);
}

TEST(SegmentTable, RandomWorkAgreesWithAMap) { RandomWork<NodeTraits>(0); }
TEST(SegmentTable, RandomWorkInAShardAgreesWithAMap) { RandomWork<ShardTraits>(5); }

TEST(SegmentTable, EqualHashesAreKeptAndFound) {
  Model<CollidingTraits> model;
  for (int i = 0; i < 100; ++i) model.Add("k" + std::to_string(i));
  model.Check();
  for (int i = 0; i < 100; i += 3) model.Remove("k" + std::to_string(i));
  model.Check();
}

// Adds to `left_out` how many entries, in the worst pass, were left out that should have gone; the
// numbers in the keys begin with `first`.
template <class Traits>
void EraseSomeAgreesWithAMap(unsigned skip_bits, int count, int first, size_t* left_out) {
  SegmentTable<Traits> table(skip_bits);
  std::map<std::string, std::unique_ptr<Node>> nodes;
  for (int i = 0; i < count; ++i) {
    auto node = std::make_unique<Node>(Node{"key:" + std::to_string(first + i)});
    table.Insert(Traits::Hash(node->key), node.get());
    nodes[node->key] = std::move(node);
  }
  size_t most = 0;
  const size_t full = table.bytes();
  // Of each hundred ever fewer stay; at last nobody.
  for (const int stay : {90, 40, 3, 0}) {
    std::set<const Node*> asked;
    for (uint64_t position = 0; position != table.kScanEnd;) {
      position = table.EraseSome(position, [&](Node* node) {
        asked.insert(node);
        if (std::stoi(node->key.substr(4)) % 100 < stay) return false;
        nodes.erase(std::string(node->key));
        return true;
      });
    }
    EXPECT_EQ(table.size(), nodes.size());
    for (auto& [key, node] : nodes) {
      ASSERT_EQ(table.Find(Traits::Hash(key), key).item(), node.get()) << key;
    }
    // What had to move when a segment became smaller may have been left out.
    size_t now = 0;
    for (auto& [key, node] : nodes) now += std::stoi(key.substr(4)) % 100 >= stay;
    most = std::max(most, now);
  }
  // One may be left out of two passes running, in one table of some thousand.
  for (int pass = 0; pass < 3 && table.size() > 0; ++pass) {
    for (uint64_t position = 0; position != table.kScanEnd;) {
      position = table.EraseSome(position, [](Node*) { return true; });
    }
  }
  EXPECT_LE(table.bytes(), full / 20);
  EXPECT_EQ(table.size(), 0u);
  *left_out += most;
}

TEST(SegmentTable, EraseSomeTakesOutWhatIsChosen) {
  for (const int count : {1, 10, 300, 3000, 30'000, 100'000}) {
    // One small table has a handful of segments: many of them together tell the share.
    const int tables = std::max(1, 30'000 / count);
    size_t left_out = 0;
    for (int i = 0; i < std::min(tables, 100); ++i) {
      EraseSomeAgreesWithAMap<NodeTraits>(0, count, i * count, &left_out);
    }
    EXPECT_LE(left_out, static_cast<size_t>(count) * std::min(tables, 100) / 100) << count;
  }
  size_t left_out = 0;
  EraseSomeAgreesWithAMap<ShardTraits>(5, 30'000, 0, &left_out);
  EXPECT_LE(left_out, 300u);
  left_out = 0;
  EraseSomeAgreesWithAMap<CollidingTraits>(0, 100, 0, &left_out);
  EXPECT_LE(left_out, 1u);
}

// An item that found no bucket is one like the others to those who evict.
TEST(SegmentTable, HoldsTheItemsThatFoundNoBucket) {
  SegmentTable<CollidingTraits> table;
  std::vector<std::unique_ptr<Node>> nodes;
  for (int i = 0; i < 100; ++i) {
    nodes.push_back(std::make_unique<Node>(Node{"key:" + std::to_string(i)}));
    table.Insert(CollidingTraits::Hash(nodes.back()->key), nodes.back().get());
  }
  const Node stranger{"key:0"};
  for (const auto& node : nodes) {
    EXPECT_TRUE(table.Holds(CollidingTraits::Hash(node->key), node.get())) << node->key;
    EXPECT_FALSE(table.Holds(CollidingTraits::Hash(node->key), &stranger));
  }
}

TEST(SegmentTable, FillsItsMemoryAndGivesItBack) {
  Model<NodeTraits> model;
  double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    model.Add("key:" + std::to_string(i));
    if (i > 50000 && i % 1000 == 0) {
      worst = std::max(worst, double(model.table().bytes()) / double(model.table().size()));
    }
  }
  EXPECT_LT(worst, 15.0);  // bytes a key, at the worst moment between two splits
  for (int i = 3000; i < 300000; ++i) model.Remove("key:" + std::to_string(i));
  // The directory keeps its depth; segments go back.
  EXPECT_LT(model.table().bytes(), 3000u * 60);
  model.Check();
}

TEST(SegmentTable, ReservedRoomIsNoMoreThanGrownRoom) {
  for (const int n : {0, 1, 300, 310, 5000, 100000, 150000}) {
    Model<ShardTraits> reserved(5);
    reserved.table().Reserve(static_cast<size_t>(n));
    const size_t at_first = reserved.table().bytes();
    uint64_t position = reserved.table().Scan(0, 10, [](Node*) { FAIL() << "nothing is there"; });
    while (position != SegmentTable<ShardTraits>::kScanEnd) {
      position = reserved.table().Scan(position, 10, [](Node*) { FAIL() << "nothing is there"; });
    }
    for (int i = 0; i < n; ++i) {
      reserved.Add("key:" + std::to_string(i));
    }
    reserved.Check();
    EXPECT_LE(reserved.table().bytes(), static_cast<size_t>(n) * 15 + 300) << n;
    if (n >= 5000) {
      EXPECT_GE(at_first, reserved.table().bytes() * 2 / 3) << n << ": it hardly grows";
    }
    for (int i = 0; i < n; ++i) reserved.Remove("key:" + std::to_string(i));
    if (n > 0) {
      EXPECT_EQ(reserved.table().bytes(), 0u);
    }
  }
}

TEST(SegmentTable, ScanGivesEveryKeyThatStays) {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    Model<NodeTraits> model;
    std::set<std::string> stay;
    for (int i = 0; i < 3000; ++i) {
      std::string key = "stay:" + std::to_string(i);
      model.Add(key);
      stay.insert(key);
    }
    std::set<std::string> seen;
    uint64_t position = 0;
    int extra = 0;
    size_t calls = 0;
    while (position != SegmentTable<NodeTraits>::kScanEnd) {
      position = model.table().Scan(position, 1 + random() % 40,
                                    [&](Node* node) { seen.insert(node->key); });
      ASSERT_LT(++calls, 100000u);
      for (int i = 0; i < 200; ++i) {  // grow and shrink meanwhile
        if (round % 2) {
          model.Add("extra:" + std::to_string(extra++));
        } else if (extra < 20000 && calls < 30) {
          model.Add("extra:" + std::to_string(extra++));
        } else {
          model.Remove("extra:" + std::to_string(random() % 20000));
        }
      }
      if (extra > 60000) break;
    }
    if (position != SegmentTable<NodeTraits>::kScanEnd) continue;
    for (const std::string& key : stay) ASSERT_TRUE(seen.count(key)) << key;
  }
}

TEST(SegmentTable, ScanOfAQuietTableGivesEachKeyOnce) {
  Model<NodeTraits> model;
  for (int i = 0; i < 20000; ++i) model.Add(std::to_string(i));
  std::multiset<std::string> seen;
  uint64_t position = 0;
  while (position != SegmentTable<NodeTraits>::kScanEnd) {
    ASSERT_LT(position, uint64_t{1} << 53);
    position = model.table().Scan(position, 10, [&](Node* node) { seen.insert(node->key); });
  }
  EXPECT_EQ(seen.size(), 20000u);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 20000u);
}

TEST(SegmentTable, PrefetchBesideAWriterTouchesNoFreedMemory) {
  Reclaimer reclaimer;
  SegmentTable<NodeTraits> table(0, &reclaimer);
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    bool valid = false;
    auto handle = reclaimer.Register(&valid);
    ASSERT_TRUE(valid);
    std::mt19937_64 random(5);
    while (!stop) {
      Reclaimer::ReadGuard guard(handle);
      for (int i = 0; i < 16; ++i) {
        uint64_t hash = random();
        table.PrefetchBucket(hash);
        if (!table.PrefetchItem(hash)) table.PrefetchDisplaced(hash);
      }
    }
  });
  std::vector<std::unique_ptr<Node>> nodes;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 30000; ++i) {
      nodes.push_back(std::make_unique<Node>(Node{std::to_string(i)}));
      table.Insert(HashKey(nodes.back()->key), nodes.back().get());
      if (i % 256 == 0) reclaimer.Collect();
    }
    for (auto& node : nodes) {
      auto slot = table.Find(HashKey(node->key), node->key);
      ASSERT_TRUE(slot);
      table.Erase(slot, HashKey(node->key));
    }
    nodes.clear();
  }
  stop = true;
  reader.join();
  EXPECT_EQ(table.size(), 0u);
}

}  // namespace
}  // namespace replete
