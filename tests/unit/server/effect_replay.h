#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/keyspace/access.h"
#include "core/replication/effect.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {

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

inline Recorded Record(const Effect& effect) {
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

inline std::string Describe(const Entry* entry) {
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

inline DataSet Dump(const Keyspace& keyspace) {
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
    if (effect.kind == Effect::Kind::kSwap) {
      access_.SwapKeyspaces(keyspace, *map_->Find(effect.target));
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
        access_.Rename(key, ResolveKey(*map_->Find(effect.target), effect.value));
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

}  // namespace replete
