#pragma once

#include <cstdint>
#include <string_view>

namespace replete {

// systemd's notification protocol (man 3 sd_notify, man 3 sd_watchdog_enabled): datagrams to the
// socket that NOTIFY_SOCKET names. Without one nothing is sent. Any thread.
class ServiceManager {
 public:
  // Whether there is one that wants to be told.
  static bool Present();
  // "READY=1", "STOPPING=1", "WATCHDOG=1".
  static void Tell(std::string_view state);
  // How often WATCHDOG=1 is to be told: half of what was asked for; 0: never.
  static int64_t KeepAliveMs();
};

}  // namespace replete
