#include "server/stall_watchdog.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "server/command_table.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/server.h"
#include "server/service_manager.h"

namespace replete {
namespace {

std::string Doing(const Server& server, const Loop& loop) {
  const Command* command = loop.dispatcher().running_command().load(std::memory_order_relaxed);
  if (command == nullptr) return "no command runs there";
  return "it runs " + server.commands().FullNameOf(*command);
}

}  // namespace

StallWatchdog::StallWatchdog(Server& server)
    : server_(server), stalled_ms_(server.threads()), thread_([this] { Run(); }) {}

StallWatchdog::~StallWatchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void StallWatchdog::Run() {
  ::pthread_setname_np(::pthread_self(), "watchdog");
  constexpr int64_t kSeldom = 1000;
  const int64_t keep_alive_ms = ServiceManager::KeepAliveMs();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const int64_t threshold = server_.settings().Snapshot()->stall_threshold_ms;
    int64_t period = threshold == 0 ? kSeldom : std::clamp<int64_t>(threshold / 4, 5, kSeldom);
    if (keep_alive_ms > 0) period = std::min(period, keep_alive_ms);
    changed_.wait_for(lock, std::chrono::milliseconds(period));
    if (stopping_) return;
    lock.unlock();
    if (threshold != 0) Look(threshold);
    if (keep_alive_ms > 0 && server_.HealthProblem().empty()) ServiceManager::Tell("WATCHDOG=1");
    lock.lock();
  }
}

void StallWatchdog::Look(int64_t threshold_ms) {
  for (size_t i = 0; i < stalled_ms_.size(); ++i) {
    const Loop& loop = server_.loop(i);
    const int64_t silent = loop.SilentMs();
    if (silent > threshold_ms + Loop::kTickMs) {
      if (stalled_ms_[i] == 0) {
        LogWarning("thread {} has been held up for {} ms: {}", i, silent, Doing(server_, loop));
      }
      stalled_ms_[i] = silent;
    } else if (stalled_ms_[i] != 0) {
      LogNotice("thread {} goes on, it had been held up for {} ms and more", i, stalled_ms_[i]);
      stalled_ms_[i] = 0;
    }
  }
}

}  // namespace replete
