// MULTI, EXEC, DISCARD, WATCH, UNWATCH. Queueing itself is the dispatcher's.
#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/dispatcher.h"

namespace replete {
namespace {

using namespace command_flag;

void EndTransaction(CommandContext& context) {
  Client& client = context.client();
  client.in_multi = client.multi_failed = false;
  context.Keep(std::move(client.queue));
  client.queue.clear();
}

void Multi(CommandContext& context) {
  Client& client = context.client();
  if (client.in_multi) {
    context.reply().Error("ERR MULTI calls can not be nested");
    return;
  }
  client.in_multi = true;
  context.reply().Ok();
}

// A watched key that has expired since then but is not swept yet has changed all the same.
bool WatchedExpired(CommandContext& context) {
  for (const WatchedKey& watched : context.client().watched) {
    const Key key = ResolveKey(*watched.keyspace, watched.name);
    if (watched.existed && context.access().Peek(key) == nullptr) return true;
  }
  return false;
}

void Exec(CommandContext& context) {
  Client& client = context.client();
  ReplyWriter& reply = context.reply();
  if (!client.in_multi) {
    reply.Error("ERR EXEC without MULTI");
    return;
  }
  if (client.multi_failed) {
    reply.Error("EXECABORT Transaction discarded because of previous errors.");
  } else if (client.watcher && (client.watcher->dirty() || WatchedExpired(context))) {
    reply.NullArray();
  } else {
    reply.Array(client.queue.size());
    // A queued command may see that the client is in no MULTI any more.
    client.in_multi = false;
    for (const QueuedCommand& queued : client.queue) context.RunQueued(queued);
  }
  EndTransaction(context);
  context.UnwatchAfterwards();
}

void Discard(CommandContext& context) {
  if (!context.client().in_multi) {
    context.reply().Error("ERR DISCARD without MULTI");
    return;
  }
  EndTransaction(context);
  context.dispatcher().Unwatch(context.client());
  context.reply().Ok();
}

void Watch(CommandContext& context) {
  Client& client = context.client();
  if (client.in_multi) {
    context.reply().Error("ERR WATCH inside MULTI is not allowed");
    return;
  }
  if (!client.watcher) client.watcher = std::make_shared<Watcher>();
  for (const Key& key : context.keys()) {
    auto keyspace = context.dispatcher().namespaces().Share(key.shard->keyspace());
    bool watched_already = false;
    for (const WatchedKey& watched : client.watched) {
      watched_already |= watched.keyspace == keyspace && watched.name == key.name;
    }
    if (watched_already || keyspace == nullptr) continue;
    context.access().DropExpired(key);
    const bool existed = context.access().Peek(key) != nullptr;
    key.shard->watches.Add(key.name, client.watcher);
    client.watched.push_back({std::move(keyspace), std::string(key.name), existed});
  }
  context.reply().Ok();
}

void Unwatch(CommandContext& context) {
  if (context.in_transaction()) {
    context.UnwatchAfterwards();
  } else {
    context.dispatcher().Unwatch(context.client());
  }
  context.reply().Ok();
}

constexpr uint32_t kCommon = kNoScript | kLoading | kStale | kAllowBusy;

// clang-format off
constexpr Command kCommands[] = {
    {.name = "multi", .arity = 1, .flags = kInMulti | kCommon | kFast,
     .categories = category::kTransaction,
     .scope = Scope::kNone, .keys = {}, .since = "1.2.0", .summary = "Mark the start of a transaction block",
     .syntax = "", .reply = "simple", .handler = Multi},
    {.name = "exec", .arity = 1, .flags = kInMulti | kNoScript | kLoading | kStale | kSkipSlowlog,
     .categories = category::kTransaction, .scope = Scope::kQueued, .keys = {}, .since = "1.2.0",
     .summary = "Execute all commands issued after MULTI", .syntax = "", .reply = "array|nil",
     .handler = Exec},
    {.name = "discard", .arity = 1, .flags = kInMulti | kCommon | kFast,
     .categories = category::kTransaction,
     .scope = Scope::kNone, .keys = {}, .since = "2.0.0", .summary = "Discard all commands issued after MULTI",
     .syntax = "", .reply = "simple", .handler = Discard},
    {.name = "watch", .arity = -2, .flags = kInMulti | kCommon | kFast | kSpans,
     .categories = category::kTransaction, .scope = Scope::kKeys,
     .keys = {KeySpec{.first = 1, .last = -1, .step = 1, .use = KeyUse::kRead,
                      .reads = kNeedsNoValues}}, .since = "2.2.0",
     .summary = "Watch the given keys to determine execution of the MULTI/EXEC block",
     .syntax = "key [key ...]", .reply = "simple", .handler = Watch},
    {.name = "unwatch", .arity = 1, .flags = kCommon | kFast, .categories = category::kTransaction,
     .scope = Scope::kNone, .keys = {}, .since = "2.2.0",
     .summary = "Forget about all watched keys", .syntax = "", .reply = "simple",
     .handler = Unwatch},
};
// clang-format on

}  // namespace

std::span<const Command> TransactionCommands() { return kCommands; }

}  // namespace replete
