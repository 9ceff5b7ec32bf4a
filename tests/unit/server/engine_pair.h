#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/tier/fake_tier.h"
#include "tests/unit/keyspace/manual_clock.h"
#include "tests/unit/server/command_runner.h"
#include "tests/unit/server/effect_replay.h"

namespace replete {

// A daemon with one client, whose effects are kept until they are asked for.
class TestDaemon {
 public:
  TestDaemon(Clock& clock, std::optional<FakeTierOptions> tier)
      : server_(Options(clock, std::move(tier))), runner_(server_) {}

  Server& server() { return server_; }
  CommandRunner& runner() { return runner_; }
  FakeTier& tier() { return *server_.fake_tier(); }
  // Since the last call. The client waits for nothing.
  std::vector<Recorded> TakeEffects() { return std::exchange(effects_, {}); }

  // A reply that is on its way.
  struct Pending {
    Reply reply;       // where it has come already
    HeldReplies held;  // else
  };
  // Runs one command to its end and does not wait until it is stored. A client that would wait for
  // an element gives up at once.
  void Execute(const std::vector<std::string>& words, Pending* pending);
  // What the client is told, once all that it speaks of has settled.
  static Reply Await(Pending* pending);
  Reply Run(const std::vector<std::string>& words) {
    Pending pending;
    Execute(words, &pending);
    return Await(&pending);
  }

 private:
  ServerOptions Options(Clock& clock, std::optional<FakeTierOptions> tier);

  std::vector<Recorded> effects_;
  Server server_;
  CommandRunner runner_;
};

// The same daemon twice, one without a tier and one with, on one clock. One thread.
class EnginePair {
 public:
  static constexpr const char* kNamespaces[] = {"0", "1", "cache", "timed", "fifo"};

  explicit EnginePair(const FakeTierOptions& tier) : tiered_(clock_, tier) {}

  ManualClock& clock() { return clock_; }
  TestDaemon& memory() { return memory_; }
  TestDaemon& tiered() { return tiered_; }
  FakeTier& tier() { return tiered_.tier(); }

  // A command that must be answered alike by both; stored when this returns.
  void Both(const std::string& line);
  void Sweep();
  // Both did the same since the last call. `ordered`: in the same order too.
  void ExpectSameEffects(bool ordered);
  // What the tier stores, the keys and deadlines of the daemon above it, and those values that it
  // has in RAM are what the daemon without a tier has. `leftovers`: the tier may store more.
  void ExpectSameContent(bool leftovers = false);
  void ExpectSameStats();

 private:
  ManualClock clock_;
  TestDaemon memory_{clock_, std::nullopt};
  TestDaemon tiered_;
};

// A reply as text; what comes in no order (names the command) is sorted.
std::string Normalised(const std::string& command, Reply reply);

}  // namespace replete
