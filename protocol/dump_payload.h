#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/rdb_value.h"

namespace replete {

// What DUMP returns and RESTORE takes (createDumpPayload in cluster.c of Redis): the byte of the
// type, the body, the RDB version in two bytes and the CRC-64 of all that in eight, both
// little-endian.

inline constexpr size_t kDumpFooterBytes = 10;

// Makes a payload of the type and the body that stand in *dump from `begin` to its end.
void FinishDump(std::string* dump, size_t begin = 0);
std::string WriteDump(RdbType type, std::string_view body);

struct OpenedDump {
  RdbType type;
  std::string_view body;  // into the payload
  uint16_t version;
};

// Checks the envelope, not the body. Redis answers both errors with "DUMP payload version or
// checksum are wrong", and does not mind bytes behind the value. Payloads of Redis 7.2 and 8, whose
// versions are 11 and 12, are opened too. False leaves *opened alone. A checksum of zero has no
// meaning here, unlike at the end of an RDB file.
bool OpenDump(std::string_view payload, OpenedDump* opened);

}  // namespace replete
