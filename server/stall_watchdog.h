#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace replete {

class Server;

// A thread that looks whether the loops run, tells in the log which does not and what command it is
// in, and, while all run, tells a service manager that wants to know (see service_manager.h).
class StallWatchdog {
 public:
  explicit StallWatchdog(Server& server);
  ~StallWatchdog();
  StallWatchdog(const StallWatchdog&) = delete;
  StallWatchdog& operator=(const StallWatchdog&) = delete;

 private:
  void Run();
  void Look(int64_t threshold_ms);

  Server& server_;
  std::vector<int64_t> stalled_ms_;  // by loop; 0: it runs
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace replete
