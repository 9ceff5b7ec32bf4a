#include "core/keyspace/access.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/keyspace/recording_listener.h"

namespace replete {
namespace {

using Fields = std::map<std::string, std::string>;
using Elements = std::deque<std::string>;

struct ModelEntry {
  std::variant<std::string, Fields, Elements> value;
  int64_t deadline = kNoDeadline;
};
// What is stored, the expired that nobody has removed yet included.
using Model = std::map<std::string, ModelEntry>;

NamespaceSettings SettingsOf(uint64_t max_entries) {
  NamespaceSettings settings;
  settings.max_entries = max_entries;
  settings.default_ttl_s = 0;
  return settings;
}

// The oldest first.
std::vector<const Entry*> OrderOf(const Shard& shard) {
  std::vector<const Entry*> order;
  const Entry* entry = shard.data.order.oldest();
  for (; entry != nullptr; entry = OrderList::Previous(entry)) order.push_back(entry);
  return order;
}

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(engine_); }
  bool OneIn(size_t n) { return Below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

// Two keyspaces beside their models; parameter: max_entries of both, 0 for many shards without an
// exact order.
class AccessModelTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  AccessModelTest() {
    for (auto* keyspace : {&first_, &second_}) keyspace->set_wants_effects(true);
    for (int i = 0; i < 240; ++i) names_.push_back("key:" + std::to_string(i));
    names_.push_back("");
    names_.push_back(std::string(70'000, 'k'));
    names_.push_back(std::string("with\0zero\r\n", 11));
  }

  struct Place {
    Keyspace& keyspace;
    Model& model;
  };
  Place Choose() {
    if (random_.OneIn(4)) return {second_, models_[1]};
    return {first_, models_[0]};
  }
  const std::string& Name() { return names_[random_.Below(names_.size())]; }
  std::string Value() {
    static constexpr size_t kMost[] = {4, 40, 400, 5000, 20'000};
    const size_t most =
        random_.OneIn(200) ? 400'000 : kMost[random_.Below(random_.OneIn(8) ? 5 : 3)];
    return std::string(random_.Below(most), static_cast<char>('a' + random_.Below(26)));
  }
  int64_t Deadline() {
    static constexpr int64_t kReach[] = {200, 60'000, 86'400'000, int64_t{86'400'000} * 365 * 50};
    return clock_.NowMs() + 1 + static_cast<int64_t>(random_.Below(kReach[random_.Below(4)]));
  }
  // What a present key is in the model; null when it is absent or has expired.
  ModelEntry* Alive(Model& model, const std::string& name) {
    auto found = model.find(name);
    if (found == model.end() || found->second.deadline <= clock_.NowMs()) return nullptr;
    return &found->second;
  }
  template <class T>
  T* AliveAs(Model& model, const std::string& name) {
    ModelEntry* entry = Alive(model, name);
    return entry == nullptr ? nullptr : std::get_if<T>(&entry->value);
  }

  // The expired that were met are gone from the keyspace: takes them out of the model.
  void TakeDepartures() {
    for (const auto& left : listener_.left) {
      Model& model = left.keyspace == &first_ ? models_[0] : models_[1];
      auto found = model.find(left.key);
      ASSERT_NE(found, model.end());
      EXPECT_EQ(left.reason, Departure::kExpired);
      EXPECT_LE(found->second.deadline, clock_.NowMs());
      model.erase(found);
    }
    listener_.left.clear();
  }

  void SetString();
  void EditString();
  void SetDeadline();
  void Remove();
  void Rename();
  void Copy();
  void ChangeHash();
  void ChangeList();
  void Clear();
  void Sweep();
  void Step();

  void ExpectSame(const Entry* entry, const ModelEntry& expected);
  void ExpectShardConsistent(Shard& shard);
  void ExpectKeyspaceIs(Keyspace& keyspace, const Model& model);

  ManualClock clock_;
  RecordingListener listener_;
  Reclaimer reclaimer_;
  MemoryTotal memory_;
  Keyspace first_{0, "first", -1, SettingsOf(GetParam()), &reclaimer_, &memory_};
  Keyspace second_{1, "second", -1, SettingsOf(GetParam()), &reclaimer_, &memory_};
  Access access_{clock_, listener_};
  Model models_[2];
  std::vector<std::string> names_;
  Random random_{GetParam() + 17};
};

void AccessModelTest::SetString() {
  auto [keyspace, model] = Choose();
  const std::string& name = Name();
  const std::string value = Value();
  const ModelEntry* old = Alive(model, name);
  int64_t deadline = kNoDeadline;
  int64_t expected = kNoDeadline;
  switch (random_.Below(4)) {
    case 0:
      break;
    case 1:
      deadline = expected = Deadline();
      break;
    case 2:
      deadline = Access::kKeepDeadline;
      if (old != nullptr) expected = old->deadline;
      break;
    default:
      deadline = expected = clock_.NowMs() - static_cast<int64_t>(random_.Below(50));
      break;
  }
  const Key key = ResolveKey(keyspace, name);
  if (random_.OneIn(4)) {
    BulkBuffer bulk;
    bulk.Grow(value.size() * 2 + 1);
    std::copy(value.begin(), value.end(), bulk.data());
    bulk.Resize(value.size());
    access_.SetString(key, std::move(bulk), deadline);
  } else {
    access_.SetString(key, value, deadline);
  }
  TakeDepartures();
  model[name] = {value, expected};
}

void AccessModelTest::EditString() {
  auto [keyspace, model] = Choose();
  const std::string& name = Name();
  auto* text = AliveAs<std::string>(model, name);
  if (text == nullptr) return;
  // Growing and shrinking by little, by much, and beyond what stands in an entry.
  const size_t most = random_.OneIn(3) ? 12'000 : text->size() + 30;
  const size_t size = random_.Below(most + 1);
  const std::string tail = Value().substr(0, size > text->size() ? size - text->size() : 0);
  const size_t old_size = text->size();
  text->resize(size);
  // The caller of a growing edit fills what it added.
  const char fill = static_cast<char>('A' + random_.Below(26));
  for (size_t i = old_size; i < size; ++i) (*text)[i] = fill;
  const Key key = ResolveKey(keyspace, name);
  access_.EditString(key, access_.Use(key), size, [&](char* bytes) {
    for (size_t i = old_size; i < size; ++i) bytes[i] = fill;
  });
}

void AccessModelTest::SetDeadline() {
  auto [keyspace, model] = Choose();
  const std::string& name = Name();
  int64_t deadline = Deadline();
  if (random_.OneIn(3)) deadline = kNoDeadline;
  if (random_.OneIn(8)) deadline = clock_.NowMs() - static_cast<int64_t>(random_.Below(3));
  access_.SetDeadline(ResolveKey(keyspace, name), deadline);
  TakeDepartures();
  ModelEntry* entry = Alive(model, name);
  if (entry == nullptr) return;
  if (deadline <= clock_.NowMs()) {
    model.erase(name);
  } else {
    entry->deadline = deadline;
  }
}

void AccessModelTest::Remove() {
  auto [keyspace, model] = Choose();
  const std::string& name = Name();
  const bool there = Alive(model, name) != nullptr;
  EXPECT_EQ(access_.Remove(ResolveKey(keyspace, name), Departure::kDeleted), there);
  TakeDepartures();
  if (there) model.erase(name);
  EXPECT_EQ(model.count(name), 0u);
}

void AccessModelTest::Rename() {
  auto [keyspace, model] = Choose();
  const std::string& from = Name();
  const std::string& to = Name();
  const ModelEntry* entry = Alive(model, from);
  if (entry == nullptr || from == to) return;
  ModelEntry moved = *entry;
  access_.Rename(ResolveKey(keyspace, from), ResolveKey(keyspace, to));
  TakeDepartures();
  model.erase(from);
  model[to] = std::move(moved);
}

void AccessModelTest::Copy() {
  Place from = Choose();
  Place to = Choose();
  const std::string& source = Name();
  const std::string& target = Name();
  const ModelEntry* entry = Alive(from.model, source);
  if (entry == nullptr || Alive(to.model, target) != nullptr) return;
  ModelEntry copy = *entry;
  access_.Copy(ResolveKey(from.keyspace, source), ResolveKey(to.keyspace, target));
  TakeDepartures();
  to.model[target] = std::move(copy);
}

void AccessModelTest::ChangeHash() {
  auto [keyspace, model] = Choose();
  const std::string& name = Name();
  const Key key = ResolveKey(keyspace, name);
  Fields* fields = AliveAs<Fields>(model, name);
  if (fields == nullptr && Alive(model, name) != nullptr) return;
  HashValue* hash = access_.HashFor(key, access_.Use(key));
  TakeDepartures();
  if (fields == nullptr) fields = &std::get<Fields>((model[name] = {Fields(), kNoDeadline}).value);
  for (size_t i = random_.Below(6) + (fields->empty() ? 1 : 0); i > 0; --i) {
    const std::string field = std::to_string(random_.Below(40));
    const std::string value = Value().substr(0, 100);
    EXPECT_EQ(access_.HashSet(key, hash, field, value, {.max_entries = 20, .max_value = 64}),
              fields->count(field) == 0);
    (*fields)[field] = value;
  }
  for (size_t i = random_.Below(20); i > 0; --i) {
    const std::string field = std::to_string(random_.Below(40));
    EXPECT_EQ(access_.HashErase(key, hash, field), fields->erase(field) == 1);
  }
  access_.Finish(key);
  if (fields->empty()) model.erase(name);
}

void AccessModelTest::ChangeList() {
  auto [keyspace, model] = Choose();
  const std::string& name = Name();
  const Key key = ResolveKey(keyspace, name);
  Elements* elements = AliveAs<Elements>(model, name);
  if (elements == nullptr && Alive(model, name) != nullptr) return;
  ListValue* list = access_.ListFor(key, access_.Use(key));
  TakeDepartures();
  if (elements == nullptr) {
    elements = &std::get<Elements>((model[name] = {Elements(), kNoDeadline}).value);
  }
  for (size_t i = random_.Below(6) + 1; i > 0; --i) {
    const bool front = random_.OneIn(2);
    const std::string value = Value();
    access_.Push(key, list, front, value, {.chunk_bytes = 512});
    front ? elements->push_front(value) : elements->push_back(value);
  }
  for (size_t i = random_.Below(9); i > 0 && !elements->empty(); --i) {
    const bool front = random_.OneIn(2);
    const std::string expected = front ? elements->front() : elements->back();
    access_.Pop(key, list, front, [&](std::string_view got) { EXPECT_EQ(got, expected); });
    front ? elements->pop_front() : elements->pop_back();
  }
  access_.Finish(key);
  if (elements->empty()) model.erase(name);
}

void AccessModelTest::Clear() {
  auto [keyspace, model] = Choose();
  if (random_.OneIn(2)) {
    EXPECT_EQ(access_.ClearKeyspace(keyspace), model.size());
    EXPECT_EQ(listener_.last_effect, Effect::Kind::kClear);
    model.clear();
    return;
  }
  Shard& shard = keyspace.shard(random_.Below(keyspace.shards()));
  access_.ClearShard(shard);
  const Keyspace& in = keyspace;
  std::erase_if(model,
                [&](const auto& item) { return &in.ShardOf(HashKey(item.first)) == &shard; });
}

void AccessModelTest::Sweep() {
  auto [keyspace, model] = Choose();
  // What was overdue when it was added, or when it came down from an upper level, goes a tick
  // later.
  for (int round = 0; round < 2; ++round) {
    clock_.Advance(ExpiryWheel::kTickMs);
    access_.ForgetNow();
    for (size_t i = 0; i < keyspace.shards(); ++i) {
      while (access_.Sweep(keyspace.shard(i), MonotonicNanos() + 1'000'000'000)) {
      }
      EXPECT_GT(keyspace.shard(i).next_work.load(), clock_.NowMs());
    }
  }
  TakeDepartures();
  for (const auto& [name, entry] : model) {
    EXPECT_GT(entry.deadline, clock_.NowMs() - ExpiryWheel::kTickMs) << "of " << name;
  }
}

void AccessModelTest::Step() {
  access_.ForgetNow();
  switch (random_.Below(24)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return SetString();
    case 5:
    case 6:
    case 7:
      return EditString();
    case 8:
    case 9:
    case 10:
      return SetDeadline();
    case 11:
    case 12:
      return Remove();
    case 13:
    case 14:
      return Rename();
    case 15:
    case 16:
      return Copy();
    case 17:
    case 18:
      return ChangeHash();
    case 19:
    case 20:
      return ChangeList();
    case 21:
      return random_.OneIn(3) ? Sweep() : void();
    case 22:
      return random_.OneIn(60) ? Clear() : void();
    default:
      clock_.Advance(static_cast<int64_t>(random_.Below(random_.OneIn(40) ? 5'000'000 : 30)));
  }
}

void AccessModelTest::ExpectSame(const Entry* entry, const ModelEntry& expected) {
  EXPECT_EQ(entry->deadline(), expected.deadline);
  if (const auto* text = std::get_if<std::string>(&expected.value)) {
    ASSERT_EQ(entry->type(), ValueType::kString);
    EXPECT_TRUE(entry->string() == *text);
  } else if (const auto* fields = std::get_if<Fields>(&expected.value)) {
    ASSERT_EQ(entry->type(), ValueType::kHash);
    Fields got;
    entry->hash()->ForEach([&](auto field, auto value) { got.emplace(field, value); });
    EXPECT_EQ(got, *fields);
  } else {
    ASSERT_EQ(entry->type(), ValueType::kList);
    Elements got;
    entry->list()->ForEach([&](auto element) { got.emplace_back(element); });
    EXPECT_EQ(got, std::get<Elements>(expected.value));
  }
}

// What is kept beside the table agrees with what is in it.
void AccessModelTest::ExpectShardConsistent(Shard& shard) {
  size_t bytes = 0;
  size_t volatile_entries = 0;
  size_t ordered = 0;
  int64_t soonest = kNoDeadline;
  shard.data.table.ForEach([&](const Entry* entry) {
    bytes += entry->bytes();
    volatile_entries += entry->has(Entry::kDeadline);
    ordered += entry->has(Entry::kOrder);
    soonest = std::min(soonest, entry->deadline());
  });
  EXPECT_EQ(shard.data.entry_bytes, bytes);
  EXPECT_EQ(shard.data.wheel.size(), volatile_entries);
  EXPECT_EQ(ordered, shard.keyspace().exact_order() ? shard.data.table.size() : 0);
  EXPECT_EQ(OrderOf(shard).size(), ordered);
  const Entry* next = shard.data.wheel.Soonest([](const Entry*) { return true; });
  EXPECT_EQ(next == nullptr ? kNoDeadline : next->deadline(), soonest);
  EXPECT_LE(shard.next_work.load(), shard.data.wheel.NextWork());
  shard.Publish();
  EXPECT_EQ(shard.size(), shard.data.table.size());
  EXPECT_EQ(shard.with_deadline(), volatile_entries);
}

void AccessModelTest::ExpectKeyspaceIs(Keyspace& keyspace, const Model& model) {
  for (size_t i = 0; i < keyspace.shards(); ++i) ExpectShardConsistent(keyspace.shard(i));
  EXPECT_EQ(keyspace.size(), model.size());
  EXPECT_EQ(keyspace.entry_count().load(), static_cast<int64_t>(model.size()));
  for (const auto& [name, expected] : model) {
    const Key key = ResolveKey(keyspace, name);
    const Entry* stored = key.shard->data.table.Find(key.hash, key.name).item();
    ASSERT_NE(stored, nullptr);
    EXPECT_EQ(access_.Peek(key), expected.deadline <= clock_.NowMs() ? nullptr : stored);
    ExpectSame(stored, expected);
  }
}

TEST_P(AccessModelTest, RandomWorkAgreesWithAMap) {
  ASSERT_EQ(first_.shards(), GetParam() == 0 ? 32u : 1u);
  for (int step = 0; step < 150'000 && !HasFailure(); ++step) {
    Step();
    if (step % 400 != 0) continue;
    access_.ForgetNow();
    ExpectKeyspaceIs(first_, models_[0]);
    ExpectKeyspaceIs(second_, models_[1]);
  }
  EXPECT_GT(listener_.disposed_entries, 0u);
  EXPECT_GT(listener_.disposed_by_shard, 0u);
  access_.ForgetNow();
  access_.ClearKeyspace(first_);
  access_.ClearKeyspace(second_);
  ExpectKeyspaceIs(first_, {});
  ExpectKeyspaceIs(second_, {});
}

INSTANTIATE_TEST_SUITE_P(ShardsAndOrder, AccessModelTest, ::testing::Values(1000, 0),
                         [](const auto& instance) {
                           return instance.param == 0 ? "ManyShards" : "ExactOrder";
                         });

}  // namespace
}  // namespace replete
