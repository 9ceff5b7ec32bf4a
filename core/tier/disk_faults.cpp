#include "core/tier/disk_faults.h"

#include <algorithm>
#include <cstdlib>

namespace replete {

bool DiskFaults::Set(std::string_view text, std::string* problem) {
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    if (item == "writes=ok") {
      writes = Writes::kSucceed;
    } else if (item == "writes=fail") {
      writes = Writes::kFail;
    } else if (item == "writes=full") {
      writes = Writes::kFindNoRoom;
    } else if (item.starts_with("room=")) {
      room = std::strtoll(std::string(item.substr(5)).c_str(), nullptr, 10);
    } else if (item == "reads=ok" || item == "reads=fail") {
      reads_fail = item == "reads=fail";
    } else if (item == "syncs=ok" || item == "syncs=fail") {
      syncs_fail = item == "syncs=fail";
    } else if (item == "unsynced=lost" || item == "unsynced=kept") {
      unsynced_is_lost = item == "unsynced=lost";
    } else {
      *problem = "no such fault of a disk: '" + std::string(item) + "'";
      return false;
    }
  }
  return true;
}

}  // namespace replete
