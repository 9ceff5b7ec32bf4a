#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/differential/commands.h"
#include "tests/differential/judge.h"
#include "tests/differential/random.h"
#include "tests/differential/session_pair.h"

namespace replete::test {

// The commands of each use, made once for all rounds.
struct Sources {
  RequestSource data;
  RequestSource session;
  RequestSource pubsub;
};

// A few hundred requests on empty servers: pipelines of two clients, now and then a listener of
// keyspace events and scenarios that need a certain order of clients, and in the end everything
// that is stored. A round needs nothing but its seed, so that it can be repeated alone.
class Round {
 public:
  Round(Servers* servers, Judge* judge, const Sources* sources, int protocol, std::uint64_t seed);

  // False when a server does not answer any more.
  bool Run(long long requests);

 private:
  // After a difference the servers hold different data: empty them and go on.
  bool Restart();
  bool Step();
  bool Batch();
  bool Drain();
  bool Stored();

  // Scenarios; false when a difference was found.
  bool Connections();
  bool ConnectionSteps(SessionPair* pair);
  bool Subscriptions();
  bool Blocking();
  bool BlockedClient(SessionPair* pair, const Request& request);
  bool WholeScan();
  bool Dumps();
  bool ScanAll(SessionPair* pair, const std::vector<std::string>& options);

  std::unique_ptr<SessionPair> NewPair(const std::string& name);

  Servers* servers_;
  Judge* judge_;
  const Sources* sources_;
  int protocol_;
  Random random_;
  bool listens_;
  std::unique_ptr<SessionPair> admin_;  // RESP2, database 0
  std::unique_ptr<SessionPair> main_;
  std::unique_ptr<SessionPair> other_;
  std::unique_ptr<SessionPair> listener_;
};

}  // namespace replete::test
