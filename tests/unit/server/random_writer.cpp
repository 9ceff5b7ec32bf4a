#include "tests/unit/server/random_writer.h"

#include "protocol/dump_payload.h"

namespace replete {

std::vector<std::string> RandomWriter::OfStrings() {
  std::vector<std::string> words;
  switch (Below(19)) {
    case 0:
    case 1:
    case 2:
      words = {"SET", Key(), Value()};
      if (OneIn(4)) words.push_back(OneIn(2) ? "NX" : "XX");
      if (OneIn(4)) words.push_back("GET");
      if (OneIn(4)) {
        words.push_back("KEEPTTL");
      } else {
        AddDeadline(&words);
      }
      return words;
    case 3:
    case 4:
      words = {"GETEX", Key()};
      if (OneIn(4)) {
        words.push_back("PERSIST");
      } else {
        AddDeadline(&words);
      }
      return words;
    case 5:
      return {"SETNX", Key(), Value()};
    case 6:
      return {"SETEX", Key(), Seconds(), Value()};
    case 7:
      return {"PSETEX", Key(), Millis(), Value()};
    case 8:
      return {"GETSET", Key(), Value()};
    case 9:
      return {"GETDEL", Key()};
    case 10:
      return {"MSET", Key(), Value(), Key(), Value(), Key(), Value()};
    case 11:
      return {"MSETNX", Key(), Value(), Key(), Value()};
    case 12:
      return {OneIn(2) ? "INCR" : "DECR", Key()};
    case 13:
      return {OneIn(2) ? "INCRBY" : "DECRBY", Key(), std::to_string(Below(100'000))};
    case 14:
    case 15:
      return {"INCRBYFLOAT", Key(), std::to_string(Below(100)) + "." + std::to_string(Below(1000))};
    case 16:
      return {"SETRANGE", Key(), std::to_string(Below(100)), Value()};
    default:
      return {"APPEND", Key(), Value()};
  }
}

std::string RandomWriter::Dump() {
  std::string dump;
  RdbWriter writer(&dump);
  const size_t kind = Below(3);
  const RdbType types[] = {RdbType::kString, RdbType::kList, RdbType::kHash};
  writer.Type(types[kind]);
  const size_t n = kind == 0 ? 1 : Below(4) + 1;
  if (kind == 1) writer.BeginList(n);
  if (kind == 2) writer.BeginHash(n);
  for (size_t i = 0; i < n; ++i) {
    if (kind == 2) writer.String("f" + std::to_string(i));
    writer.String(Value());
  }
  FinishDump(&dump);
  return dump;
}

std::vector<std::string> RandomWriter::OfKeys() {
  switch (Below(8)) {
    case 0:
      return {"DEL", Key(), Key()};
    case 1:
      return {"UNLINK", Key()};
    case 2:
      return {"RENAME", Key(), Key()};
    case 3:
      return {"RENAMENX", Key(), Key()};
    case 4:
      return {"MOVE", Key(), std::to_string(Below(2))};
    case 5: {
      std::vector<std::string> words = {"RESTORE", Key(), OneIn(2) ? "0" : Millis(), Dump()};
      if (OneIn(2)) words.push_back("REPLACE");
      return words;
    }
    default: {
      std::vector<std::string> words = {"COPY", Key(), Key()};
      if (OneIn(3)) words.insert(words.end(), {"DB", std::to_string(Below(2))});
      if (OneIn(2)) words.push_back("REPLACE");
      return words;
    }
  }
}

std::vector<std::string> RandomWriter::OfExpiry() {
  std::vector<std::string> words;
  switch (Below(5)) {
    case 0:
      words = {"EXPIRE", Key(), Seconds()};
      break;
    case 1:
      words = {"PEXPIRE", Key(), OneIn(8) ? "-1" : Millis()};
      break;
    case 2:
      words = {"EXPIREAT", Key(), AtSeconds()};
      break;
    case 3:
      words = {"PEXPIREAT", Key(), AtMillis()};
      break;
    default:
      return {"PERSIST", Key()};
  }
  static constexpr const char* kConditions[] = {"NX", "XX", "GT", "LT"};
  if (OneIn(3)) words.push_back(kConditions[Below(4)]);
  return words;
}

std::vector<std::string> RandomWriter::OfBits() {
  const std::string bit = std::to_string(Below(400));
  const auto element = [this] { return "e" + std::to_string(Below(500)); };
  const auto sketch = [this] { return Key() + ":hll"; };
  static constexpr const char* kOperations[] = {"AND", "OR", "XOR", "NOT"};
  switch (Below(8)) {
    case 0:
    case 1:
      return {"SETBIT", Key(), bit, std::to_string(Below(2))};
    case 2: {
      const size_t operation = Below(4);
      std::vector<std::string> words = {"BITOP", kOperations[operation], Key(), Key()};
      if (operation < 3) words.push_back(Key());
      return words;
    }
    case 3:
      return {"BITFIELD", Key(), "SET", "u7", bit, std::to_string(Below(128)),
              "INCRBY",   "i5",  "#3",  "9"};
    case 4:
    case 5:
      return {"PFADD", sketch(), element(), element(), element()};
    case 6:
      return {OneIn(3) ? "PFCOUNT" : "PFADD", sketch()};
    default:
      return OneIn(4) ? std::vector<std::string>{"PFDEBUG", "TODENSE", sketch()}
                      : std::vector<std::string>{"PFMERGE", sketch(), sketch(), sketch()};
  }
}

std::vector<std::string> RandomWriter::OfCollections() {
  auto field = [this] { return "f" + std::to_string(Below(8)); };
  const std::string list = Key() + ":list";
  switch (Below(9)) {
    case 0:
      return {"HSET", Key(), field(), Value(), field(), Value()};
    case 1:
      return {"HSET", Key() + ":hash", field(), Value()};
    case 2:
      return {"HDEL", Key() + ":hash", field(), field()};
    case 3:
      return {OneIn(2) ? "LPUSH" : "RPUSH", list, Value(), Value()};
    case 4:
      return {OneIn(2) ? "LPUSH" : "RPUSH", Key(), Value()};
    case 5:
      return {OneIn(2) ? "LPOP" : "RPOP", list, std::to_string(Below(3))};
    case 6:
      return {OneIn(2) ? "LPOP" : "RPOP", list};
    case 7:
      return {"SORT", list, "ALPHA", "GET", "#", "GET", "nothing", "STORE", Key() + ":list"};
    default:
      return {OneIn(2) ? "BLPOP" : "BRPOP", Key() + ":list", list, "0"};
  }
}

std::vector<std::string> RandomWriter::OfKeyspaces() {
  static constexpr const char* kNames[] = {"0", "1", "cache", "timed", "fifo"};
  switch (Below(30)) {
    case 0:
    case 6:
      return {"FLUSHDB"};
    case 1:
      return OneIn(4) ? std::vector<std::string>{"FLUSHALL"}
                      : std::vector<std::string>{"GET", Key()};
    case 2:
      return {"NAMESPACE", "CLEAR", "NS", kNames[Below(5)]};
    case 7:
      return swaps_ ? std::vector<std::string>{"SWAPDB", "0", "1"}
                    : std::vector<std::string>{"GET", Key()};
    case 3:
      return {"NAMESPACE", "BUMP", "NS", kNames[Below(5)]};
    case 4:
    case 5:
      return {"NAMESPACE", "USE", kNames[2 + Below(3)]};
    default:
      return {"SELECT", std::to_string(Below(2))};
  }
}

std::vector<std::string> RandomWriter::Command() {
  prefix_ = Below(6);
  switch (Below(18)) {
    case 16:
    case 17:
      return OfBits();
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      return OfStrings();
    case 7:
    case 8:
    case 9:
      return OfKeys();
    case 10:
    case 11:
    case 12:
      return OfExpiry();
    case 13:
    case 14:
      return OfCollections();
    default:
      return OfKeyspaces();
  }
}

}  // namespace replete
