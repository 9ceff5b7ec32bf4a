#include "tests/differential/commands.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <utility>

#include "tests/differential/pieces.h"

namespace replete::test {
namespace {

constexpr CommandRow kRows[] = {
    // Strings.
    {"GET", "key", 8},
    {"SET", "key value {NX|XX|GET|EX seconds|PX millis|EXAT future|PXAT futurems|KEEPTTL}", 18},
    {"GETEX", "key {EX seconds|PX millis|EXAT at|PXAT atms|PERSIST}", 6},
    {"MGET", "key+", 4},
    {"MSET", "(key value)+", 4},
    {"SETNX", "key value", 3},
    {"SETEX", "key seconds value", 3},
    {"PSETEX", "key millis value", 3},
    {"GETSET", "key value", 3},
    {"GETDEL", "key", 3},
    {"MSETNX", "(key value)+", 2},
    {"INCR", "key", 6},
    {"INCRBY", "key int", 4},
    {"DECR", "key", 3},
    {"DECRBY", "key int", 4},
    {"INCRBYFLOAT", "key float", 8},
    {"APPEND", "key value", 5},
    {"STRLEN", "key", 3},
    {"GETRANGE", "key position position", 4},
    {"SUBSTR", "key position position", 2},
    {"SETRANGE", "key position value", 5},
    {"LCS", "key key {LEN|IDX|MINMATCHLEN position|WITHMATCHLEN}", 4},
    // Bits.
    {"SETBIT", "key bit onoff", 8},
    {"GETBIT", "key bit", 3},
    {"BITCOUNT", "key", 2},
    {"BITCOUNT", "key position position unit?", 4},
    {"BITPOS", "key onoff", 2},
    {"BITPOS", "key onoff position", 2},
    {"BITPOS", "key onoff position position unit?", 4},
    {"BITOP", "(AND|OR|XOR|NOT) key key", 3},
    {"BITOP", "(AND|OR|XOR|NOT|junk) key key+", 4},
    {"BITFIELD",
     "key (GET fieldtype fieldbit|SET fieldtype fieldbit int|INCRBY fieldtype fieldbit int"
     "|OVERFLOW (WRAP|SAT|FAIL|junk))+",
     10},
    {"BITFIELD_RO", "key (GET fieldtype fieldbit)+", 2},
    {"BITFIELD_RO", "key (GET fieldtype fieldbit|SET fieldtype fieldbit int)", 1},
    // Cardinalities.
    {"PFADD", "sketch element*", 10},
    {"PFADD",
     "sketch element element element element element element element element element element "
     "element element element element element element element element element element",
     6},
    {"PFCOUNT", "sketch", 5},
    {"PFCOUNT", "sketch+", 3},
    {"PFMERGE", "sketch sketch*", 4},
    {"PFDEBUG", "(ENCODING|DECODE|TODENSE|GETREG|junk) sketch", 1},
    {"GET", "sketch", 2},
    {"SET", "sketch sketchbytes", 1},
    // Keys.
    {"DEL", "key+", 4},
    {"UNLINK", "key+", 3},
    {"EXISTS", "key+", 3},
    {"TYPE", "key", 3},
    {"EXPIRE", "key seconds {NX|XX|GT|LT}", 7},
    {"PEXPIRE", "key millis {NX|XX|GT|LT}", 4, Match::kExact, Use::kData, true},
    {"EXPIREAT", "key at {NX|XX|GT|LT}", 4, Match::kExact, Use::kData, true},
    {"PEXPIREAT", "key atms {NX|XX|GT|LT}", 7},
    {"TTL", "key", 5, Match::kSeconds},
    {"PTTL", "key", 5, Match::kMillis},
    {"PERSIST", "key", 4},
    {"SCAN", "cursor {MATCH pattern|COUNT count|TYPE type}", 3, Match::kScan},
    {"KEYS", "pattern", 3, Match::kSet},
    {"DBSIZE", "", 2},
    {"RENAME", "key key", 6},
    {"RENAMENX", "key key", 3},
    {"TOUCH", "key+", 2},
    {"EXPIRETIME", "key", 2, Match::kSeconds},
    {"PEXPIRETIME", "key", 2, Match::kMillis},
    {"RANDOMKEY", "", 1, Match::kShape},
    {"OBJECT", "ENCODING key", 3},
    {"OBJECT", "REFCOUNT key", 2},
    {"DUMP", "key", 1, Match::kShape},
    {"RESTORE", "key millis payload {REPLACE|ABSTTL|IDLETIME count|FREQ count}", 4},
    {"COPY", "key key {DB db|REPLACE}", 7},
    {"MOVE", "key db", 3},
    {"SWAPDB", "db db", 2},
    {"FLUSHDB", "{ASYNC|SYNC}", 1},
    {"FLUSHALL", "{ASYNC|SYNC}", 1},
    {"SELECT", "db", 4},
    // Hashes and lists.
    {"HSET", "key (field value)+", 8},
    {"HGET", "key field", 4},
    {"HDEL", "key field+", 4},
    {"HGETALL", "key", 4, Match::kPairs},
    {"LPUSH", "key value+", 8},
    {"RPOP", "key count?", 5},
    {"BLPOP", "key+ timeout", 2},
    {"LPUSH", "list number number number+", 4},
    {"SORT", "list {ALPHA|ASC|DESC|LIMIT position position|GET sortpattern}", 6},
    {"SORT", "list {ALPHA|ASC|DESC|LIMIT position position|STORE list}", 2},
    // Of those whose keys compare equal redis-server chooses freely when it wants only some.
    {"SORT", "list BY sortpattern {ALPHA|ASC|DESC|GET sortpattern|GET sortpattern}", 6},
    {"SORT", "list BY sortpattern {ASC|DESC|LIMIT position position|GET sortpattern|STORE list}",
     6},
    {"SORT_RO", "list {ALPHA|ASC|DESC|LIMIT position position|GET sortpattern|STORE list}", 3},
    // Transactions.
    {"MULTI", "", 6},
    {"EXEC", "", 8},
    {"DISCARD", "", 2},
    {"WATCH", "key+", 5},
    {"UNWATCH", "", 1},
    // The server.
    {"PING", "value?", 2},
    {"ECHO", "value", 2},
    {"PUBLISH", "channel value", 2},
    {"COMMAND", "INFO command+", 2, Match::kCommandInfo},
    {"COMMAND", "GETKEYSANDFLAGS GET key", 1},
    {"COMMAND", "GETKEYSANDFLAGS SET key value {GET|EX seconds}", 1},
    {"COMMAND", "GETKEYSANDFLAGS BITFIELD key (GET fieldtype bit|SET fieldtype bit int)+", 1},
    {"COMMAND", "GETKEYSANDFLAGS (BITOP AND|RENAME|COPY|PFMERGE|MSET|DEL|PING|junk) key key+", 1},
    {"COMMAND", "GETKEYS (BITOP AND|RENAME|COPY|PFMERGE|MSET|DEL|PING|junk) key key+", 1},
    {"CONFIG", "GET setting+", 3, Match::kPairs},
    {"CONFIG",
     "SET (MAXMEMORY memory|MAXMEMORY-POLICY policy|TIMEOUT idle"
     "|NOTIFY-KEYSPACE-EVENTS events)+",
     1},
    {"CONFIG", "SET MAXMEMORY-POLICY lfu", 1},
    {"CLIENT", "SETNAME cname", 1, Match::kExact, Use::kData, true},
    {"CLIENT", "GETNAME", 1, Match::kExact, Use::kData, true},
    {"CLIENT", "ID", 1, Match::kShape},
    {"CLIENT", "KILL (ID int|TYPE junk|USER junk|SKIPME junk|ADDR junk|junk junk)", 1},
    {"CLIENT", "UNBLOCK int (TIMEOUT|ERROR|junk)?", 1},
    {"CLIENT", "NO-EVICT (ON|OFF|junk)", 1},
    {"CLIENT", "GETREDIR", 1},
    {"CLIENT", "TRACKINGINFO", 1},
    {"ROLE", "", 1},
    {"LASTSAVE", "", 1, Match::kShape},
    {"READONLY", "", 1},
    {"READWRITE", "", 1},
    {"CLUSTER", "(INFO|NODES|SLOTS|SHARDS|MYID|LINKS|HELP|KEYSLOT key|COUNTKEYSINSLOT int)", 1},
    {"ACL", "WHOAMI", 1},
    {"MODULE", "LIST", 1},
    {"FUNCTION", "LIST {LIBRARYNAME pattern|WITHCODE|junk}", 1},
    {"SPUBLISH", "channel value", 1},
    {"SLOWLOG", "(LEN|RESET|GET int|GET junk junk)", 1, Match::kShape},
    {"LATENCY", "(LATEST|RESET|HISTORY junk|GRAPH junk|RESET junk)", 1},
    {"PUBSUB", "SHARDNUMSUB channel*", 1},
    {"PUBSUB", "NUMSUB channel*", 1},
    // Connections of their own.
    {"HELLO", "protocol? {AUTH user password|SETNAME cname}", 6, Match::kHello, Use::kSession},
    {"AUTH", "(password|user password)", 6, Match::kExact, Use::kSession},
    {"RESET", "", 2, Match::kExact, Use::kSession},
    {"QUIT", "", 1, Match::kExact, Use::kSession},
    // Subscribers.
    {"SUBSCRIBE", "channel+", 6, Match::kExact, Use::kPubSub},
    {"UNSUBSCRIBE", "channel*", 4, Match::kExact, Use::kPubSub},
    {"PSUBSCRIBE", "cpattern+", 5, Match::kExact, Use::kPubSub},
    {"PUNSUBSCRIBE", "cpattern*", 4, Match::kExact, Use::kPubSub},
    {"SSUBSCRIBE", "channel+", 3, Match::kExact, Use::kPubSub},
    {"SUNSUBSCRIBE", "channel*", 2, Match::kExact, Use::kPubSub},
    {"PING", "value?", 3, Match::kExact, Use::kPubSub},
    {"GET", "key", 1, Match::kExact, Use::kPubSub},
    {"SET", "key value", 1, Match::kExact, Use::kPubSub},
    {"WATCH", "key", 1, Match::kExact, Use::kPubSub},
    {"RESET", "", 1, Match::kExact, Use::kPubSub},
    {"QUIT", "", 1, Match::kExact, Use::kPubSub},
};

bool SetsDeadline(const std::string& name) {
  static constexpr std::string_view kNames[] = {
      "SET", "SETEX", "PSETEX", "RESTORE", "GETEX", "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// With a tier below the daemon's RAM (REPLETE_TEST_TIER) SORT in a transaction does not wait for
// what its patterns find there.
bool IsForRamOnly(const CommandRow& row) { return row.name.starts_with("SORT"); }

std::vector<NamedGrammar> GrammarsOf(Use use, const std::vector<std::string>& missing) {
  std::vector<NamedGrammar> grammars;
  for (const CommandRow& row : kRows) {
    if (row.use != use) continue;
    if (std::getenv("REPLETE_TEST_TIER") != nullptr && IsForRamOnly(row)) continue;
    if (std::find(missing.begin(), missing.end(), InfoName(row)) != missing.end()) continue;
    grammars.push_back({std::string(row.name), row.weight, ParseGrammar(row.grammar)});
  }
  return grammars;
}

}  // namespace

std::string UpperCase(std::string word) {
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

Request Reader(const std::string& type, const std::string& key) {
  if (type == "hash") return {{"HGETALL", key}, Match::kPairs};
  if (type == "list") return {{"RPOP", key, "1000000"}};
  return {{"GET", key}};
}

std::span<const CommandRow> CommandRows() { return kRows; }

std::string InfoName(const CommandRow& row) {
  static constexpr std::string_view kContainers[] = {"ACL",      "CLIENT", "COMMAND", "CONFIG",
                                                     "FUNCTION", "MODULE", "OBJECT",  "PUBSUB"};
  if (std::find(std::begin(kContainers), std::end(kContainers), row.name) ==
      std::end(kContainers)) {
    return std::string(row.name);
  }
  const std::string_view sub = row.grammar.substr(0, row.grammar.find(' '));
  return std::string(row.name) + "|" + std::string(sub);
}

RequestSource::RequestSource(Use use, const std::vector<std::string>& missing)
    : RequestSource(GrammarsOf(use, missing)) {}

RequestSource::RequestSource(std::vector<NamedGrammar> grammars) : grammars_(std::move(grammars)) {
  for (std::size_t i = 0; i < grammars_.size(); ++i) {
    lots_.insert(lots_.end(), static_cast<std::size_t>(grammars_[i].weight), i);
  }
}

Request RequestSource::Make(Random& random) const {
  const NamedGrammar& command = grammars_[lots_[random.Below(lots_.size())]];
  Request request;
  request.args.push_back(AnyCase(command.name, random));
  Generate(command.grammar, random, &request.args);
  if (random.Chance(9)) {
    Mutate(&request, random);
    MakeHarmless(&request, random);
  }
  request.match = MatchFor(request.args);
  return request;
}

void Mutate(Request* request, Random& random) {
  std::vector<std::string>& args = request->args;
  // Settings outlive a request and could starve or deafen the servers.
  const bool setting = CommandName(*request) == "CONFIG";
  const std::size_t at = args.size() == 1 ? 0 : 1 + random.Below(args.size() - 1);
  switch (setting ? 0 : random.Below(8)) {
    case 0:
      if (at > 0) args.resize(random.Chance(50) ? args.size() - 1 : at);
      return;
    case 1:
      args.insert(args.begin() + static_cast<std::ptrdiff_t>(at), args[at]);
      return;
    case 2:
      if (at > 0) std::swap(args[at], args[1 + random.Below(args.size() - 1)]);
      return;
    case 3:
    case 4:
      args.push_back(MakePiece("junk", random));
      return;
    case 5:
      if (at > 0) args.erase(args.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    case 6:
      if (at > 0) args[at] = MakePiece("junk", random);
      return;
    default:
      if (random.Chance(30)) args[0] = random.Chance(50) ? "nosuch" : args[0] + "_";
      if (at > 0) args[at] = MakePiece("int", random);
      return;
  }
}

void MakeHarmless(Request* request, Random& random) {
  std::vector<std::string>& args = request->args;
  const std::string name = CommandName(*request);
  if (name == "BLPOP") {
    char* end = nullptr;
    const double seconds = std::strtod(args.back().c_str(), &end);
    const bool number = end != args.back().c_str();
    // What rounds to zero waits for ever, -0.001 included.
    if (number && seconds > -0.01 && !(seconds > 0 && seconds < 0.02)) args.back() = "0.001";
  }
  if (!SetsDeadline(name)) return;
  // From the year 2100 on in milliseconds: far off as a duration and as an instant, in either unit,
  // and never the same twice (see Seconds in pieces.cpp).
  static constexpr long long kFarOff = 4102444800000;
  for (std::size_t i = 2; i < args.size(); ++i) {
    const long long value = std::strtoll(args[i].c_str(), nullptr, 10);
    if (value > 0 && value < kFarOff) args[i] = std::to_string(kFarOff + random.Below(kFarOff));
  }
}

std::string CommandName(const Request& request) {
  return request.args.empty() ? std::string() : UpperCase(request.args[0]);
}

Match MatchFor(const std::vector<std::string>& args) {
  if (args.empty()) return Match::kExact;
  const std::string name = UpperCase(args[0]);
  const bool family = name == "CONFIG" || name == "CLIENT" || name == "COMMAND";
  const std::string full = family && args.size() > 1 ? name + "|" + UpperCase(args[1]) : name;
  // A cursor from nowhere, and the list of everything a server has, are its own business.
  if (name == "SCAN" && args.size() > 1 && args[1].find_first_not_of('0') != std::string::npos) {
    return Match::kShape;
  }
  if (name == "COMMAND" && args.size() < 3) return Match::kShape;
  for (const CommandRow& row : kRows) {
    if (InfoName(row) == full) return row.match;
  }
  return Match::kExact;
}

}  // namespace replete::test
