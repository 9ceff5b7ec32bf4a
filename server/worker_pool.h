#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace replete {

// Threads for what would hold a loop too long: commands that own their shards, and freeing memory.
// Jobs start in the order they come. Thread-safe.
//
// The threads are batch work to the scheduler (man 7 sched, SCHED_BATCH): one that is woken does
// not take the core from the loop that woke it, which may hold locks. `nice` is what they add to
// the process's nice level (man 2 nice), `name` what the system shows them as (at most 15 bytes).
class WorkerPool {
 public:
  WorkerPool(const char* name, size_t threads, int nice = 0);
  ~WorkerPool();  // as Stop
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Post(std::function<void()> job);
  // Runs what is queued and ends the threads; later jobs run in the caller.
  void Stop();

 private:
  void Run(const char* name, int nice);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace replete
