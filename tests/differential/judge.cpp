#include "tests/differential/judge.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/differential/pieces.h"

namespace replete::test {
namespace {

constexpr std::chrono::milliseconds kTtlTolerance{100};
constexpr std::size_t kHistory = 4000;
constexpr std::size_t kPrecedingRequests = 10;

// Commands that matter to every key or to the connection.
constexpr std::string_view kGlobal[] = {"MULTI",  "EXEC",    "DISCARD",  "WATCH", "UNWATCH",
                                        "SELECT", "FLUSHDB", "FLUSHALL", "HELLO", "RESET",
                                        "AUTH",   "CONFIG",  "SWAPDB"};

std::string Shortened(const std::string& text) {
  constexpr std::size_t kLimit = 600;
  return text.size() <= kLimit ? text : text.substr(0, kLimit) + "...";
}

void PrintLeaves(const std::vector<LeafDifference>& leaves) {
  constexpr std::size_t kLimit = 5;
  for (std::size_t i = 0; i < leaves.size() && i < kLimit; ++i) {
    if (!leaves[i].path.empty()) std::printf("  at %s\n", leaves[i].path.c_str());
    std::printf("  ours      %s\n  reference %s\n", Shortened(leaves[i].ours).c_str(),
                Shortened(leaves[i].reference).c_str());
  }
  if (leaves.size() > kLimit) std::printf("  and %zu more\n", leaves.size() - kLimit);
}

}  // namespace

void Judge::StartRound(long long round, int protocol) {
  round_ = round;
  protocol_ = protocol;
  history_.clear();
}

void Judge::BatchTook(std::chrono::milliseconds time) { slowest_ = std::max(slowest_, time); }

bool Judge::Compared(const std::string& session, const Request& request, const Reply& ours,
                     const Reply& reference, const std::vector<Request>* queued) {
  // Twice: once for the batch that set the deadline, once for the batch that reads it.
  const auto tolerance = kTtlTolerance + 2 * slowest_;
  const std::vector<LeafDifference> leaves =
      queued != nullptr ? CompareExec(*queued, ours, reference, tolerance)
                        : Compare(request.match, ours, reference, tolerance);
  std::vector<LeafDifference> open;
  for (const LeafDifference& leaf : leaves) {
    const bool known = queued != nullptr ? ExplainsQueued(*queued, request, leaf)
                                         : differences_->Explains(request, leaf);
    if (!known) open.push_back(leaf);
  }
  if (open.empty()) {
    ++passed_;
    if (!leaves.empty()) ++explained_;
  } else {
    ++failed_;
    const std::string kind =
        CommandName(request) + open[0].ours.substr(0, 30) + "|" + open[0].reference.substr(0, 30);
    if (Prints(kind)) {
      PrintHead(session, request);
      if (queued != nullptr && !open[0].path.empty()) {
        const auto which = static_cast<std::size_t>(std::atoll(open[0].path.c_str() + 1));
        if (which < queued->size()) {
          std::printf("  queued as %s\n", Shortened(ToLine((*queued)[which])).c_str());
        }
      }
      PrintLeaves(open);
      PrintHistory(request);
    }
  }
  history_.push_back({session, request, ToString(reference)});
  if (history_.size() > kHistory) history_.pop_front();
  return open.empty();
}

bool Judge::ExplainsQueued(const std::vector<Request>& queued, const Request& exec,
                           const LeafDifference& leaf) {
  if (leaf.path.empty()) return differences_->Explains(exec, leaf);
  const std::size_t end = leaf.path.find('.', 1);
  const auto which = static_cast<std::size_t>(std::atoll(leaf.path.c_str() + 1));
  if (which >= queued.size()) return false;
  LeafDifference inner = leaf;
  inner.path = end == std::string::npos ? "" : leaf.path.substr(end);
  return differences_->Explains(queued[which], inner);
}

void Judge::Failed(const std::string& session, const Request& request, const std::string& why) {
  ++failed_;
  if (!Prints(CommandName(request) + why.substr(0, 30))) return;
  PrintHead(session, request);
  std::printf("  %s\n", why.c_str());
  if (!history_.empty()) {
    std::printf("  last of all: %s -> %s\n", Shortened(ToLine(history_.back().request)).c_str(),
                Shortened(history_.back().reply).c_str());
  }
  PrintHistory(request);
}

bool Judge::Prints(const std::string& kind) {
  if (printed_in_all_ == kPrinted || printed_[kind] == kPrintedOfAKind) return false;
  ++printed_[kind];
  ++printed_in_all_;
  return true;
}

void Judge::PrintHead(const std::string& session, const Request& request) {
  std::printf("FAIL %lld: round %lld, RESP%d, %s: %s\n", failed_, round_, protocol_,
              session.c_str(), Shortened(ToLine(request)).c_str());
}

bool Judge::Touches(const Request& earlier, const Request& request) const {
  const std::string name = CommandName(earlier);
  if (std::find(std::begin(kGlobal), std::end(kGlobal), name) != std::end(kGlobal)) return true;
  return std::any_of(earlier.args.begin() + 1, earlier.args.end(), [&](const std::string& arg) {
    return IsKey(arg) &&
           std::find(request.args.begin() + 1, request.args.end(), arg) != request.args.end();
  });
}

void Judge::PrintHistory(const Request& request) const {
  std::vector<const Line*> lines;
  for (auto line = history_.rbegin(); line != history_.rend(); ++line) {
    if (lines.size() == kPrecedingRequests) break;
    if (Touches(line->request, request)) lines.push_back(&*line);
  }
  if (!lines.empty()) std::printf("  before it:\n");
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    std::printf("    %s: %s -> %s\n", (*line)->session.c_str(),
                Shortened(ToLine((*line)->request)).c_str(), Shortened((*line)->reply).c_str());
  }
}

}  // namespace replete::test
