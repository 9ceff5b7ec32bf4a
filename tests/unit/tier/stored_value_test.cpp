#include "core/tier/stored_value.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace replete {
namespace {

struct DeleteEntry {
  void operator()(Entry* entry) const { Entry::Delete(entry); }
};
using OwnedEntry = std::unique_ptr<Entry, DeleteEntry>;

OwnedEntry MakeString(std::string_view value) {
  return OwnedEntry(Entry::NewString("key", value, 0));
}
OwnedEntry MakeList(const std::vector<std::string>& elements) {
  auto list = std::make_unique<ListValue>();
  for (const std::string& element : elements) list->PushBack(element, {});
  return OwnedEntry(Entry::NewList("key", list.release(), 0));
}
OwnedEntry MakeHash(const std::map<std::string, std::string>& fields) {
  auto hash = std::make_unique<HashValue>();
  for (const auto& [field, value] : fields) hash->Set(field, value, {});
  return OwnedEntry(Entry::NewHash("key", hash.release(), 0));
}

std::vector<std::string> ElementsOf(const Entry& entry) {
  std::vector<std::string> elements;
  entry.list()->ForEach([&](std::string_view element) { elements.emplace_back(element); });
  return elements;
}
std::map<std::string, std::string> FieldsOf(const Entry& entry) {
  std::map<std::string, std::string> fields;
  entry.hash()->ForEach([&](auto field, auto value) { fields.emplace(field, value); });
  return fields;
}

// As a value goes down and comes up again.
OwnedEntry RoundTrip(const Entry& entry, uint8_t extensions = 0) {
  StoredValue value;
  std::string problem;
  EXPECT_TRUE(value.Decode(EncodeValue(entry), {}, &problem)) << problem;
  EXPECT_EQ(value.type(), entry.type());
  return OwnedEntry(value.MakeEntry(entry.key(), extensions));
}

TEST(StoredValueTest, StringsComeBackAsTheyWere) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (const std::string& text :
       {std::string(), std::string("v"), std::string("-17"), std::string("007"),
        std::string("9223372036854775808"), std::string("1.5"), bytes, std::string(63, 'a'),
        std::string(64, 'a'), std::string(4096, 'b'), std::string(4097, 'c'),
        std::string(70'000, 'd')}) {
    const OwnedEntry back = RoundTrip(*MakeString(text));
    EXPECT_TRUE(back->string() == text) << text.substr(0, 40);
    EXPECT_TRUE(back->resident());
  }
}

TEST(StoredValueTest, ListsKeepTheirOrder) {
  std::vector<std::string> elements = {"", "1", "b", "1", std::string(9000, 'x'), "-5", "last"};
  EXPECT_EQ(ElementsOf(*RoundTrip(*MakeList(elements))), elements);
  elements.clear();
  for (int i = 0; i < 3000; ++i) elements.push_back("element " + std::to_string(i * 7 % 1000));
  EXPECT_EQ(ElementsOf(*RoundTrip(*MakeList(elements))), elements);
}

TEST(StoredValueTest, HashesKeepTheirFields) {
  std::map<std::string, std::string> fields = {
      {"", "empty name"}, {"empty value", ""}, {"n", "42"}, {"big", std::string(9000, 'x')}};
  EXPECT_EQ(FieldsOf(*RoundTrip(*MakeHash(fields))), fields);
  for (int i = 0; i < 2000; ++i) fields["f" + std::to_string(i)] = std::to_string(i);
  EXPECT_EQ(FieldsOf(*RoundTrip(*MakeHash(fields))), fields);
}

TEST(StoredValueTest, TheEntryHasTheKeyAndTheExtensionsAskedFor) {
  const OwnedEntry entry = RoundTrip(*MakeString("v"), Entry::kDeadline | Entry::kTiered);
  EXPECT_EQ(entry->key(), "key");
  EXPECT_TRUE(entry->has(Entry::kDeadline));
  EXPECT_TRUE(entry->has(Entry::kTiered));
  entry->set_deadline(17);
  entry->set_tier_sequence(5);
  EXPECT_EQ(entry->deadline(), 17);
  EXPECT_EQ(entry->tier_sequence(), 5u);
  EXPECT_EQ(entry->string(), "v");
}

TEST(StoredValueTest, CollectionsAreBuiltUnderTheLimitsGiven) {
  const OwnedEntry entry = MakeHash({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  ValueLimits limits;
  limits.hash.max_entries = 2;
  StoredValue value;
  std::string problem;
  ASSERT_TRUE(value.Decode(EncodeValue(*entry), limits, &problem)) << problem;
  const OwnedEntry back(value.MakeEntry("key", 0));
  EXPECT_FALSE(back->hash()->is_packed());
  EXPECT_TRUE(RoundTrip(*entry)->hash()->is_packed());
  EXPECT_EQ(FieldsOf(*back), FieldsOf(*entry));
}

// --- bytes that are not what was stored ---

bool Decodes(std::string_view bytes, std::string* problem) {
  return StoredValue().Decode(bytes, {}, problem);
}

TEST(StoredValueTest, ACutValueIsDamaged) {
  for (const OwnedEntry& entry : {MakeString("some text"), MakeString(std::string(300, 'x')),
                                  MakeList({"a", "b", "17"}), MakeHash({{"f", "v"}, {"g", "w"}})}) {
    const std::string bytes = EncodeValue(*entry);
    for (size_t size = 0; size < bytes.size(); ++size) {
      std::string problem;
      EXPECT_FALSE(Decodes(std::string_view(bytes).substr(0, size), &problem)) << size;
      EXPECT_EQ(problem, "the stored value is damaged");
    }
  }
}

TEST(StoredValueTest, MoreThanAValueIsDamaged) {
  std::string problem;
  for (const OwnedEntry& entry : {MakeString("text"), MakeList({"a"}), MakeHash({{"f", "v"}})}) {
    EXPECT_FALSE(Decodes(EncodeValue(*entry) + "x", &problem));
  }
}

TEST(StoredValueTest, NoBytesAtAllAreAProblemAndNeverACrash) {
  std::mt19937_64 random(3);
  const OwnedEntry samples[] = {MakeString("some text"), MakeList({"a", "bb", "17", "c"}),
                                MakeHash({{"f", "v"}, {"g", "w"}, {"h", "x"}})};
  size_t refused = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string bytes = EncodeValue(*samples[i % 3]);
    for (size_t changes = random() % 4 + 1; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    std::string problem;
    StoredValue value;
    if (!value.Decode(bytes, {}, &problem)) {
      ++refused;
      EXPECT_FALSE(problem.empty());
      continue;
    }
    const OwnedEntry entry(value.MakeEntry("key", 0));
    EXPECT_EQ(entry->type(), value.type());
    EXPECT_TRUE(entry->type() != ValueType::kList || entry->list()->size() > 0);
    EXPECT_TRUE(entry->type() != ValueType::kHash || entry->hash()->size() > 0);
  }
  EXPECT_GT(refused, 5000u);
}

TEST(StoredValueTest, AnEmptyCollectionIsDamaged) {
  std::string problem;
  EXPECT_FALSE(Decodes(EncodeValue(*MakeList({})), &problem));
  EXPECT_FALSE(Decodes(EncodeValue(*MakeHash({})), &problem));
}

}  // namespace
}  // namespace replete
