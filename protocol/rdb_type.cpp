#include "protocol/rdb_value.h"

namespace replete {

bool IsReadable(RdbType type) {
  switch (type) {
    case RdbType::kString:
    case RdbType::kList:
    case RdbType::kListZiplist:
    case RdbType::kListQuicklist:
    case RdbType::kListQuicklist2:
    case RdbType::kHash:
    case RdbType::kHashZiplist:
    case RdbType::kHashListpack:
      return true;
    default:
      return false;
  }
}

std::string_view RdbTypeName(RdbType type) {
  switch (type) {
    case RdbType::kString:
      return "string";
    case RdbType::kList:
    case RdbType::kListZiplist:
    case RdbType::kListQuicklist:
    case RdbType::kListQuicklist2:
      return "list";
    case RdbType::kHash:
    case RdbType::kHashZiplist:
    case RdbType::kHashListpack:
      return "hash";
    case RdbType::kHashZipmap:
      return "hash zipmap";
    case RdbType::kHashWithExpiryPreview:
    case RdbType::kHashListpackWithExpiryPreview:
    case RdbType::kHashWithExpiry:
    case RdbType::kHashListpackWithExpiry:
      return "hash with field expiry";
    case RdbType::kSet:
    case RdbType::kSetIntset:
    case RdbType::kSetListpack:
      return "set";
    case RdbType::kSortedSet:
    case RdbType::kSortedSet2:
    case RdbType::kSortedSetZiplist:
    case RdbType::kSortedSetListpack:
      return "sorted set";
    case RdbType::kStream:
    case RdbType::kStream2:
    case RdbType::kStream3:
      return "stream";
    case RdbType::kModule:
    case RdbType::kModule2:
      return "module";
  }
  return "unknown type";
}

}  // namespace replete
