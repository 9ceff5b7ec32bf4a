#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/keyspace/gate.h"
#include "core/keyspace/keyspace.h"
#include "core/keyspace/waiting.h"
#include "protocol/output_buffer.h"
#include "server/command_context.h"

namespace replete {

// A session as the dispatcher knows it: who parks, and to whom a reply is handed later.
class Parkable : public Waiter {
 public:
  // The reply of a request that went away or was blocked, to be sent once what `tokens` name is
  // stored. Any thread, once a request.
  virtual void Complete(OutputBuffer reply, CommitTokens tokens) = 0;
};

// A client in BLPOP or BRPOP. Served under the lock of one of its keys by whoever pushes there;
// whoever first leaves kWaiting decides how the wait ends. Whoever served it answers it.
class BlockedPop final : public BlockedClient {
 public:
  BlockedPop(std::shared_ptr<Parkable> session, bool front, bool resp3)
      : session_(std::move(session)), front_(front), resp3_(resp3) {}

  Served Serve(Access& access, const Key& key) override;
  void Answer(const CommitTokens& tokens) override;
  bool cancelled() const { return state_.load(std::memory_order_acquire) == State::kCancelled; }
  bool done() const { return state_.load(std::memory_order_acquire) != State::kWaiting; }
  void Fail(std::string_view error) override;
  // The wait ends as if its time were over, or with an error: CLIENT UNBLOCK. False: it has ended
  // already. Any thread.
  bool Unblock(bool with_error);
  // What is answered when its time is over.
  void WriteTimeout(OutputBuffer* output) const;
  // The wait ends without an element (time, disconnection). False: it was served already.
  bool Cancel();

  int64_t timeout_ms = 0;  // 0: for ever
  OnTimeout on_timeout = OnTimeout::kNullArray;

  // Where it is registered; written before it is shared.
  struct Place {
    std::weak_ptr<Keyspace> keyspace;  // which holds this, in its shards
    std::string name;
    std::string shown;  // the key as the client wrote it
  };
  std::vector<Place> places;

 private:
  enum class State : uint8_t { kWaiting, kServed, kCancelled };

  std::atomic<State> state_{State::kWaiting};
  std::shared_ptr<Parkable> session_;
  OutputBuffer reply_;  // from Serve to Answer
  const bool front_;
  const bool resp3_;
};

}  // namespace replete
