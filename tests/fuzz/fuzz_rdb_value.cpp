// A value is read from any bytes without harm, and what could be read is the same again after it
// was written. The first byte is the type; its values from 0x80 up ask for a whole DUMP payload.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dump_payload.h"
#include "protocol/rdb_value.h"

namespace {

constexpr uint64_t kMaxString = 100000;

class Collector final : public replete::RdbVisitor {
 public:
  bool String(std::string_view value) override { return Add(replete::RdbType::kString, value); }
  bool Item(std::string_view item) override { return Add(replete::RdbType::kList, item); }
  bool Field(std::string_view field, std::string_view value) override {
    return Add(replete::RdbType::kHash, field) && Add(replete::RdbType::kHash, value);
  }

  replete::RdbType type = replete::RdbType::kString;
  std::vector<std::string> strings;

 private:
  bool Add(replete::RdbType kind, std::string_view text) {
    if (text.size() > kMaxString || (!strings.empty() && kind != type)) {
      std::abort();
    }
    type = kind;
    strings.emplace_back(text);
    return true;
  }
};

void WriteAndReadAgain(const Collector& first, bool compress) {
  std::string bytes;
  replete::RdbWriter writer(&bytes, compress);
  if (first.type == replete::RdbType::kList) {
    writer.BeginList(first.strings.size());
  } else if (first.type == replete::RdbType::kHash) {
    writer.BeginHash(first.strings.size() / 2);
  }
  for (const std::string& text : first.strings) {
    writer.String(text);
  }
  const std::string payload = replete::WriteDump(first.type, bytes);
  replete::OpenedDump opened;
  if (!replete::OpenDump(payload, &opened) || opened.type != first.type) {
    std::abort();
  }
  replete::RdbReader reader(opened.body, kMaxString);
  Collector second;
  if (reader.ReadValue(opened.type, second) != replete::RdbResult::kOk || !reader.AtEnd() ||
      second.type != first.type || second.strings != first.strings) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) {
    return 0;
  }
  std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  auto type = static_cast<replete::RdbType>(data[0]);
  replete::OpenedDump opened;
  if (data[0] >= 0x80) {
    if (!replete::OpenDump(body, &opened)) {
      return 0;
    }
    type = opened.type;
    body = opened.body;
  }
  replete::RdbReader reader(body, kMaxString);
  Collector collector;
  if (reader.ReadValue(type, collector) == replete::RdbResult::kOk) {
    WriteAndReadAgain(collector, size % 2 == 0);
  }
  return 0;
}
