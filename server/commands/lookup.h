#pragma once

#include "server/command_context.h"

// How handlers look at keys, with the keyspace events that Redis ties to looking.
namespace replete {

// For commands that read the value: counts a hit or a miss and a use.
inline Entry* ReadKey(CommandContext& ctx, const Key& key) {
  Entry* entry = ctx.access().Read(key);
  if (entry == nullptr) ctx.Notify(event_flags::kKeyMiss, "keymiss", key);
  return entry;
}

// For commands that ask about the key only (TTL, TYPE, EXISTS): a hit or a miss, but no use, so
// that who watches a key does not keep it from being evicted.
inline Entry* InspectKey(CommandContext& ctx, const Key& key) {
  Entry* entry = ctx.access().Inspect(key);
  if (entry == nullptr) ctx.Notify(event_flags::kKeyMiss, "keymiss", key);
  return entry;
}

// Whether "new" is to be told once the key is stored. Looks the key up only when somebody listens.
inline bool TellsNew(CommandContext& ctx, const Key& key) {
  return (ctx.config().notify_keyspace_events & event_flags::kNew) != 0 &&
         ctx.access().Peek(key) == nullptr;
}

inline bool SameKey(const Key& a, const Key& b) { return a.shard == b.shard && a.name == b.name; }

}  // namespace replete
