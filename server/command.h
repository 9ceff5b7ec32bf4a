#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace replete {

class CommandContext;
class Keyspace;
class Shard;

// Flags of a command, Redis' names where Redis has them (COMMAND INFO prints those).
namespace command_flag {
inline constexpr uint32_t kWrite = 1u << 0;
inline constexpr uint32_t kReadonly = 1u << 1;
inline constexpr uint32_t kDenyOom = 1u << 2;
inline constexpr uint32_t kAdmin = 1u << 3;
inline constexpr uint32_t kPubsub = 1u << 4;
inline constexpr uint32_t kNoScript = 1u << 5;
inline constexpr uint32_t kBlocking = 1u << 6;
inline constexpr uint32_t kLoading = 1u << 7;
inline constexpr uint32_t kStale = 1u << 8;
inline constexpr uint32_t kSkipMonitor = 1u << 9;
inline constexpr uint32_t kFast = 1u << 10;
inline constexpr uint32_t kNoAuth = 1u << 11;
inline constexpr uint32_t kNoMulti = 1u << 12;
inline constexpr uint32_t kAllowBusy = 1u << 13;
inline constexpr uint32_t kSkipSlowlog = 1u << 14;
// Ours, not printed.
inline constexpr uint32_t kSpans = 1u << 20;  // its keys may be in several namespaces
inline constexpr uint32_t kLong =
    1u << 21;  // owns its shards and runs on a worker when they are large
inline constexpr uint32_t kTest = 1u << 22;     // exists only while the daemon is under test
inline constexpr uint32_t kInMulti = 1u << 23;  // runs at once while MULTI queues the others
inline constexpr uint32_t kWhileSubscribed = 1u << 24;  // a RESP2 client that is subscribed may
inline constexpr uint32_t kSelects = 1u << 25;  // its last argument is the namespace from then on
inline constexpr uint32_t kMayReplicate = 1u << 27;  // others would see it, though it writes no key
inline constexpr uint32_t kSysCmd = 1u << 28;        // for those who work on the server itself
// With kLong: tells of the server. Runs on a thread that no other command holds up.
inline constexpr uint32_t kReport = 1u << 29;
inline constexpr uint32_t kNamesMember = 1u << 26;  // argument 2 is a member of the value under 1
}  // namespace command_flag

// ACL categories.
namespace category {
inline constexpr uint32_t kKeyspace = 1u << 0;
inline constexpr uint32_t kRead = 1u << 1;
inline constexpr uint32_t kWrite = 1u << 2;
inline constexpr uint32_t kSet = 1u << 3;
inline constexpr uint32_t kSortedSet = 1u << 4;
inline constexpr uint32_t kList = 1u << 5;
inline constexpr uint32_t kHash = 1u << 6;
inline constexpr uint32_t kString = 1u << 7;
inline constexpr uint32_t kBitmap = 1u << 8;
inline constexpr uint32_t kHyperLogLog = 1u << 9;
inline constexpr uint32_t kGeo = 1u << 10;
inline constexpr uint32_t kStream = 1u << 11;
inline constexpr uint32_t kPubsub = 1u << 12;
inline constexpr uint32_t kAdmin = 1u << 13;
inline constexpr uint32_t kFast = 1u << 14;
inline constexpr uint32_t kSlow = 1u << 15;
inline constexpr uint32_t kBlocking = 1u << 16;
inline constexpr uint32_t kDangerous = 1u << 17;
inline constexpr uint32_t kConnection = 1u << 18;
inline constexpr uint32_t kTransaction = 1u << 19;
inline constexpr uint32_t kScripting = 1u << 20;
}  // namespace category

// What a command does with the value under a key: Redis' RO, RW, OW, RM.
enum class KeyUse : uint8_t { kNone, kRead, kReadWrite, kOverwrite, kRemove };

// Whether a command with these arguments reads or changes the values under its keys, rather than
// replacing, removing or only asking about them: then they are fetched where they are not in RAM.
using ReadsValues = bool (*)(std::span<const std::string_view> args);
inline constexpr ReadsValues kNeedsNoValues = [](std::span<const std::string_view>) {
  return false;
};

// Where keys are among the arguments: from `first`, each `step`-th, up to `last` (negative: counted
// from the end). `what` are the further flags Redis prints: "access", "update", "insert", "delete",
// ...
struct KeySpec {
  int8_t first = 0;  // 0: none
  int8_t last = 0;
  int8_t step = 1;
  KeyUse use = KeyUse::kNone;
  std::string_view what = {};
  ReadsValues reads = nullptr;  // null: always
  // Whether a call with these arguments may change the values; null: as `use` says.
  bool (*writes)(std::span<const std::string_view> args) = nullptr;
  // The option, in lower case, whose value is the number of the database of these keys.
  std::string_view database_option = {};
  // The argument that is that number; 0: none. The keys are named by another specification already
  // and are not told again.
  uint8_t database_argument = 0;
  // Instead of `first`: the options, in upper case, whose values name keys, and why nobody can say
  // where, as COMMAND tells it. `locate` gives the argument that is the key, 0: none; null: they
  // follow from data, see Command::more_keys.
  std::string_view options = {};
  std::string_view notes = {};
  size_t (*locate)(std::span<const std::string_view> args) = nullptr;

  bool present() const { return first != 0 || !options.empty(); }
  // Calls fn(index) for each of the arguments that are keys.
  template <class Fn>
  void ForEachArgument(std::span<const std::string_view> args, Fn&& fn) const {
    const auto argc = static_cast<int>(args.size());
    if (first == 0) {
      const size_t at = locate != nullptr ? locate(args) : 0;
      if (at != 0) fn(at);
      return;
    }
    const int end = last >= 0 ? last : argc + last;
    for (int i = first; i <= end && i < argc; i += step) fn(static_cast<size_t>(i));
  }
};

// Which shards are locked while the handler runs.
enum class Scope : uint8_t {
  kNone,       // none: nothing of a keyspace is touched (or only what is readable without a lock)
  kKeys,       // those of the keys
  kKeyspace,   // all of one keyspace: of the session's namespace, or the one after a final NS
               // argument
  kFlush,      // all of every keyspace that FLUSHALL clears
  kDatabases,  // all of the databases whose numbers are the arguments
  kQueued,     // those of all commands that MULTI queued, and of the watched keys
};

// With Scope::kKeyspace: the shards that a call needs, in order, when it does not need all. They
// are not locked, so that only their published sizes can be read.
using ChooseShards = void (*)(const Keyspace&, std::span<const std::string_view> args,
                              std::vector<Shard*>* shards);

// With Scope::kKeys: whether this call looks at further keys, which follow from what it finds: then
// all shards of its first key's keyspace are locked.
using ReadsMore = bool (*)(std::span<const std::string_view> args);
// Those keys, the shards being locked; views of *names.
using FindMoreKeys = void (*)(CommandContext&, std::vector<std::string>* names);

using Handler = void (*)(CommandContext&);

// Which arguments are secret: not shown by SLOWLOG, MONITOR and logs.
enum class Secrets : uint8_t {
  kNone,
  kAll,        // every one
  kAfterAuth,  // the two after the word AUTH
  kSettings,   // values of sensitive settings: name, value, ... from the third on
  kOptions,    // values of sensitive options of a namespace, after their names, from the fourth on
};

// One command, declared once in server/commands beside its handler; everything else about it is
// derived.
struct Command {
  std::string_view name;  // lower case; of a subcommand only its own word
  int8_t arity;           // with the name; negative: at least so many
  uint32_t flags;
  uint32_t categories;  // kRead, kWrite, kAdmin, kFast, kSlow, ... are added from the flags
  Scope scope;
  std::array<KeySpec, 3> keys;
  std::string_view since;
  std::string_view summary;
  // Arguments after the name in the notation of Redis' documentation:
  // "key value [NX | XX] [GET] [EX seconds | PX milliseconds | KEEPTTL]", "key [key ...]".
  std::string_view syntax;
  // Shape of the reply: "simple", "integer", "bulk", "bulk|nil", "array", "map", ...;
  // documentation.
  std::string_view reply;
  Handler handler;  // null: only subcommands
  // With kLong: whether this call is, its shards being locked; null: every one that has none, or
  // whose shards have many entries, as for those that look at whole keyspaces.
  bool (*is_long)(CommandContext&) = nullptr;
  ChooseShards choose = nullptr;
  ReadsMore reads_more = nullptr;
  FindMoreKeys more_keys = nullptr;  // their values are fetched where they are not in RAM
  Secrets secrets = Secrets::kNone;
  std::string_view deprecated_since = {};
  std::string_view replaced_by = {};
  // Where it does not do or answer what Redis does, as a sentence for the reference.
  std::string_view differs = {};
  std::span<const Command> subcommands = {};  // a container: the second argument names one
};

}  // namespace replete
