#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/differential/commands.h"
#include "tests/differential/compare.h"
#include "tests/differential/differences.h"

namespace replete::test {

// Counts what agreed and what did not, and prints differences with what led to them.
class Judge {
 public:
  explicit Judge(Differences* differences) : differences_(differences) {}

  // Everything until the next call belongs to this round.
  void StartRound(long long round, int protocol);

  // Compares the replies to one request of `session`. `queued` is what EXEC ran, if it did.
  // False when they differ without an entry in the list.
  bool Compared(const std::string& session, const Request& request, const Reply& ours,
                const Reply& reference, const std::vector<Request>* queued = nullptr);

  // A failure that is no difference of replies: a lost connection, a crash, a hang.
  void Failed(const std::string& session, const Request& request, const std::string& why);

  // Both servers answered a batch within this time. A deadline set or read in it may differ by as
  // much, which is what keeps TTL comparisons free of the machine's load.
  void BatchTook(std::chrono::milliseconds time);

  long long passed() const { return passed_; }
  long long failed() const { return failed_; }
  long long explained() const { return explained_; }

 private:
  struct Line {
    std::string session;
    Request request;
    std::string reply;
  };
  // What EXEC ran is explained by the entries of the queued commands.
  bool ExplainsQueued(const std::vector<Request>& queued, const Request& exec,
                      const LeafDifference& leaf);
  // The first differences of every kind are printed, so that one kind does not bury the others.
  bool Prints(const std::string& kind);
  void PrintHead(const std::string& session, const Request& request);
  void PrintHistory(const Request& request) const;
  bool Touches(const Request& earlier, const Request& request) const;

  static constexpr int kPrinted = 20;
  static constexpr int kPrintedOfAKind = 2;
  Differences* differences_;
  std::deque<Line> history_;
  std::chrono::milliseconds slowest_{0};
  std::map<std::string, int> printed_;
  int printed_in_all_ = 0;
  long long round_ = 0;
  int protocol_ = 2;
  long long passed_ = 0;
  long long failed_ = 0;
  long long explained_ = 0;
};

}  // namespace replete::test
