#include "core/keyspace/shard_mutex.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace replete {
namespace {

TEST(ShardMutexTest, IsTakenOnce) {
  ShardMutex mutex;
  EXPECT_TRUE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock();
  mutex.lock();
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
  EXPECT_EQ(mutex.contended(), 0u) << "try_lock and a free lock are no contention";
}

TEST(ShardMutexTest, ThreadsIncrementUnderTheLock) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20'000;
  ShardMutex mutex;
  uint64_t counter = 0;
  uint64_t tries = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < kRounds; ++round) {
        if (i == 0 && mutex.try_lock()) {
          ++tries;
        } else {
          mutex.lock();
        }
        ++counter;
        // Long enough now and then for the others to fall asleep.
        if (round % 5000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        mutex.unlock();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, uint64_t{kThreads} * kRounds);
  EXPECT_LE(mutex.contended(), counter - tries);
}

TEST(ShardMutexTest, EverySleeperIsWoken) {
  ShardMutex mutex;
  int passed = 0;
  std::vector<std::thread> threads;
  {
    std::lock_guard held(mutex);
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        std::lock_guard lock(mutex);
        ++passed;
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, 8);
}

}  // namespace
}  // namespace replete
