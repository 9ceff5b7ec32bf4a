// Where the keys of a command are: the session's namespace, a prefix, a namespace named last.
#include <fmt/format.h>

#include <utility>

#include "server/command_words.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {
namespace {

constexpr std::string_view kCrossNamespace =
    "CROSSNAMESPACE Keys in request belong to different namespaces";

// Whether a command may have keys in both.
bool MayMeet(const Command& command, const Keyspace& a, const Keyspace& b) {
  return &a == &b || (command.flags & command_flag::kSpans) != 0 || (a.numbered() && b.numbered());
}

}  // namespace

// Null: an error has been replied.
Keyspace* Dispatcher::SessionKeyspace(Client& client) {
  if (!client.keyspace->retired()) [[likely]]
    return client.keyspace.get();
  Refresh();
  if (client.database >= 0) {
    // The number stays; another namespace took its place.
    const auto number = static_cast<size_t>(client.database);
    SelectKeyspace(client, namespaces_->databases[number], client.database);
    return client.keyspace.get();
  }
  context_.reply_.Error(
      fmt::format("NONAMESPACE namespace '{}' does not exist any more", client.keyspace->name()));
  return nullptr;
}

bool Dispatcher::Resolve(Client& client, const Command& command,
                         std::span<const std::string_view> args, uint64_t first_hash) {
  context_.keys_.clear();
  switch (command.scope) {
    case Scope::kNone:
      return true;
    case Scope::kKeys: {
      Keyspace* keyspace = SessionKeyspace(client);
      return keyspace != nullptr && ResolveKeys(command, args, first_hash, *keyspace);
    }
    case Scope::kKeyspace: {
      if (words::NamesNamespace(command, args)) {
        auto named = namespaces_->Find(args.back());
        if (named == nullptr) {
          context_.reply_.Error(fmt::format("ERR no such namespace '{}'", args.back()));
          return false;
        }
        context_.scope_keyspace_ = named.get();
      } else {
        context_.scope_keyspace_ = SessionKeyspace(client);
        if (context_.scope_keyspace_ == nullptr) return false;
      }
      AddShards(command, args);
      return true;
    }
    case Scope::kFlush:
      context_.keyspaces_.clear();
      for (const auto& database : namespaces_->databases) {
        if (database->numbered()) context_.keyspaces_.push_back(database);
      }
      for (const auto& [name, keyspace] : namespaces_->named) {
        if (keyspace->settings().flushall) context_.keyspaces_.push_back(keyspace);
      }
      for (const auto& keyspace : context_.keyspaces_) locks_.AddAll(*keyspace);
      return true;
    case Scope::kDatabases:
      context_.keyspaces_.clear();
      for (std::string_view number : args.subspan(1)) {
        if (auto database = words::Database(number, *namespaces_)) {
          context_.keyspaces_.push_back(std::move(database));
        }
      }
      for (const auto& keyspace : context_.keyspaces_) locks_.AddAll(*keyspace);
      return true;
    case Scope::kQueued:
      return AddQueued(client);
  }
  return true;
}

// In a transaction all are locked: what a call chooses when it is queued need not be what it
// chooses when it runs.
void Dispatcher::AddShards(const Command& command, std::span<const std::string_view> args) {
  const Keyspace& keyspace = *context_.scope_keyspace_;
  context_.shards_.clear();
  const bool chooses = command.choose != nullptr && !context_.wants_all_shards_ &&
                       context_.command_->scope != Scope::kQueued && !context_.in_exec_;
  if (chooses) {
    command.choose(keyspace, args, &context_.shards_);
  } else {
    for (size_t i = 0; i < keyspace.shards(); ++i) context_.shards_.push_back(&keyspace.shard(i));
  }
  for (Shard* shard : context_.shards_) locks_.Add(shard);
}

// Where the session's keyspace has a key of this name, or the namespace that its prefix names.
Key Dispatcher::Locate(std::string_view sent, Keyspace& session_keyspace, uint64_t hash) const {
  Keyspace* keyspace = &session_keyspace;
  std::string_view name = sent;
  NamespaceMap::Routed routed;
  if (keyspace->numbered() && namespaces_->has_prefixes() && namespaces_->Route(sent, &routed))
      [[unlikely]] {
    keyspace = routed.keyspace;
    name = routed.name;
    hash = 0;
  }
  if (hash == 0) hash = HashKey(name);
  return {&keyspace->ShardOf(hash), name, hash,
          name.size() == sent.size() ? std::string_view() : sent};
}

bool Dispatcher::ResolveKeys(const Command& command, std::span<const std::string_view> args,
                             uint64_t first_hash, Keyspace& session_keyspace) {
  bool together = true;
  for (const KeySpec& spec : command.keys) {
    if (!spec.present()) break;
    Keyspace* database = words::OtherDatabase(spec, args, *namespaces_);
    if (database == nullptr) [[likely]]
      database = &session_keyspace;
    spec.ForEachArgument(args, [&](size_t i) {
      const Key key = Locate(args[i], *database, std::exchange(first_hash, 0));
      context_.keys_.push_back(key);
      locks_.Add(key.shard);
      Keyspace& keyspace = key.shard->keyspace();
      together = together && MayMeet(command, keyspace, context_.keys_[0].shard->keyspace());
      if (keyspace.tier() != nullptr && (spec.reads == nullptr || spec.reads(args))) [[unlikely]]
        needed_.push_back(key);
    });
  }
  if (!together) {
    context_.reply_.Error(kCrossNamespace);
    return false;
  }
  if (command.reads_more != nullptr && command.reads_more(args)) [[unlikely]]
    locks_.AddAll(context_.keys_[0].shard->keyspace());
  return true;
}

bool Dispatcher::LocateFurther(std::string_view sent, Key* key) {
  Keyspace& session_keyspace = *context_.client_->keyspace;
  *key = Locate(sent, session_keyspace, 0);
  if (&key->shard->keyspace() == &context_.keys_[0].shard->keyspace()) return true;
  context_.reply_.Error(kCrossNamespace);
  return false;
}

// Values of further keys have to be fetched too, once it can be told which keys they are.
void Dispatcher::AddFurtherKeys(const Command& command) {
  further_names_.clear();
  command.more_keys(context_, &further_names_);
  for (const std::string& name : further_names_) {
    const Key key = Locate(name, *context_.client_->keyspace, 0);
    if (&key.shard->keyspace() == &context_.keys_[0].shard->keyspace()) needed_.push_back(key);
  }
}

}  // namespace replete
