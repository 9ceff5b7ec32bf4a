#pragma once

#include <cstdint>
#include <string_view>

namespace replete {

class Keyspace;

// What a write really did, in the order it did it. Deterministic: applying the effects of a run in
// order to an empty data set gives the same data set, whatever the clock, the limits and the policy
// there.
struct Effect {
  enum class Kind : uint8_t {
    kPut,         // key holds the string `value` until `deadline`; whatever it held before is gone
    kDelete,      // key is gone (by command, expiry or eviction)
    kDeadline,    // key's deadline is `deadline` (kNoDeadline: none)
    kRename,      // the entry of key, deadline included, is now under `value` in `target`
    kCopy,        // a copy of key's entry, deadline included, is under `value` in `target`
    kHashSet,     // field `value` of the hash holds `second`; an absent hash is created
    kHashDelete,  // field `value` is gone; an empty hash is gone
    kPushFront,   // `value` put before a list's first element; an absent list is created
    kPushBack,
    kPopFront,  // the first element is gone; an empty list is gone
    kPopBack,
    kSwap,   // the keyspace holds what `target` held, and the other way round
    kClear,  // the keyspace is empty
  };

  Kind kind;
  const Keyspace* keyspace;
  std::string_view key;
  std::string_view value{};
  std::string_view second{};
  int64_t deadline = 0;
  const Keyspace* target = nullptr;
};

}  // namespace replete
