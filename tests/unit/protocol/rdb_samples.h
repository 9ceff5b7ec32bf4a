#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/rdb_value.h"

namespace replete {

// Keeps what it is given: "string", "list" or "hash", then the strings of the value.
class RdbRecorder final : public RdbVisitor {
 public:
  bool String(std::string_view value) override { return Add("string", {value}); }
  bool Item(std::string_view item) override { return Add("list", {item}); }
  bool Field(std::string_view field, std::string_view value) override {
    return Add("hash", {field, value});
  }

  std::vector<std::string> content;
  size_t visits_left = SIZE_MAX;  // then it refuses

 private:
  bool Add(std::string_view kind, std::initializer_list<std::string_view> texts) {
    if (visits_left-- == 0) {
      return false;
    }
    if (content.empty()) {
      content.emplace_back(kind);
    }
    content.insert(content.end(), texts.begin(), texts.end());
    return content.front() == kind;
  }
};

inline std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline std::string ToHex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    hex += "0123456789abcdef"[c & 0xf];
  }
  return hex;
}

struct DumpSample {
  const char* hex;
  std::vector<std::string> content;
};

// What redis-server 7.0.15 returned for DUMP, and what it had been given.
inline const std::vector<DumpSample>& DumpSamples() {
  static const std::vector<DumpSample> samples = {
      {"00000a005d9b5c400f7fa2da", {"string", ""}},
      {"00c0000a009840a778f8500308", {"string", "0"}},
      {"00c0070a0074cd48a283abce92", {"string", "7"}},
      {"00c0ff0a000c937e2485089dc5", {"string", "-1"}},
      {"00c07f0a000db5eb315254c514", {"string", "127"}},
      {"00c180000a00eb7ab3b510cf4b65", {"string", "128"}},
      {"00c0800a009966326d2f0c5bd9", {"string", "-128"}},
      {"00c17fff0a001760822854808480", {"string", "-129"}},
      {"00c1ff7f0a00495a37da17f4d52b", {"string", "32767"}},
      {"00c2008000000a0045d82eedd5bda910", {"string", "32768"}},
      {"00c100800a00b540064753bb1ace", {"string", "-32768"}},
      {"00c2ff7fffff0a00aee34c4d06c68536", {"string", "-32769"}},
      {"00c2ffffff7f0a002c74e59ee02eada1", {"string", "2147483647"}},
      {"000a323134373438333634380a00e7b129a34c1d76ee", {"string", "2147483648"}},
      {"00c2000000800a00c74f873e33558187", {"string", "-2147483648"}},
      {"000b2d323134373438333634390a00c261377908f2028c", {"string", "-2147483649"}},
      {"00033030370a007258e27b4c69bad9", {"string", "007"}},
      {"00022d300a00d5411fd9d6d050cc", {"string", "-0"}},
      {"00022b350a0087d1480711b44cc2", {"string", "+5"}},
      {"000b31323334353637383930310a00304e52d727176510", {"string", "12345678901"}},
      {"000568656c6c6f0a006372df766534200a", {"string", "hello"}},
      {"001461616161616161616161616161616161616161610a0083b46b5e1b11acf1",
       {"string", std::string(20, 'a')}},
      {"00c30615016161e00a000a00fd0cb36807413f68", {"string", std::string(21, 'a')}},
      {"001a6162636465666768696a6b6c6d6e6f707172737475767778797a0a009e1b3f34abfc5f79",
       {"string", "abcdefghijklmnopqrstuvwxyz"}},
      {"00c30c412c017878e0ff00e017000178780a00f033195a8b660d84", {"string", std::string(300, 'x')}},
      {"120102191900000005008161020101dfff02c12c028568656c6c6f06ff0a00b8373e6766e7b3bf",
       {"list", "a", "1", "-1", "300", "hello"}},
      {"120102c3406d40e71fe700000015000c010d017f01c08002d00002cfff02f1001003f1008003f1ff7f1003f2ff7"
       "f"
       "ff04f2ffff7f04f200008004f32004030005f3ff20100005200b03008005f440052003020009f420154000017f0"
       "9"
       "401340000580098001bf79e035000340e0407ae036000142ff0a004be0241809089666",
       {"list",
        "12",
        "13",
        "127",
        "128",
        "-4096",
        "4095",
        "4096",
        "-32768",
        "32767",
        "-32769",
        "8388607",
        "-8388608",
        "8388608",
        "2147483647",
        "-2147483648",
        "2147483648",
        "9223372036854775807",
        "-9223372036854775808",
        "",
        std::string(63, 'y'),
        std::string(64, 'z')}},
      {"1203020d0d0000000200816102816202ff020d0d0000000200816302816402ff020a0a0000000100816502ff0a0"
       "0"
       "ec5236a76020a1db",
       {"list", "a", "b", "c", "d", "e"}},
      {"1012120000000400816602817602816e020c01ff0a0001369481d35b8974",
       {"hash", "f", "v", "n", "12"}},
      {"0402016ec00c016601760a0051a96948d7aef981", {"hash", "n", "12", "f", "v"}},
  };
  return samples;
}

}  // namespace replete
