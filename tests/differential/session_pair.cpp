#include "tests/differential/session_pair.h"

#include <algorithm>
#include <utility>

namespace replete::test {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds Since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start) +
         std::chrono::milliseconds(1);
}

bool IsMark(const Reply& frame, const std::string& mark) {
  if (frame.type == '$') return frame.text == mark;
  return frame.elements.size() == 2 && frame.elements[0].text == "pong" &&
         frame.elements[1].text == mark;
}

bool SamePublish(const Reply& a, const Reply& b) {
  return a.elements.size() == 4 && b.elements.size() == 4 && a.elements[0].text == "pmessage" &&
         b.elements[0].text == "pmessage" && a.elements[2] == b.elements[2] &&
         a.elements[3] == b.elements[3];
}

// A client that subscribed to several patterns gets one message in the order of the server's
// pattern table, which is nobody's business; so is the order in which "all" are unsubscribed.
void SortUnordered(const Request& request, std::vector<Reply>* frames) {
  const auto less = [](const Reply& a, const Reply& b) { return ToString(a) < ToString(b); };
  for (auto first = frames->begin(); first != frames->end();) {
    auto last = first + 1;
    while (last != frames->end() && SamePublish(*first, *last)) ++last;
    std::sort(first, last, less);
    first = last;
  }
  const std::string name = CommandName(request);
  if (request.args.size() != 1 ||
      (name != "UNSUBSCRIBE" && name != "PUNSUBSCRIBE" && name != "SUNSUBSCRIBE"))
    return;
  std::vector<Reply> channels;
  for (const Reply& frame : *frames) {
    if (frame.elements.size() == 3) channels.push_back(frame.elements[1]);
  }
  std::sort(channels.begin(), channels.end(), less);
  std::size_t next = 0;
  for (Reply& frame : *frames) {
    if (frame.elements.size() == 3) frame.elements[1] = channels[next++];
  }
}

Reply ListOf(std::vector<Reply> frames) {
  Reply list;
  list.type = '*';
  list.elements = std::move(frames);
  return list;
}

}  // namespace

SessionPair::SessionPair(std::string name, Servers* servers, Judge* judge)
    : name_(std::move(name)),
      judge_(judge),
      ours_(servers->ours.port()),
      reference_(servers->reference.port()) {}

void SessionPair::SendInPieces(std::string_view bytes, Random& random) {
  for (int cuts = random.Chance(30) ? random.Between(1, 3) : 0; cuts > 0; --cuts) {
    const std::size_t piece = random.Below(bytes.size());
    ours_.Send(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
  }
  ours_.Send(bytes);
}

bool SessionPair::Exchange(std::span<const Request> requests, Random& random) {
  std::string bytes;
  for (const Request& request : requests) bytes += Encode(request.args);
  const auto start = Clock::now();
  SendInPieces(bytes, random);
  reference_.Send(bytes);
  last_ours_.assign(requests.size(), {});
  last_reference_.assign(requests.size(), {});
  bool same = true;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!Read(requests[i], &last_ours_[i], &last_reference_[i])) return false;
    judge_->BatchTook(Since(start));
    // After a difference the rest is likely to differ as well and tells nothing.
    same = same && CompareOne(requests[i], last_ours_[i], last_reference_[i]);
  }
  return same;
}

bool SessionPair::CompareOne(const Request& request, const Reply& ours, const Reply& reference) {
  const std::string name = CommandName(request);
  const bool exec = name == "EXEC" && in_multi_ && reference.type == '*';
  const bool same = judge_->Compared(name_, request, ours, reference, exec ? &queued_ : nullptr);
  if (name == "MULTI" && reference.text == "OK") {
    in_multi_ = true;
    queued_.clear();
  } else if (in_multi_ && reference.type == '+' && reference.text == "QUEUED") {
    queued_.push_back(request);
  } else if (in_multi_ && (name == "EXEC" || name == "DISCARD" || name == "RESET") &&
             request.args.size() == 1) {
    in_multi_ = false;
    queued_.clear();
  }
  return same;
}

bool SessionPair::Read(const Request& request, Reply* ours, Reply* reference) {
  auto theirs = reference_.Read();
  auto mine = ours_.Read();
  if (!theirs || !mine) {
    return Lost(request, "ours " + (mine ? ToString(*mine) : "nothing") + ", reference " +
                             (theirs ? ToString(*theirs) : "nothing"));
  }
  *ours = std::move(*mine);
  *reference = std::move(*theirs);
  return true;
}

bool SessionPair::Lost(const Request& request, const std::string& got) {
  std::string why = "a reply is missing: " + got;
  for (const auto& [who, connection] : {std::pair{"ours", &ours_}, {"reference", &reference_}}) {
    if (!connection->broken().empty()) {
      why += std::string("; ") + who + " sent what is no reply: " + connection->broken();
    } else if (connection->closed()) {
      why += std::string("; ") + who + " closed the connection";
    }
  }
  judge_->Failed(name_, request, why);
  return false;
}

bool SessionPair::Send(std::span<const Request> requests) {
  std::string bytes;
  for (const Request& request : requests) bytes += Encode(request.args);
  return ours_.Send(bytes) && reference_.Send(bytes);
}

bool SessionPair::ReadOne(const Request& request) {
  last_ours_.assign(1, {});
  last_reference_.assign(1, {});
  return Read(request, &last_ours_[0], &last_reference_[0]) &&
         CompareOne(request, last_ours_[0], last_reference_[0]);
}

bool SessionPair::ReadFrames(Connection* connection, std::vector<Reply>* frames,
                             const std::string& mark, std::size_t at_least) {
  bool marked = false;
  while (!marked || frames->size() < at_least) {
    auto frame = connection->Read();
    if (!frame) return false;
    if (IsMark(*frame, mark)) {
      marked = true;
      last_ours_.push_back(std::move(*frame));
    } else {
      frames->push_back(std::move(*frame));
    }
  }
  return true;
}

bool SessionPair::ExchangeFrames(std::span<const Request> requests, Random& random) {
  const std::string mark = "mark-" + std::to_string(random.Next());
  std::string bytes;
  for (const Request& request : requests) bytes += Encode(request.args);
  bytes += Encode({"PING", mark});
  SendInPieces(bytes, random);
  reference_.Send(bytes);
  const Request request = requests.empty() ? Request{{"PING", "(mark)"}} : requests.back();
  last_ours_.clear();
  std::vector<Reply> theirs;
  const bool reference_done = ReadFrames(&reference_, &theirs, mark, 0);
  std::vector<Reply> mine = std::exchange(early_, {});
  const bool ours_done = ReadFrames(&ours_, &mine, mark, theirs.size());
  if (reference_done != ours_done || (!reference_done && !reference_.closed())) {
    return Lost(request,
                "ours " + ToString(ListOf(mine)) + ", reference " + ToString(ListOf(theirs)));
  }
  if (mine.size() > theirs.size()) {
    const auto extra = mine.begin() + static_cast<std::ptrdiff_t>(theirs.size());
    early_.assign(extra, mine.end());
    mine.erase(extra, mine.end());
  }
  SortUnordered(request, &mine);
  SortUnordered(request, &theirs);
  // The marks are replies too: their form tells whether the connection is in subscribed mode.
  if (last_ours_.size() == 2) {
    theirs.push_back(last_ours_[0]);
    mine.push_back(last_ours_[1]);
  }
  return judge_->Compared(name_, request, ListOf(std::move(mine)), ListOf(std::move(theirs)));
}

bool SessionPair::AskEach(std::vector<std::string> args, const std::string& ours,
                          const std::string& reference, std::size_t position) {
  args.at(position) = reference;
  auto theirs = reference_.Ask(args);
  args.at(position) = ours;
  auto mine = ours_.Ask(args);
  if (!mine || !theirs) return false;
  last_ours_.assign(1, std::move(*mine));
  last_reference_.assign(1, std::move(*theirs));
  return true;
}

bool SessionPair::Greet(int protocol, Random& random) {
  // Either way both servers have accepted the connection when this returns: what it may do is
  // settled then, whatever another client changes next.
  if (protocol != 3) return Exchange(Request{{"PING"}}, random);
  return Exchange(Request{{"HELLO", "3"}, Match::kHello}, random);
}

bool SessionPair::BothClosed(const Request& request) {
  const bool theirs = reference_.ClosedByPeer();
  const bool mine = ours_.ClosedByPeer();
  if (theirs != mine) {
    judge_->Failed(name_, request,
                   std::string("connection closed by ours: ") + (mine ? "yes" : "no") +
                       ", by the reference: " + (theirs ? "yes" : "no"));
  }
  return theirs == mine;
}

bool SessionPair::NothingLeft(const Request& request) {
  if (early_.empty()) return true;
  judge_->Failed(name_, request,
                 "frames from ours that the reference never sent: " + ToString(ListOf(early_)));
  return false;
}

}  // namespace replete::test
