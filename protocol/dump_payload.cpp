#include "protocol/dump_payload.h"

#include "protocol/byte_order.h"
#include "protocol/crc64.h"

namespace replete {
namespace {

constexpr size_t kVersionBytes = 2;
constexpr size_t kCrcBytes = 8;
static_assert(kVersionBytes + kCrcBytes == kDumpFooterBytes);

}  // namespace

void FinishDump(std::string* dump, size_t begin) {
  char footer[kDumpFooterBytes];
  StoreLittleEndian(footer, kRdbWrittenVersion, kVersionBytes);
  dump->append(footer, kVersionBytes);
  StoreLittleEndian(footer, Crc64(0, std::string_view(*dump).substr(begin)), kCrcBytes);
  dump->append(footer, kCrcBytes);
}

std::string WriteDump(RdbType type, std::string_view body) {
  std::string dump;
  dump.reserve(1 + body.size() + kDumpFooterBytes);
  dump.push_back(static_cast<char>(type));
  dump.append(body);
  FinishDump(&dump);
  return dump;
}

bool OpenDump(std::string_view payload, OpenedDump* opened) {
  if (payload.size() < 1 + kDumpFooterBytes) {
    return false;
  }
  const std::string_view summed = payload.substr(0, payload.size() - kCrcBytes);
  const std::string_view value = summed.substr(0, summed.size() - kVersionBytes);
  const uint64_t version = LoadLittleEndian(value.data() + value.size(), kVersionBytes);
  const uint64_t crc = LoadLittleEndian(summed.data() + summed.size(), kCrcBytes);
  if (version > kRdbNewestReadVersion || Crc64(0, summed) != crc) {
    return false;
  }
  opened->type = static_cast<RdbType>(static_cast<unsigned char>(value.front()));
  opened->body = value.substr(1);
  opened->version = static_cast<uint16_t>(version);
  return true;
}

}  // namespace replete
