#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace replete {

// What goes wrong on the disk of the tests. Changes at any time, from any thread.
struct DiskFaults {
  enum class Writes : uint8_t { kSucceed, kFail, kFindNoRoom };

  std::atomic<Writes> writes{Writes::kSucceed};  // of data, and of what files there are
  // Bytes that can still be written; what is deleted gives its own back.
  std::atomic<int64_t> room{std::numeric_limits<int64_t>::max() / 2};
  std::atomic<bool> reads_fail{false};
  std::atomic<bool> syncs_fail{false};
  // What was written and not synced is gone when the process is: as when power is cut.
  bool unsynced_is_lost = false;

  // "writes=ok|fail|full", "room=N", "reads=ok|fail", "syncs=ok|fail", "unsynced=lost|kept" with
  // commas in between; what is not named stays. False: *problem names what is wrong.
  bool Set(std::string_view text, std::string* problem);
};

}  // namespace replete
