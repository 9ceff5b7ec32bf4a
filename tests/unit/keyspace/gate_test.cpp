#include "core/keyspace/gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/lock_set.h"

namespace replete {
namespace {

// --- every schedule of small cases ---

// Three shards to lock; each in a keyspace of its own, so that lock sets order by keyspace.
class Shards {
 public:
  Shards() {
    NamespaceSettings settings;  // up to 64k entries: one shard
    for (uint32_t i = 0; i < 3; ++i) {
      keyspaces_.push_back(std::make_unique<Keyspace>(i, std::string(1, static_cast<char>('a' + i)),
                                                      -1, settings, &reclaimer_, &memory_));
    }
  }
  Shard* Named(char name) { return &keyspaces_[static_cast<size_t>(name - 'A')]->shard(0); }

 private:
  Reclaimer reclaimer_;
  MemoryTotal memory_;
  std::vector<std::unique_ptr<Keyspace>> keyspaces_;
};

bool IsFree(Shard* shard) {
  if (!shard->mutex.try_lock()) return false;
  shard->mutex.unlock();
  return true;
}

class World;

// A command as a machine whose steps the schedule interleaves: Lock, then Unlock; or Lock,
// OwnAndUnlock, Disown. Lock is one step: mutexes are taken in one order, so who waits for one
// waits for somebody who waits for none below it.
class Actor final : public Waiter {
 public:
  enum class State { kReady, kHolding, kOwning, kParked, kDone };

  Actor(World& world, std::string shards, bool owner);

  bool CanStep() const;
  void Step();
  void Wake() override;
  State state() const { return state_; }
  bool Holds(const Shard* shard) const {
    return state_ == State::kHolding && locks_.Contains(shard);
  }
  // Nobody else may be in the shard.
  bool Excludes(const Shard* shard) const {
    return Holds(shard) || (state_ == State::kOwning && locks_.Contains(shard));
  }
  int parks() const { return parks_; }
  int wakes() const { return wakes_; }

 private:
  World& world_;
  LockSet locks_;
  std::vector<Shard*> in_order_;
  const bool owner_;
  State state_ = State::kReady;
  int parks_ = 0;
  int wakes_ = 0;
};

// One run of all actors under one schedule, with what must hold at each step.
class World {
 public:
  struct Plan {
    std::string shards;
    bool owner;
  };

  World(Shards& shards, const std::vector<Plan>& plans) : shards_(shards) {
    for (const Plan& plan : plans) {
      actors_.push_back(std::make_unique<Actor>(*this, plan.shards, plan.owner));
    }
  }

  Shards& shards() { return shards_; }
  std::vector<size_t> Choices() const {
    std::vector<size_t> choices;
    for (size_t i = 0; i < actors_.size(); ++i) {
      if (actors_[i]->CanStep()) choices.push_back(i);
    }
    return choices;
  }
  void Step(size_t actor) {
    actors_[actor]->Step();
    for (char name : {'A', 'B', 'C'}) {
      const Shard* shard = shards_.Named(name);
      EXPECT_LE(std::count_if(actors_.begin(), actors_.end(),
                              [shard](const auto& one) { return one->Excludes(shard); }),
                1)
          << "two in shard " << name;
    }
  }
  void NoteParked(const Shard* gate, const Actor* actor) { parked_[gate].push_back(actor); }
  void ExpectOnlyHoldersHold(const char* otherwise) {
    for (char name : {'A', 'B', 'C'}) {
      const Shard* shard = shards_.Named(name);
      const bool held = std::any_of(actors_.begin(), actors_.end(),
                                    [shard](const auto& one) { return one->Holds(shard); });
      EXPECT_EQ(IsFree(shards_.Named(name)), !held) << otherwise;
    }
  }
  void NoteWoken(const Actor* actor) {
    ExpectOnlyHoldersHold("woken under a lock");
    for (auto& [gate, queue] : parked_) {
      if (std::find(queue.begin(), queue.end(), actor) == queue.end()) continue;
      EXPECT_EQ(queue.front(), actor) << "woken before who parked earlier";
      std::erase(queue, actor);
      return;
    }
    ADD_FAILURE() << "woken without having parked";
  }
  void ExpectFinished() {
    for (const auto& actor : actors_) {
      EXPECT_EQ(actor->state(), Actor::State::kDone) << "nobody can go on: a deadlock";
      EXPECT_EQ(actor->wakes(), actor->parks());
      parks_ += actor->parks();
    }
    for (char name : {'A', 'B', 'C'}) {
      EXPECT_TRUE(IsFree(shards_.Named(name)));
      EXPECT_FALSE(shards_.Named(name)->gate.owned());
    }
  }
  int parks() const { return parks_; }

 private:
  Shards& shards_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::map<const Shard*, std::deque<const Actor*>> parked_;
  int parks_ = 0;
};

Actor::Actor(World& world, std::string shards, bool owner) : world_(world), owner_(owner) {
  for (char name : shards) locks_.Add(world_.shards().Named(name));
  std::sort(shards.begin(), shards.end());
  for (char name : shards) in_order_.push_back(world_.shards().Named(name));
}

bool Actor::CanStep() const {
  if (state_ == State::kParked || state_ == State::kDone) return false;
  if (state_ == State::kHolding) return true;
  for (Shard* shard : in_order_) {
    if (!IsFree(shard)) return false;
    if (state_ == State::kReady && shard->gate.owned()) return true;
  }
  return true;
}

void Actor::Step() {
  switch (state_) {
    case State::kReady: {
      if (locks_.Lock(this)) {
        state_ = State::kHolding;
        return;
      }
      state_ = State::kParked;
      ++parks_;
      const auto gate = std::find_if(in_order_.begin(), in_order_.end(),
                                     [](const Shard* shard) { return shard->gate.owned(); });
      ASSERT_NE(gate, in_order_.end()) << "parked where nobody owns";
      world_.NoteParked(*gate, this);
      world_.ExpectOnlyHoldersHold("holds a mutex while parked");
      return;
    }
    case State::kHolding:
      if (owner_) {
        locks_.OwnAndUnlock();
        state_ = State::kOwning;
      } else {
        locks_.Unlock();
        state_ = State::kDone;
      }
      return;
    case State::kOwning:
      state_ = State::kDone;
      locks_.Disown();
      return;
    default:
      ADD_FAILURE() << "stepped while it cannot";
  }
}

void Actor::Wake() {
  EXPECT_EQ(state_, State::kParked);
  state_ = State::kReady;
  ++wakes_;
  world_.NoteWoken(this);
}

struct Explored {
  int schedules = 0;
  int parks = 0;
};

// Runs the plans under every schedule: depth first, each from the start.
Explored Explore(const std::vector<World::Plan>& plans) {
  Shards shards;
  Explored explored;
  struct Choice {
    size_t taken;
    size_t of;
  };
  std::vector<Choice> path;
  do {
    World world(shards, plans);
    for (size_t depth = 0;; ++depth) {
      const std::vector<size_t> choices = world.Choices();
      if (choices.empty()) break;
      if (depth == path.size()) path.push_back({0, choices.size()});
      EXPECT_EQ(path[depth].of, choices.size()) << "a run is not determined by its schedule";
      world.Step(choices[path[depth].taken]);
    }
    world.ExpectFinished();
    ++explored.schedules;
    explored.parks += world.parks();
    while (!path.empty() && ++path.back().taken == path.back().of) path.pop_back();
  } while (!path.empty() && !::testing::Test::HasFailure());
  return explored;
}

constexpr bool kShort = false;
constexpr bool kOwner = true;

TEST(GateSchedules, ShortCommandsNeverPark) {
  const Explored explored = Explore({{"A", kShort}, {"AB", kShort}, {"B", kShort}});
  EXPECT_GT(explored.schedules, 6);
  EXPECT_EQ(explored.parks, 0);
}

TEST(GateSchedules, OneOwner) {
  const Explored explored = Explore({{"A", kShort}, {"AB", kShort}, {"AB", kOwner}});
  EXPECT_GT(explored.schedules, 10);
  EXPECT_GT(explored.parks, 0);
}

TEST(GateSchedules, TwoOwnersOfTheSameShards) {
  const Explored explored =
      Explore({{"A", kShort}, {"BA", kShort}, {"AB", kOwner}, {"BA", kOwner}});
  EXPECT_GT(explored.schedules, 200);
  EXPECT_GT(explored.parks, explored.schedules / 2);
}

TEST(GateSchedules, OwnersThatOverlapInOneShard) {
  const Explored explored =
      Explore({{"AC", kShort}, {"CBA", kShort}, {"AB", kOwner}, {"BC", kOwner}});
  EXPECT_GT(explored.schedules, 200);
  EXPECT_GT(explored.parks, 0);
}

TEST(GateSchedules, ManyParkAtOneOwner) {
  const Explored explored =
      Explore({{"A", kShort}, {"A", kShort}, {"AB", kShort}, {"B", kShort}, {"AB", kOwner}});
  EXPECT_GT(explored.schedules, 1000);
  EXPECT_GT(explored.parks, 0);
}

TEST(GateSchedules, ThreeOwners) {
  const Explored explored =
      Explore({{"AB", kOwner}, {"BC", kOwner}, {"CA", kOwner}, {"B", kShort}});
  EXPECT_GT(explored.schedules, 500);
  EXPECT_GT(explored.parks, 0);
}

// --- queues and threads ---

class Nobody final : public Waiter {
 public:
  void Wake() override {}
};

TEST(Gate, WaitersComeOutInTheOrderTheyParkedIn) {
  Nobody waiters[4];
  WaiterQueue woken;
  Gate gate;
  gate.Own();
  gate.Park(&waiters[2]);
  gate.Park(&waiters[0]);
  woken.Push(&waiters[3]);
  EXPECT_TRUE(gate.owned());
  gate.Release(&woken);
  EXPECT_FALSE(gate.owned());
  for (Nobody* expected : {&waiters[3], &waiters[2], &waiters[0]}) EXPECT_EQ(woken.Pop(), expected);
  EXPECT_TRUE(woken.empty());
  EXPECT_EQ(woken.Pop(), nullptr);
  woken.Push(&waiters[1]);
  EXPECT_EQ(woken.Pop(), &waiters[1]);
}

TEST(LockSetTest, ShardsAreTakenOnceAndInOrder) {
  Shards shards;
  LockSet locks;
  for (char name : {'C', 'A', 'C', 'B', 'A'}) locks.Add(shards.Named(name));
  Nobody nobody;
  ASSERT_TRUE(locks.Lock(&nobody));
  EXPECT_EQ(locks.shards(),
            (std::vector<Shard*>{shards.Named('A'), shards.Named('B'), shards.Named('C')}));
  for (char name : {'A', 'B', 'C'}) EXPECT_FALSE(IsFree(shards.Named(name)));
  locks.Unlock();
  for (char name : {'A', 'B', 'C'}) EXPECT_TRUE(IsFree(shards.Named(name)));
}

class ThreadWaiter final : public Waiter {
 public:
  void Wake() override { woken_.release(); }
  void Wait() { woken_.acquire(); }

 private:
  std::binary_semaphore woken_{0};
};

TEST(LockSetTest, ThreadsShareShardsWithOwners) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  static constexpr const char* kSets[] = {"A", "BA", "BC", "CA", "C", "ABC"};
  Shards shards;
  int counters[3] = {};
  auto work = [&](int thread) {
    ThreadWaiter waiter;
    for (int round = 0; round < kRounds; ++round) {
      const std::string set = kSets[(round * 7 + thread) % 6];
      LockSet locks;
      for (char name : set) locks.Add(shards.Named(name));
      while (!locks.Lock(&waiter)) waiter.Wait();
      const bool owner = (round + thread) % 5 == 0;
      if (owner) locks.OwnAndUnlock();
      for (char name : set) ++counters[name - 'A'];
      if (owner) {
        locks.Disown();
      } else {
        locks.Unlock();
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  int expected[3] = {};
  for (int thread = 0; thread < kThreads; ++thread) {
    for (int round = 0; round < kRounds; ++round) {
      for (const char* name = kSets[(round * 7 + thread) % 6]; *name != '\0'; ++name) {
        ++expected[*name - 'A'];
      }
    }
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(counters[i], expected[i]);
}

}  // namespace
}  // namespace replete
