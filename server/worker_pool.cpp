#include "server/worker_pool.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

namespace replete {

WorkerPool::WorkerPool(const char* name, size_t threads, int nice) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([=, this] { Run(name, nice); });
}

WorkerPool::~WorkerPool() { Stop(); }

void WorkerPool::Post(std::function<void()> job) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_) {
      jobs_.push_back(std::move(job));
      changed_.notify_one();
      return;
    }
  }
  job();
}

void WorkerPool::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::Run(const char* name, int nice) {
  ::pthread_setname_np(::pthread_self(), name);
  // Both of this thread only, and refused at worst.
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH, &none);
  if (nice != 0) (void)!::nice(nice);
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace replete
