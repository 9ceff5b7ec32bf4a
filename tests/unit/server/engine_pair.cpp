#include "tests/unit/server/engine_pair.h"

#include <algorithm>
#include <future>
#include <map>

#include "core/tier/stored_value.h"

namespace replete {
namespace {

struct DeleteEntry {
  void operator()(Entry* entry) const { Entry::Delete(entry); }
};

std::string DescribeRecord(const std::string& key, const std::string& value, int64_t deadline) {
  StoredValue stored;
  std::string problem;
  if (!stored.Decode(value, {}, &problem)) return problem;
  const uint8_t extensions = deadline == kNoDeadline ? 0 : Entry::kDeadline;
  const std::unique_ptr<Entry, DeleteEntry> entry(stored.MakeEntry(key, extensions));
  if (deadline != kNoDeadline) entry->set_deadline(deadline);
  return Describe(entry.get());
}

// What the tier stores of a keyspace.
DataSet Stored(FakeTier& tier, const Keyspace& keyspace) {
  DataSet data;
  for (const auto& [key, record] : tier.Records(keyspace)) {
    data[key] = DescribeRecord(key, record.value, record.deadline);
  }
  return data;
}

// What the daemon has in RAM, with the values from the tier where they are away.
DataSet InRam(FakeTier& tier, const Keyspace& keyspace) {
  const auto records = tier.Records(keyspace);
  DataSet data;
  for (size_t i = 0; i < keyspace.shards(); ++i) {
    keyspace.shard(i).data.table.ForEach([&](const Entry* entry) {
      const std::string key(entry->key());
      std::string& text = data[key];
      if (entry->resident()) {
        text = Describe(entry);
      } else if (auto found = records.find(key); found != records.end()) {
        text = DescribeRecord(key, found->second.value, entry->deadline());
      } else {
        text = "neither in RAM nor stored";
      }
    });
  }
  return data;
}

void ExpectSame(const DataSet& expected, const DataSet& actual, const std::string& where,
                bool leftovers) {
  for (const auto& [key, text] : expected) {
    auto found = actual.find(key);
    if (found == actual.end()) {
      ADD_FAILURE() << where << " lacks " << key << ": " << text.substr(0, 200);
    } else {
      EXPECT_EQ(found->second.substr(0, 200), text.substr(0, 200)) << where << ": " << key;
      EXPECT_TRUE(found->second == text) << where << ": " << key;
    }
  }
  for (const auto& [key, text] : actual) {
    if (leftovers || expected.count(key)) continue;
    ADD_FAILURE() << where << " still has " << key << ": " << text.substr(0, 200);
  }
}

std::string ToText(const Recorded& effect) {
  return std::to_string(static_cast<int>(effect.kind)) + " " + effect.keyspace + " " + effect.key +
         " = " + effect.value.substr(0, 50) + " (" + std::to_string(effect.value.size()) + ") " +
         effect.second.substr(0, 50) + " until " + std::to_string(effect.deadline) + " in " +
         effect.target;
}

}  // namespace

ServerOptions TestDaemon::Options(Clock& clock, std::optional<FakeTierOptions> tier) {
  ServerOptions options;
  options.config.threads = 1;
  options.config.databases = 2;
  options.clock = &clock;
  options.with_test_commands = true;
  options.namespace_defaults.named.default_ttl_s = 0;
  options.effect_sink = [this](const Effect& effect) { effects_.push_back(Record(effect)); };
  options.fake_tier = std::move(tier);
  return options;
}

void TestDaemon::Execute(const std::vector<std::string>& words, Pending* pending) {
  Dispatcher& dispatcher = runner_.dispatcher();
  for (;;) {
    switch (runner_.Execute(words)) {
      case Outcome::kDone:
        pending->held.Append(dispatcher.output().view(), dispatcher.tokens());
        dispatcher.output().Clear();
        return;
      case Outcome::kAway:
        pending->reply = runner_.AwaitReply();
        return;
      case Outcome::kParked:
        runner_.AwaitWake();
        break;
      case Outcome::kBlocked: {
        const std::shared_ptr<BlockedPop> blocked = dispatcher.TakeBlocked();
        blocked->Cancel();
        dispatcher.Detach(blocked);
        return;
      }
    }
  }
}

Reply TestDaemon::Await(Pending* pending) {
  if (pending->held.empty()) return std::move(pending->reply);
  OutputBuffer output;
  for (pending->held.Drain(&output); !pending->held.empty(); pending->held.Drain(&output)) {
    std::promise<void> settled;
    const CommitToken next = pending->held.next();
    if (next.tier->commits().Await(next.sequence, [&] { settled.set_value(); })) {
      settled.get_future().wait();
    }
  }
  ReplyReader reader;
  size_t consumed = 0;
  EXPECT_EQ(reader.Feed(output.view(), &consumed), ReplyReader::Result::kReply) << output.view();
  EXPECT_EQ(consumed, output.size()) << output.view();
  return reader.Take();
}

void EnginePair::Both(const std::string& line) {
  const Reply expected = memory_.runner().Run(line);
  EXPECT_EQ(ToString(tiered_.runner().Run(line)), ToString(expected)) << line;
}

void EnginePair::Sweep() {
  memory_.runner().Sweep();
  tiered_.runner().Sweep();
}

void EnginePair::ExpectSameEffects(bool ordered) {
  std::vector<std::string> expected, actual;
  for (const Recorded& effect : memory_.TakeEffects()) expected.push_back(ToText(effect));
  for (const Recorded& effect : tiered_.TakeEffects()) actual.push_back(ToText(effect));
  if (!ordered) {
    std::sort(expected.begin(), expected.end());
    std::sort(actual.begin(), actual.end());
  }
  EXPECT_EQ(actual, expected);
}

void EnginePair::ExpectSameContent(bool leftovers) {
  tier().Drain();
  EXPECT_EQ(tier().anomalies(), 0u);
  const auto mine = memory_.server().namespaces().Current();
  const auto its = tiered_.server().namespaces().Current();
  for (const char* name : kNamespaces) {
    const auto expected = mine->Find(name);
    const auto actual = its->Find(name);
    ASSERT_EQ(actual == nullptr, expected == nullptr) << name;
    if (expected == nullptr) continue;
    const DataSet data = Dump(*expected);
    ExpectSame(data, InRam(tier(), *actual), std::string("the RAM of ") + name, false);
    ExpectSame(data, Stored(tier(), *actual), std::string("the tier of ") + name, leftovers);
    EXPECT_EQ(actual->size(), expected->size()) << name;
    EXPECT_EQ(actual->entries_with_deadline(), expected->entries_with_deadline()) << name;
  }
}

void EnginePair::ExpectSameStats() {
  const auto mine = memory_.server().namespaces().Current();
  const auto its = tiered_.server().namespaces().Current();
  for (const char* name : kNamespaces) {
    const auto keyspace = mine->Find(name);
    if (keyspace == nullptr) continue;
    const StatsTotal expected = keyspace->stats();
    const StatsTotal actual = its->Find(name)->stats();
    EXPECT_EQ(actual.hits, expected.hits) << name;
    EXPECT_EQ(actual.misses, expected.misses) << name;
    EXPECT_EQ(actual.writes, expected.writes) << name;
    EXPECT_EQ(actual.deletes, expected.deletes) << name;
    EXPECT_EQ(actual.expired, expected.expired) << name;
    EXPECT_EQ(actual.evicted, expected.evicted) << name;
  }
}

std::string Normalised(const std::string& command, Reply reply) {
  if (command == "HGETALL" && !reply.IsError()) {
    std::map<std::string, std::string> fields;
    for (size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      fields.emplace(ToString(reply.elements[i]), ToString(reply.elements[i + 1]));
    }
    std::string text = std::to_string(reply.elements.size());
    for (const auto& [field, value] : fields) text += " " + field + "=" + value;
    return text;
  }
  if (command == "KEYS") {
    std::sort(reply.elements.begin(), reply.elements.end(),
              [](const Reply& a, const Reply& b) { return a.text < b.text; });
  }
  return ToString(reply);
}

}  // namespace replete
