// Where the keys of a command are: the session's namespace, a prefix, a namespace named last.
#include <fmt/format.h>

#include "server/command_words.h"
#include "server/dispatcher.h"
#include "server/server.h"

namespace replete {

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
      locks_.AddAll(*context_.scope_keyspace_);
      return true;
    }
    case Scope::kFlush:
      context_.flush_keyspaces_.clear();
      for (const auto& database : namespaces_->databases) {
        if (database->numbered()) context_.flush_keyspaces_.push_back(database);
      }
      for (const auto& [name, keyspace] : namespaces_->named) {
        if (keyspace->settings().flushall) context_.flush_keyspaces_.push_back(keyspace);
      }
      for (const auto& keyspace : context_.flush_keyspaces_) locks_.AddAll(*keyspace);
      return true;
    case Scope::kQueued:
      return AddQueued(client);
  }
  return true;
}

bool Dispatcher::ResolveKeys(const Command& command, std::span<const std::string_view> args,
                             uint64_t first_hash, Keyspace& session_keyspace) {
  const bool routes = namespaces_->has_prefixes() && session_keyspace.numbered();
  Keyspace* first_keyspace = nullptr;
  for (size_t spec_index = 0; spec_index < command.keys.size(); ++spec_index) {
    const KeySpec& spec = command.keys[spec_index];
    if (spec.first == 0) break;
    const int argc = static_cast<int>(args.size());
    const int last = spec.last >= 0 ? spec.last : argc + spec.last;
    for (int i = spec.first; i <= last && i < argc; i += spec.step) {
      const std::string_view arg = args[static_cast<size_t>(i)];
      Keyspace* keyspace = &session_keyspace;
      std::string_view name = arg;
      if (Keyspace* other = words::OtherDatabase(spec, args, *namespaces_)) [[unlikely]]
        keyspace = other;
      NamespaceMap::Routed routed;
      if (routes && keyspace->numbered() && namespaces_->Route(arg, &routed)) {
        keyspace = routed.keyspace;
        name = routed.name;
        first_hash = 0;
      }
      if (first_keyspace == nullptr) first_keyspace = keyspace;
      if (keyspace != first_keyspace && !(command.flags & command_flag::kSpans) &&
          !(keyspace->numbered() && first_keyspace->numbered())) {
        context_.reply_.Error("CROSSNAMESPACE Keys in request belong to different namespaces");
        return false;
      }
      const uint64_t hash = first_hash != 0 ? first_hash : HashKey(name);
      first_hash = 0;
      const std::string_view sent = name.size() == arg.size() ? std::string_view() : arg;
      const Key key{&keyspace->ShardOf(hash), name, hash, sent};
      context_.keys_.push_back(key);
      locks_.Add(key.shard);
      if (keyspace->tier() != nullptr && (spec.reads == nullptr || spec.reads(args))) [[unlikely]]
        needed_.push_back(key);
    }
  }
  return true;
}

}  // namespace replete
