#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/differential/commands.h"
#include "tests/differential/judge.h"
#include "tests/differential/random.h"
#include "tests/integration/connection.h"
#include "tests/integration/server_process.h"

namespace replete::test {

struct Servers {
  ServerProcess ours;
  ServerProcess reference;
};

// The same client at both servers. Replies are read before another pair speaks, so that both
// servers see the same order.
class SessionPair {
 public:
  SessionPair(std::string name, Servers* servers, Judge* judge);

  // Sends `requests` as one pipeline, to ours in pieces cut anywhere, and compares the replies.
  // False when one differed unexplained or is missing.
  bool Exchange(std::span<const Request> requests, Random& random);
  bool Exchange(const Request& request, Random& random) {
    return Exchange(std::span<const Request>(&request, 1), random);
  }

  // For connections that are sent more than one frame a request: everything up to the answer to a
  // PING that marks the end, compared as one list. What ours sent beyond the reference's frames is
  // kept and compared with the next ones: another loop may deliver a message late, never twice.
  bool ExchangeFrames(std::span<const Request> requests, Random& random);
  bool ExchangeFrames(const Request& request, Random& random) {
    return ExchangeFrames(std::span<const Request>(&request, 1), random);
  }

  // Sends at once, without waiting; the replies are read with ReadOne.
  bool Send(std::span<const Request> requests);
  bool ReadOne(const Request& request);

  // The same request with another word at `position` to each, not compared: for cursors.
  bool AskEach(std::vector<std::string> args, const std::string& ours, const std::string& reference,
               std::size_t position = 1);

  // HELLO 3, or a PING in RESP2.
  bool Greet(int protocol, Random& random);

  // True while MULTI is open, as the reference sees it.
  bool in_multi() const { return in_multi_; }
  bool open() const { return ours_.open() && reference_.open(); }
  // True when both servers have closed the connection; a difference is a failure.
  bool BothClosed(const Request& request);
  bool NothingLeft(const Request& request);
  const std::vector<Reply>& last_reference() const { return last_reference_; }
  const std::vector<Reply>& last_ours() const { return last_ours_; }

 private:
  void SendInPieces(std::string_view bytes, Random& random);
  bool Read(const Request& request, Reply* ours, Reply* reference);
  bool ReadFrames(Connection* connection, std::vector<Reply>* frames, const std::string& mark,
                  std::size_t at_least);
  bool CompareOne(const Request& request, const Reply& ours, const Reply& reference);
  bool Lost(const Request& request, const std::string& got);

  std::string name_;
  Judge* judge_;
  Connection ours_;
  Connection reference_;
  bool in_multi_ = false;
  std::vector<Request> queued_;
  std::vector<Reply> early_;  // frames of ours that wait for their counterpart
  std::vector<Reply> last_ours_;
  std::vector<Reply> last_reference_;
};

}  // namespace replete::test
