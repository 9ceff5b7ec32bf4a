#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/replication/effect.h"

namespace replete {

// Keeps what a keyspace tells, and frees at once what it hands over.
class RecordingListener final : public KeyspaceListener {
 public:
  struct Left {
    const Keyspace* keyspace;
    std::string key;
    Departure reason;
  };

  void OnEffect(const Effect& effect) override {
    ++effects;
    last_effect = effect.kind;
  }
  void OnDeparture(const Keyspace& keyspace, std::string_view key, Departure reason) override {
    left.push_back({&keyspace, std::string(key), reason});
  }
  void OnEvent(const Keyspace&, uint32_t, std::string_view, std::string_view) override {}
  void Dispose(Entry* entry) override {
    ++disposed_entries;
    Entry::Delete(entry);
  }
  void Dispose(std::unique_ptr<ShardData> data) override {
    disposed_by_shard += data->table.size();
  }

  std::vector<Left> left;
  size_t effects = 0;
  Effect::Kind last_effect = Effect::Kind::kClear;
  size_t disposed_entries = 0;
  size_t disposed_by_shard = 0;
};

}  // namespace replete
