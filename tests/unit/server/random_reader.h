#pragma once

#include <string>
#include <vector>

#include "tests/unit/server/random_writer.h"

namespace replete {

// Makes up commands that read the keys which a RandomWriter writes, and some that do both or change
// namespaces.
class RandomReader {
 public:
  explicit RandomReader(RandomWriter* random) : random_(*random) {}

  std::vector<std::string> Command() {
    prefix_ = random_.Below(6);
    switch (random_.Below(3)) {
      case 0:
        return OfMetadata();
      case 1:
        return OfCollections();
      default:
        return OfStrings();
    }
  }
  // Not inside MULTI.
  std::vector<std::string> OfNamespaces() {
    switch (random_.Below(7)) {
      case 0:
        return {"NAMESPACE", "DROP", "fifo"};
      case 1:
      case 2:
        return {"NAMESPACE", "CREATE", "fifo", "MAX_ENTRIES", "6", "POLICY", "fifo"};
      case 3:
        return {"NAMESPACE", "CLEAR"};
      case 4:
        return {"NAMESPACE", "BUMP"};
      case 5:
        return {"NAMESPACE", "ALTER", "cache", "MAX_ENTRIES", std::to_string(random_.Below(6) + 6)};
      default:
        return {"TESTLONG", "0", "number:1", "number:2"};
    }
  }

 private:
  std::string Key() {
    static constexpr const char* kPrefixes[] = {"", "", "", "c:", "c:", "t:"};
    static constexpr const char* kKinds[] = {"", "", ":hash", ":list"};
    return kPrefixes[prefix_] + std::string("key:") + std::to_string(random_.Below(30)) +
           (collections_ ? kKinds[random_.Below(4)] : "");
  }
  std::string Field() { return "f" + std::to_string(random_.Below(8)); }

  std::vector<std::string> OfStrings() {
    collections_ = random_.OneIn(4);
    switch (random_.Below(8)) {
      case 0:
        return {"MGET", Key(), Key(), Key(), Key()};
      case 1:
        return {"STRLEN", Key()};
      case 2:
        return {"GETEX", Key()};
      case 3:
        return {"GETRANGE", Key(), "1", "-2"};
      case 4:
        return {"SET", Key(), "new", "GET", random_.OneIn(2) ? "XX" : "KEEPTTL"};
      default:
        return {"GET", Key()};
    }
  }
  std::vector<std::string> OfCollections() {
    collections_ = true;
    switch (random_.Below(6)) {
      case 0:
        return {"HGET", Key(), Field()};
      case 1:
      case 2:
        return {"HGETALL", Key()};
      case 3:
        return {"HLEN", Key()};
      case 4:
        return {"HEXISTS", Key(), Field()};
      default:
        return {"LLEN", Key()};
    }
  }
  std::vector<std::string> OfMetadata() {
    collections_ = true;
    static constexpr const char* kOfOneKey[] = {"TTL",         "PTTL", "EXPIRETIME",
                                                "PEXPIRETIME", "TYPE", "EXISTS"};
    switch (random_.Below(12)) {
      case 0:
        return {"DBSIZE"};
      case 1:
        return {"KEYS", "*"};
      case 2:
        return {"KEYS", random_.OneIn(2) ? "*key:1*" : Key()};
      case 3:
        return {"EXISTS", Key(), Key(), Key()};
      case 4:
        return {"TOUCH", Key(), Key()};
      default:
        return {kOfOneKey[random_.Below(6)], Key()};
    }
  }

  RandomWriter& random_;
  size_t prefix_ = 0;
  bool collections_ = false;
};

}  // namespace replete
