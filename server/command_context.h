#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/event_flags.h"
#include "core/keyspace/access.h"
#include "core/tier/stored_value.h"
#include "protocol/reply_writer.h"
#include "server/client.h"
#include "server/command.h"

namespace replete {

class Dispatcher;
class Server;
class RequestParser;

// Case-insensitive; `word` is in lower case.
bool WordIs(std::string_view text, std::string_view word);

// What a blocking command answers when its time is over: null, that nobody has acknowledged, or
// that it was to wait and did.
enum class OnTimeout : uint8_t { kNullArray, kZero, kTwoZeros, kOk };

// How a client waits for an element under one of its keys, or (without keys) only for the time to
// be over: what a blocking command leaves to its session.
struct BlockRequest {
  int64_t timeout_ms = 0;  // 0: for ever
  bool front = true;       // which end is popped
  OnTimeout on_timeout = OnTimeout::kNullArray;
};

// All that a handler works with. The shards in its scope are locked, its keys are resolved, there
// is room; it neither locks nor blocks, sends nothing itself, and does not know whether a loop or a
// worker runs it.
class CommandContext {
 public:
  CommandContext(Server& server, Dispatcher& dispatcher, const Clock& clock);

  // --- request ---
  size_t argc() const { return args_.size(); }
  std::string_view arg(size_t i) const { return args_[i]; }
  std::span<const std::string_view> args() const { return args_; }
  bool ArgIs(size_t i, std::string_view word) const { return WordIs(args_[i], word); }
  // What the requests of a pipeline, beginning with this one, are going to look for in the value
  // under the key; empty when there are no such others, or an earlier one was told. The value can
  // fetch it all from memory at once, under the lock that is held.
  std::span<const std::string_view> members_ahead() const { return members_ahead_; }
  // The argument's own memory when it was received as a big bulk, else empty. Whoever has taken it
  // may free it at any time: arg(n) of it is not to be read again.
  BulkBuffer TakeBulk(size_t arg);

  // --- keys ---
  std::span<const Key> keys() const { return keys_; }
  const Key& key(size_t n) const { return keys_[n]; }
  // With Command::reads_more: a further key, as the client would name it. False: it is in another
  // keyspace than the first, which has been replied.
  bool FindFurther(std::string_view name, Key* key);
  // Scope::kKeyspace: which one, and those of its shards that are locked, in order.
  Keyspace& keyspace() const { return *scope_keyspace_; }
  std::span<Shard* const> shards() const { return shards_; }
  // Instead of a reply, when not all of them are locked: the handler is called again with all.
  void WantAllShards() { wants_all_shards_ = true; }
  // Scope::kFlush, Scope::kDatabases (those that exist).
  std::span<const std::shared_ptr<Keyspace>> keyspaces() const { return keyspaces_; }
  Access& access() { return access_; }
  int64_t now() { return access_.now(); }
  // Publishes a keyspace event after the command. `event` is a literal.
  void Notify(uint32_t event_class, std::string_view event, const Key& key) {
    if (config_->notify_keyspace_events & event_class) [[unlikely]]
      QueueEvent(event_class, event, key);
  }

  // Scope::kQueued: runs one of the client's queued commands under the locks that are held.
  void RunQueued(const QueuedCommand& queued);
  // Holds the arguments of what was queued until the whole command is over: keys are views of them.
  void Keep(std::vector<QueuedCommand> queue) { done_queue_ = std::move(queue); }
  // The client's watches go once the locks are gone.
  void UnwatchAfterwards() { unwatches_ = true; }

  // --- reply ---
  ReplyWriter& reply() { return reply_; }
  void WrongType() {
    reply_.Error("WRONGTYPE Operation against a key holding the wrong kind of value");
  }
  void SyntaxError() { reply_.Error("ERR syntax error"); }
  // "ERR unknown subcommand or wrong number of arguments ..."
  void WrongSubcommand();
  // Argument `i` as a 64-bit integer; false: an error has been replied.
  bool Integer(size_t i, int64_t* value);

  // --- surroundings ---
  Client& client() { return *client_; }
  Server& server() { return server_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  const Config& config() const { return *config_; }
  // How collections are built.
  ValueLimits value_limits() const {
    return {{static_cast<size_t>(std::max<int64_t>(config_->hash_max_listpack_entries, 0)),
             config_->hash_max_listpack_value},
            ListLimits::FromSetting(config_->list_max_listpack_size)};
  }
  // Whether this client may do what reaches beyond the daemon (enable-protected-configs).
  bool may_act_protected() const {
    const ProtectedActions allowed = config_->enable_protected_configs;
    return allowed == ProtectedActions::kYes ||
           (allowed == ProtectedActions::kLocal && client_->local);
  }
  const Command& command() const { return *command_; }
  bool in_transaction() const { return in_exec_; }
  // Instead of a reply: the client waits, see BlockRequest. Its keys are all empty. Not in a
  // transaction.
  void Block(const BlockRequest& request) { block_ = request, blocks_ = true; }

 private:
  friend class Dispatcher;

  void QueueEvent(uint32_t event_class, std::string_view event, const Key& key);

  Server& server_;
  Dispatcher& dispatcher_;
  OutputBuffer own_output_;
  ReplyWriter reply_;
  Access access_;
  Client* client_ = nullptr;
  const Config* config_ = nullptr;
  const Command* command_ = nullptr;
  std::span<const std::string_view> args_;
  RequestParser* parser_ = nullptr;
  std::span<const std::string_view> members_ahead_;
  // What is left of an argument that was taken, for SLOWLOG; 0: none was.
  static constexpr size_t kKeptOfTaken = 128;
  size_t taken_argument_ = 0;
  std::string taken_beginning_;
  std::vector<Key> keys_;
  Keyspace* scope_keyspace_ = nullptr;
  std::vector<Shard*> shards_;
  std::vector<std::shared_ptr<Keyspace>> keyspaces_;
  bool in_exec_ = false;
  bool blocks_ = false;
  bool unwatches_ = false;
  bool wants_all_shards_ = false;
  std::vector<QueuedCommand> done_queue_;
  BlockRequest block_;
};

}  // namespace replete
