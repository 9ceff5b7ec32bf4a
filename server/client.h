#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/waiting.h"
#include "protocol/output_buffer.h"
#include "server/command.h"

namespace replete {

class BlockedPop;
class LoadWait;
class Subscriber;

// What other clients may do to a connection. Any thread.
class ClientControl {
 public:
  virtual ~ClientControl() = default;
  // Closes it, soon; nobody sees it any more when this returns.
  virtual void Kill() = 0;
};

// Which replies a client wants (CLIENT REPLY).
enum class ReplyMode : uint8_t {
  kOn,
  kOff,
  kSkipNext,  // not that of the command after this one
  kSkip,      // not that of this one
};

// A command that MULTI queued: its own copy of the arguments.
struct QueuedCommand {
  const Command* command;
  std::vector<std::string> args;
};

// A key that WATCH watches.
struct WatchedKey {
  std::shared_ptr<Keyspace> keyspace;
  std::string name;
  bool existed;  // when WATCH was called
};

// What others may read of a client while it works (CLIENT LIST): published by its session.
struct ClientInfo {
  // Set before others know of the client, and never again.
  uint64_t id = 0;
  std::string address;  // "127.0.0.1:50000", or the path of a Unix socket
  std::string local_address;
  int descriptor = -1;
  int64_t created_ms = 0;  // monotonic
  std::weak_ptr<ClientControl> control;
  size_t session_bytes = 0;  // of the session without its buffers

  std::atomic<const Command*> last_command{nullptr};
  std::atomic<const Command*> last_subcommand{nullptr};
  std::atomic<int64_t> last_active_ms{0};  // monotonic
  std::atomic<uint64_t> commands{0};
  std::atomic<size_t> query_buffer{0};
  std::atomic<size_t> query_buffer_free{0};
  std::atomic<size_t> queued_bytes{0};  // of what MULTI queued
  std::atomic<size_t> output_buffer{0};
  std::atomic<size_t> buffers{0};  // all that waits in memory for it
  std::atomic<bool> no_evict{false};
  std::atomic<int> queued{-1};
  std::atomic<uint32_t> subscriptions{0};
  std::atomic<uint32_t> patterns{0};
  std::atomic<uint32_t> shard_subscriptions{0};
  bool subscribes() const {
    return subscriptions.load(std::memory_order_relaxed) > 0 ||
           patterns.load(std::memory_order_relaxed) > 0 ||
           shard_subscriptions.load(std::memory_order_relaxed) > 0;
  }
  std::atomic<uint32_t> watched{0};
  std::atomic<bool> resp3{false};
  std::atomic<bool> blocked{false};
  std::atomic<bool> monitors{false};
  mutable std::mutex mutex;  // of what follows
  std::weak_ptr<BlockedPop> wait;
  std::string name;
  std::string library;
  std::string library_version;
  std::string keyspace = "0";
  int database = 0;
};

// One client as commands see it: everything but its socket. Owned by its session and used by one
// thread at a time (its loop, or the worker that runs a long command for it).
struct Client {
  uint64_t id = 0;
  bool local = true;  // from a loopback address or a Unix socket
  bool resp3 = false;
  bool authenticated = true;
  bool close_after_reply = false;
  bool no_touch = false;  // what it looks at does not count as used
  ReplyMode replies = ReplyMode::kOn;
  std::string name;

  // The session's namespace. `database` is its number, or -1 in a named one.
  std::shared_ptr<Keyspace> keyspace;
  int database = 0;

  // The values that its command waits for, or has waited for and not used yet, and that its next
  // `loads_for` commands may want.
  std::shared_ptr<LoadWait> loads;
  size_t loads_for = 0;

  // MULTI.
  bool in_multi = false;
  bool multi_failed = false;  // EXEC will answer EXECABORT
  std::vector<QueuedCommand> queue;

  // WATCH. One flag for all watched keys.
  std::shared_ptr<Watcher> watcher;
  std::vector<WatchedKey> watched;

  // Pub/sub.
  std::set<std::string, std::less<>> channels;
  std::set<std::string, std::less<>> patterns;
  std::set<std::string, std::less<>> shard_channels;
  std::weak_ptr<Subscriber> subscriber;
  bool subscribed() const {
    return !channels.empty() || !patterns.empty() || !shard_channels.empty();
  }

  std::shared_ptr<ClientInfo> info = std::make_shared<ClientInfo>();
};

// The session works in this namespace from now on; CLIENT LIST shows it.
inline void SelectKeyspace(Client& client, std::shared_ptr<Keyspace> keyspace, int database) {
  std::lock_guard lock(client.info->mutex);
  client.info->keyspace = keyspace->name();
  client.info->database = database;
  client.keyspace = std::move(keyspace);
  client.database = database;
}

}  // namespace replete
