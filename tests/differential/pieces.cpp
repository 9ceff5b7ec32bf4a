#include "tests/differential/pieces.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <unordered_set>

namespace replete::test {
namespace {

using std::string_view_literals::operator""sv;

// TTLs that are valid are long: a key must not expire between the answers of two servers. What
// happens at a deadline is the business of the integration tests.
constexpr std::string_view kAt[] = {"4102444800", "4102444801", "5000000000", "32503680000"};
constexpr std::string_view kAtMillis[] = {"4102444800000", "4102444800001", "5000000000000",
                                          "32503680000000"};
constexpr std::string_view kBadTtl[] = {"0",
                                        "-1",
                                        "-1000",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "9223372036854775808",
                                        "9223372036854776",
                                        "92233720368547758",
                                        "-9223372036854776",
                                        "abc",
                                        "",
                                        "1.5",
                                        "+1000",
                                        " 1000",
                                        "1000 ",
                                        "01000",
                                        "1e6",
                                        "0x100"};
constexpr std::string_view kInts[] = {"0",
                                      "1",
                                      "-1",
                                      "2",
                                      "10",
                                      "-10",
                                      "100",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "4611686018427387904",
                                      "1.5",
                                      "abc",
                                      "",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "01",
                                      "-0",
                                      "1e3",
                                      "18446744073709551615"};
// What redis-server 7.0.15 dumps of 5, -100000, "hello", "", 200 times "a", a list and a hash; then
// damaged ones.
constexpr std::string_view kDumps[] = {
    "\x00\xc0\x05\x0a\x00\x63\x2f\x5f\x66\x83\x2f\xb3\x51"sv,
    "\x00\xc2\x60\x79\xfe\xff\x0a\x00\xa1\xca\x84\x70\xcc\x21\x6d\x9d"sv,
    "\x00\x05\x68\x65\x6c\x6c\x6f\x0a\x00\x63\x72\xdf\x76\x65\x34\x20\x0a"sv,
    "\x00\x00\x0a\x00\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda"sv,
    "\x00\xc3\x09\x40\xc8\x01\x61\x61\xe0\xbb\x00\x01\x61\x61\x0a\x00\x1f\x99\xf7\x2e\x01\xb2"
    "\x0d\xe3"sv,
    "\x12\x01\x02\x0f\x0f\x00\x00\x00\x03\x00\x81\x61\x02\x81\x62\x02\x64\x01\xff\x0a\x00\x48"
    "\xeb\x69\x57\x4b\x10\x90\x2e"sv,
    "\x10\x11\x11\x00\x00\x00\x04\x00\x81\x66\x02\x81\x76\x02\x01\x01\x02\x01\xff\x0a\x00\x1a"
    "\x4d\xf2\x17\x5e\x0b\xff\x9b"sv,
    "\x00\xc0\x06\x0a\x00\x63\x2f\x5f\x66\x83\x2f\xb3\x51"sv,
    "\x00\xc0\x05\x0b\x00\x63\x2f\x5f\x66\x83\x2f\xb3\x51"sv,
    "\x00\xc0\x05"sv,
    "",
    "hello"};
constexpr std::string_view kBitUnits[] = {"BIT", "BYTE", "bit", "Byte", "BIT", "nosuch", ""};
constexpr std::string_view kFieldTypes[] = {"u8",  "i8",  "u1",  "i1",  "i64", "u63", "i5",
                                            "u12", "i33", "i16", "u64", "i65", "u0",  "I8",
                                            "x8",  "u",   "8",   "",    "u08", "i-1"};
constexpr std::string_view kOddBits[] = {
    "-1", "abc", "",  "4294967296", "9223372036854775807",  "1.5",
    "01", "#-1", "#", "##1",        "#9223372036854775807", "9223372036854775808"};
// Whole ones, then what only looks like one.
constexpr std::string_view kSketches[] = {
    "HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff"sv,
    "HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff"sv,
    "HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a"sv,
    "HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80"sv,
    "HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff\x7f\xff"sv,
    "HYLL\0\0\0\0\0\0\0\0\0\0\0\x80\x01\x02"sv,
    "HYLL\x02\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff"sv,
    "HYLL"};
constexpr std::string_view kFloats[] = {"0",
                                        "1",
                                        "-1",
                                        "1.5",
                                        "-2.25",
                                        "3.0e3",
                                        "0.1",
                                        "0.2",
                                        "1e-5",
                                        "1e17",
                                        "1e18",
                                        "5.0e-324",
                                        "1e308",
                                        "-1e308",
                                        "1e4932",
                                        "1e5000",
                                        "inf",
                                        "-inf",
                                        "+inf",
                                        "nan",
                                        "abc",
                                        "",
                                        " 1",
                                        "1 ",
                                        "0x1p3",
                                        "1.0000000000000000001",
                                        "123456789.123456789",
                                        "1e",
                                        ".5",
                                        "5.",
                                        "-.5",
                                        "infinity",
                                        "9223372036854775807",
                                        "100",
                                        "10.10"};
constexpr std::string_view kWords[] = {"a",      "b",    "hello", "world",    "Hello World", "OK",
                                       "nil",    "-ERR", "+OK",   "$5",       "*1",          "\r\n",
                                       "a\r\nb", "\0"sv, "\0x"sv, "\xff\xfe", "\"quoted\"",  "'",
                                       "\\",     "key",  "NX",    "EX"};
constexpr std::string_view kFields[] = {"f1", "f2", "f3", "f4",      "f5",    "",
                                        "1",  "-1", "F1", "a field", "\0f"sv, "\xff"};
constexpr std::string_view kPatterns[] = {
    "*",        "*",       "k*",     "k:*", "k:?", "k:1?",  "?",     "",    "[a-k]*", "k:[0-3]",
    "k:[^0-3]", "k:[3-0]", "[",      "[k",  "k:[", "\\*",   "k\\:1", "*1*", "**",     "*:*:*",
    "k:1",      "K*",      "[\\k]*", "*\\", "h*",  "\xff*", "[^a]*", "???"};
constexpr std::string_view kChannels[] = {"ch1", "ch2", "ch3", "", "ch\0x"sv, "CH1", "news.1"};
constexpr std::string_view kChannelPatterns[] = {"ch*", "ch?", "*", "news.*", "", "[cn]*", "ch1"};
constexpr std::string_view kDbs[] = {"0",
                                     "0",
                                     "0",
                                     "0",
                                     "1",
                                     "1",
                                     "2",
                                     "3",
                                     "15",
                                     "16",
                                     "-1",
                                     "99999999999",
                                     "9223372036854775808",
                                     "abc",
                                     "",
                                     "1.0",
                                     "01",
                                     " 1",
                                     "2147483648"};
constexpr std::string_view kCursors[] = {"0",  "0",  "0",   "0",  "0", "0",
                                         "0",  "0",  "abc", "-1", "",  "18446744073709551616",
                                         "1x", " 0", "00"};
constexpr std::string_view kCounts[] = {
    "1", "2", "5", "10", "100", "100000", "0", "-1", "abc", "", "9223372036854775808", "1.5"};
// Short enough that a wait costs nothing; 0 would wait for ever.
constexpr std::string_view kNumbers[] = {"0",  "-0", "1.5", "-2",  "1e3",  "1e-3", "0x10", "007",
                                         "+4", " 5", "",    "inf", "-inf", ".5",   "5.",   "1e308"};
constexpr std::string_view kSortPatterns[] = {
    "#",      "k:*", "k:*", "k:*",   "*",   "h:1:*->a", "h->*",   "*->",     "k:*->f",
    "nosort", "",    "l:*", "k:*:*", "->*", "#*",       "h*->f1", "k:\0*"sv, "k:*->\0"sv};
constexpr std::string_view kTimeouts[] = {
    "0.001", "0.001",  "0.002", "0.0001", "0.01", "1e-3",  ".003",
    "-1",    "-0.5",   "abc",   "",       "nan",  "1e400", "9223372036854775807",
    "1e20",  " 0.001", "0.001 "};
constexpr std::string_view kTypes[] = {"string", "string", "hash", "list", "set",    "zset",
                                       "stream", "STRING", "Hash", "none", "nosuch", ""};
constexpr std::string_view kCommandNames[] = {
    "GET",           "SET",       "GETEX",       "DEL",         "UNLINK",
    "MGET",          "MSET",      "INCR",        "INCRBYFLOAT", "APPEND",
    "STRLEN",        "EXISTS",    "TYPE",        "EXPIRE",      "PEXPIREAT",
    "TTL",           "PTTL",      "PERSIST",     "SCAN",        "KEYS",
    "DBSIZE",        "RENAME",    "COPY",        "FLUSHDB",     "FLUSHALL",
    "SELECT",        "PING",      "ECHO",        "HELLO",       "RESET",
    "QUIT",          "AUTH",      "CONFIG",      "CLIENT",      "COMMAND",
    "INFO",          "MULTI",     "EXEC",        "DISCARD",     "WATCH",
    "UNWATCH",       "SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE",  "PUNSUBSCRIBE",
    "PUBLISH",       "HSET",      "HGET",        "HDEL",        "HGETALL",
    "LPUSH",         "RPOP",      "BLPOP",       "get",         "Set",
    "nosuchcommand", ""};
constexpr std::string_view kConfigNames[] = {"maxmemory",
                                             "maxmemory-policy",
                                             "timeout",
                                             "tcp-keepalive",
                                             "maxclients",
                                             "requirepass",
                                             "notify-keyspace-events",
                                             "databases",
                                             "hash-max-listpack-entries",
                                             "hash-max-listpack-value",
                                             "proto-max-bulk-len",
                                             "client-query-buffer-limit",
                                             "MAXMEMORY",
                                             "nosuchsetting",
                                             ""};
constexpr std::string_view kMemories[] = {"0",   "1gb", "100mb", "2000000000", "1GB", "500000k",
                                          "abc", "-1",  "1.5gb", "",           "1tbx"};
constexpr std::string_view kPolicies[] = {"noeviction",     "allkeys-lru",     "volatile-lru",
                                          "allkeys-random", "volatile-random", "volatile-ttl",
                                          "ALLKEYS-LRU",    "nosuch",          ""};
// Apart, because they are refused as yet and would take the settings beside them along.
constexpr std::string_view kLfuPolicies[] = {"allkeys-lfu", "volatile-lfu"};
constexpr std::string_view kEvents[] = {"",    "KEA", "AKE", "Kg$",  "Elh", "KEx",
                                        "KEe", "KEn", "Km",  "xyz!", "K",   "g$lshzxetdn"};
constexpr std::string_view kIdle[] = {"0", "300", "100000", "abc", "-1", "", "2147483648"};
constexpr std::string_view kProtocols[] = {
    "2", "3", "2", "3", "1", "4", "0", "-1", "abc", "", "3.0", "03", "9223372036854775808"};
constexpr std::string_view kUsers[] = {"default", "default", "default", "nobody", "", "Default"};
constexpr std::string_view kPasswords[] = {"secret", "secret", "wrong", "", "Secret", "secret\0"sv};
constexpr std::string_view kClientNames[] = {"me",        "client-1", "",   "with space",
                                             "new\nline", "\xff",     "a=b"};
constexpr std::string_view kJunk[] = {"",
                                      "junk",
                                      "NX",
                                      "XX",
                                      "EX",
                                      "PX",
                                      "GET",
                                      "KEEPTTL",
                                      "GT",
                                      "COUNT",
                                      "MATCH",
                                      "DB",
                                      "-1",
                                      "1000000",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "1.5",
                                      "abc",
                                      "\xff\xfe\0"sv,
                                      "*",
                                      "k:1",
                                      "k:2",
                                      " ",
                                      "(nil)",
                                      "%s%n",
                                      "0"};

// The last ones of AllKeys.
constexpr size_t kListKeys = 4;
constexpr size_t kSketchKeys = 8;
constexpr size_t kOwnKeys = kListKeys + kSketchKeys;

std::string Valid(std::span<const std::string_view> good, std::span<const std::string_view> bad,
                  int percent, Random& random) {
  return std::string(random.Chance(percent) ? random.Pick(good) : random.Pick(bad));
}

std::string Key(Random& random) {
  const std::vector<std::string>& keys = AllKeys();
  // A few keys take most of the traffic, so that a command meets what another one left.
  return random.Chance(60) ? keys[random.Below(6)] : keys[random.Below(keys.size() - kOwnKeys)];
}

std::string Value(Random& random) {
  const int kind = random.Between(0, 99);
  if (kind < 25) return std::string(random.Pick(kInts));
  if (kind < 35) return std::string(random.Pick(kFloats));
  if (kind < 60) return std::string(random.Pick(kWords));
  if (kind < 75) return std::to_string(static_cast<long long>(random.Next()) >> random.Below(64));
  if (kind < 90) return random.Bytes(random.Below(24));
  if (kind < 98) return std::string(30 + random.Below(120), 'x');
  return std::string(random.Below(70000), 'y');
}

std::string Float(Random& random) {
  if (random.Chance(60)) return std::string(random.Pick(kFloats));
  const long long whole = static_cast<long long>(random.Next()) >> random.Below(64);
  std::string text = std::to_string(whole) + "." + std::to_string(random.Below(1000000));
  if (random.Chance(20)) text += "e" + std::to_string(random.Between(-20, 20));
  return text;
}

std::string Position(Random& random) {
  if (random.Chance(20)) return std::string(random.Pick(kInts));
  return std::to_string(random.Between(-40, 40));
}

// Where a bit is: mostly in the first bytes, and never so far out that a value grows large.
std::string Bit(Random& random) {
  if (random.Chance(12)) return std::string(random.Pick(kOddBits));
  if (random.Chance(5)) return std::to_string(random.Below(500'000));
  return std::to_string(random.Below(300));
}

std::string FieldBit(Random& random) {
  return random.Chance(30) ? "#" + std::to_string(random.Below(40)) : Bit(random);
}

// Keys whose values are mostly cardinalities, and that no command changes bit by bit: of one that
// has been damaged redis-server changes a part before it notices.
std::string SketchKey(Random& random) {
  return random.Chance(95) ? "s:" + std::to_string(random.Below(kSketchKeys)) : Key(random);
}

// Keys whose values are mostly lists of numbers.
std::string ListKey(Random& random) {
  return random.Chance(95) ? "l:" + std::to_string(random.Below(kListKeys)) : Key(random);
}

// Mostly the rest of a key's name, too.
std::string Number(Random& random) {
  if (random.Chance(1)) return Value(random);
  return random.Chance(85) ? std::to_string(random.Below(25)) : std::string(random.Pick(kNumbers));
}

template <const auto& kTable>
std::string From(Random& random) {
  return std::string(random.Pick(kTable));
}

// A duration is never used twice: whether EXPIRE with GT or LT finds the same one later or equal
// would depend on the millisecond.
std::string Seconds(Random& random) {
  return std::to_string(1000 + static_cast<long long>(random.Below(9'000'000'000)));
}

std::string Millis(Random& random) {
  return std::to_string(1'000'000 + static_cast<long long>(random.Below(9'000'000'000'000)));
}

struct Piece {
  std::string_view name;
  std::string (*make)(Random&);
};

// What a deadline in the past does to SET is seen in DBSIZE until redis-server's sweeper comes by;
// "future" leaves those out.
constexpr Piece kPieces[] = {
    {"key", Key},
    {"value", Value},
    {"float", Float},
    {"int", From<kInts>},
    {"position", Position},
    {"payload", From<kDumps>},
    {"bit", Bit},
    {"onoff", [](Random& r) { return r.Chance(92) ? std::to_string(r.Below(2)) : From<kInts>(r); }},
    {"unit", From<kBitUnits>},
    {"fieldtype",
     [](Random& r) {
       return r.Chance(85) ? std::string(kFieldTypes[r.Below(10)]) : From<kFieldTypes>(r);
     }},
    {"fieldbit", FieldBit},
    {"sketch", SketchKey},
    {"sketchbytes", From<kSketches>},
    {"element", [](Random& r) { return "e" + std::to_string(r.Below(3000)); }},
    {"list", ListKey},
    {"number", Number},
    {"sortpattern", From<kSortPatterns>},
    {"seconds", [](Random& r) { return r.Chance(75) ? Seconds(r) : From<kBadTtl>(r); }},
    {"millis", [](Random& r) { return r.Chance(75) ? Millis(r) : From<kBadTtl>(r); }},
    {"future", [](Random& r) { return Valid(kAt, kBadTtl, 85, r); }},
    {"futurems", [](Random& r) { return Valid(kAtMillis, kBadTtl, 85, r); }},
    {"at", [](Random& r) { return r.Chance(10) ? "1" : Valid(kAt, kBadTtl, 75, r); }},
    {"atms", [](Random& r) { return r.Chance(10) ? "1" : Valid(kAtMillis, kBadTtl, 75, r); }},
    {"field", From<kFields>},
    {"pattern", From<kPatterns>},
    {"channel", From<kChannels>},
    {"cpattern", From<kChannelPatterns>},
    {"db", From<kDbs>},
    {"cursor", From<kCursors>},
    {"count", From<kCounts>},
    {"timeout", From<kTimeouts>},
    {"type", From<kTypes>},
    {"command", From<kCommandNames>},
    {"setting", From<kConfigNames>},
    {"memory", From<kMemories>},
    {"policy", From<kPolicies>},
    {"lfu", From<kLfuPolicies>},
    {"events", From<kEvents>},
    {"idle", From<kIdle>},
    {"protocol", From<kProtocols>},
    {"user", From<kUsers>},
    {"password", From<kPasswords>},
    {"cname", From<kClientNames>},
    {"junk", From<kJunk>},
};

const Piece* Find(std::string_view name) {
  const auto* found = std::find_if(std::begin(kPieces), std::end(kPieces),
                                   [name](const Piece& piece) { return piece.name == name; });
  return found == std::end(kPieces) ? nullptr : found;
}

}  // namespace

bool IsPiece(std::string_view name) { return Find(name) != nullptr; }

std::string MakePiece(std::string_view name, Random& random) { return Find(name)->make(random); }

const std::vector<std::string>& AllKeys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> all;
    for (int i = 0; i < 22; ++i) all.push_back("k:" + std::to_string(i));
    for (const std::string_view odd :
         {"h", "h:1:2", "", "k[1]", "key with space", "\xff\xfe", "*", "K:1"}) {
      all.emplace_back(odd);
    }
    all.emplace_back("\0bin\0"sv);
    all.emplace_back(300, 'L');
    for (size_t i = 0; i < kListKeys; ++i) all.push_back("l:" + std::to_string(i));
    for (size_t i = 0; i < kSketchKeys; ++i) all.push_back("s:" + std::to_string(i));
    return all;
  }();
  return keys;
}

bool IsKey(std::string_view word) {
  static const std::unordered_set<std::string_view> keys(AllKeys().begin(), AllKeys().end());
  return keys.contains(word);
}

}  // namespace replete::test
