#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace replete {

class Access;
struct CommitToken;
struct Key;
class Shard;
using CommitTokens = std::vector<CommitToken>;

// Who watches keys (WATCH): its flag is raised when one of them changes, and never lowered.
class Watcher {
 public:
  bool dirty() const { return dirty_.load(std::memory_order_acquire); }
  void MarkDirty() { dirty_.store(true, std::memory_order_release); }

 private:
  std::atomic<bool> dirty_{false};
};

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

// The watched keys of a shard. Under the shard's lock.
class WatchTable {
 public:
  bool empty() const { return watched_.empty(); }
  void Add(std::string_view key, std::shared_ptr<Watcher> watcher);
  void Remove(std::string_view key, const Watcher* watcher);
  void Touch(std::string_view key);
  template <class Exists>
  void TouchAll(Exists&& exists) {
    for (auto& [key, watchers] : watched_) {
      if (!exists(std::string_view(key))) continue;
      for (auto& watcher : watchers) watcher->MarkDirty();
    }
  }

 private:
  std::unordered_map<std::string, std::vector<std::shared_ptr<Watcher>>, StringHash,
                     std::equal_to<>>
      watched_;
};

// A client that waits for an element under a key (BLPOP and its kin).
class BlockedClient {
 public:
  virtual ~BlockedClient() = default;
  enum class Served : uint8_t {
    kTaken,  // it took its element, and is answered by Answer once the lock is gone
    kWaits,  // there is nothing for it yet
    kGone,   // it does not wait any longer
  };
  // The key may have something. Called under the key's lock by whoever wrote it.
  virtual Served Serve(Access& access, const Key& key) = 0;
  // Once, after kTaken: the client gets its element when what `tokens` name is stored.
  virtual void Answer(const CommitTokens& tokens) = 0;
  // The keyspace is gone: the wait ends with this error.
  virtual void Fail(std::string_view error) = 0;
};

// Clients blocked on the keys of a shard, first come first served. Under the shard's lock.
class BlockTable {
 public:
  bool empty() const { return blocked_.empty(); }
  void Add(std::string_view key, std::shared_ptr<BlockedClient> client);
  void Remove(std::string_view key, const BlockedClient* client);
  // Serves those who wait for `key` in order until one has to wait on; those who took an element
  // are added to `served`, to be answered.
  void Serve(Access& access, const Key& key, std::vector<std::shared_ptr<BlockedClient>>* served);
  // The same for all that anybody waits for in `shard`, whose table this is.
  void ServeAll(Access& access, Shard* shard, std::vector<std::shared_ptr<BlockedClient>>* served);
  // All waits end with an error.
  void FailAll(std::string_view error);

 private:
  std::unordered_map<std::string, std::deque<std::shared_ptr<BlockedClient>>, StringHash,
                     std::equal_to<>>
      blocked_;
};

}  // namespace replete
