#include "core/keyspace/reclaimer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace replete {
namespace {

// Memory that counts its end.
struct Counted {
  explicit Counted(std::atomic<int>* into) : freed(into) {}
  std::atomic<int>* freed;
  int canary = 42;
};

void FreeCounted(void* memory, size_t size) {
  EXPECT_EQ(size, sizeof(Counted));
  auto* item = static_cast<Counted*>(memory);
  item->canary = 0;
  item->freed->fetch_add(1);
  delete item;
}

class ReclaimerTest : public ::testing::Test {
 protected:
  void Retire() { reclaimer_.Retire(new Counted(&freed_), sizeof(Counted), &FreeCounted); }
  Reclaimer::Reader Register() {
    bool valid = false;
    Reclaimer::Reader reader = reclaimer_.Register(&valid);
    EXPECT_TRUE(valid);
    return reader;
  }

  std::atomic<int> freed_{0};
  Reclaimer reclaimer_;
};

TEST_F(ReclaimerTest, FreesAtOnceWhenNobodyReads) {
  Retire();
  EXPECT_EQ(freed_, 1);
  Reclaimer::Reader reader = Register();
  Retire();
  EXPECT_EQ(freed_, 2);
  { Reclaimer::ReadGuard guard(reader); }
  Retire();
  EXPECT_EQ(freed_, 3);
}

TEST_F(ReclaimerTest, WaitsForWhoWasReading) {
  Reclaimer::Reader first = Register();
  Reclaimer::Reader second = Register();
  auto early = std::make_unique<Reclaimer::ReadGuard>(first);
  Retire();
  EXPECT_EQ(freed_, 0);
  // Who begins afterwards cannot see what is retired, and keeps only what is retired later.
  auto late = std::make_unique<Reclaimer::ReadGuard>(second);
  Retire();
  reclaimer_.Collect();
  EXPECT_EQ(freed_, 0);
  early.reset();
  reclaimer_.Collect();
  EXPECT_EQ(freed_, 1);
  late.reset();
  reclaimer_.Collect();
  EXPECT_EQ(freed_, 2);
  reclaimer_.Collect();
  EXPECT_EQ(freed_, 2);
}

TEST_F(ReclaimerTest, ItsEndFreesTheRest) {
  std::atomic<int> freed{0};
  {
    Reclaimer reclaimer;
    bool valid = false;
    Reclaimer::Reader reader = reclaimer.Register(&valid);
    Reclaimer::ReadGuard guard(reader);
    reclaimer.Retire(new Counted(&freed), sizeof(Counted), &FreeCounted);
    EXPECT_EQ(freed, 0);
  }
  EXPECT_EQ(freed, 1);
}

TEST_F(ReclaimerTest, OneReaderTooManyIsNotProtectedAndKnowsIt) {
  for (size_t i = 0; i < Reclaimer::kMaxReaders; ++i) Register();
  for (int i = 0; i < 3; ++i) {
    bool valid = true;
    Reclaimer::Reader reader = reclaimer_.Register(&valid);
    EXPECT_FALSE(valid);
    Reclaimer::ReadGuard guard(reader);
    Retire();
    EXPECT_EQ(freed_, i + 1);
  }
}

TEST_F(ReclaimerTest, ReadersNeverSeeWhatIsFreed) {
  constexpr int kReplacements = 20'000;
  std::atomic<Counted*> shared{new Counted(&freed_)};
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, reader = Register()]() mutable {
      while (!stop.load()) {
        Reclaimer::ReadGuard guard(reader);
        const Counted* seen = shared.load();
        for (int look = 0; look < 10; ++look) {
          if (seen->canary != 42) ++wrong;
        }
      }
    });
  }
  for (int i = 0; i < kReplacements; ++i) {
    Counted* old = shared.exchange(new Counted(&freed_));
    reclaimer_.Retire(old, sizeof(Counted), &FreeCounted);
    if (i % 64 == 0) reclaimer_.Collect();
  }
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  reclaimer_.Collect();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(freed_, kReplacements);
  delete shared.load();
}

}  // namespace
}  // namespace replete
