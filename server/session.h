#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/output_buffer.h"
#include "protocol/request_parser.h"
#include "server/blocking.h"
#include "server/client.h"
#include "server/dispatcher.h"
#include "server/held_replies.h"
#include "server/pubsub.h"
#include "server/socket_batch.h"

namespace replete {

class Loop;

// One connection: bytes in, requests through the loop's dispatcher, bytes out in one send a batch.
// Owned by one loop, on whose thread everything runs but Wake, Complete and Deliver, which post
// there. Between two requests it may move to another loop (MoveTo).
//
// Flow control: a client that does not read its replies is still read from, so that two sides that
// both write first do not wait for each other; but once kMaxUnsent of replies wait, its requests
// are only kept, and when kMaxUnsent of those wait too, it is not read from until it reads.
class Session final : public Parkable,
                      public Subscriber,
                      public ClientControl,
                      public std::enable_shared_from_this<Session> {
 public:
  // Replies are sent before the batch ends when they are this many bytes.
  static constexpr size_t kSendFrom = size_t{256} << 10;
  static constexpr size_t kMaxUnsent = size_t{32} << 20;
  // Of a long reply, so much is sent before others have their turn.
  static constexpr size_t kSendAtOnce = size_t{1} << 20;

  // Owns the descriptor, a connected non-blocking socket.
  Session(Loop& loop, int descriptor);
  ~Session() override;

  // Registers with the server and begins to read. False: refused, with the reply sent.
  bool Start();
  void Close();
  // Sends what is there and says that no more comes; the peer's bytes are dropped.
  void Finish();
  bool closed() const { return closed_; }
  Loop& loop() const { return *loop_.load(std::memory_order_acquire); }
  // Goes to another loop, at once or after its next turn; stays where something ties it
  // to its own for longer: a request that waits, a transaction, watched keys, subscriptions. Not
  // while events are handed out. True: it has gone, and is the other thread's.
  bool MoveTo(Loop& loop);
  // Where it is still to go, or null.
  Loop* moves_to() const { return moves_to_; }
  // Goes there after its turn. `left`: it stood in line again and has been taken out.
  void MoveFromLine(bool left);
  int descriptor() const { return descriptor_; }
  // What epoll says of the socket. True: it is to receive.
  bool OnEvents(uint32_t events);
  // Where to receive, into memory of `lent`. False: not now. Else EndReceive follows with the
  // result of recv (the negated errno for -1) before anything else runs; if that is true, ServeLent
  // with the same buffer, before which other sessions may receive into theirs.
  bool BeginReceive(OutputBuffer& lent, Transfer* transfer);
  bool EndReceive(OutputBuffer& lent, ssize_t result);
  void ServeLent(OutputBuffer& lent);
  // So much of `output`, which is emptied, went out (the negated errno: nothing did).
  void Sent(OutputBuffer& output, ssize_t result);
  // Look-ahead for what was received, in two steps for all sessions: the hash of its first key, or
  // 0, and the item. Inside a ReadGuard.
  uint64_t PrefetchBucket() const;
  void PrefetchItem(uint64_t hash) const;
  // After Loop::PostWoken, on that loop.
  void GoOn(Loop& posted_to);
  // Its turn after Loop::TakeTurn.
  void OnTurn();
  // Whether its last requests read values from files by themselves (Dispatcher::reads_now).
  bool reads_values() const { return reads_values_; }
  // Once in a while: idle time, limits that count in seconds.
  void Inspect(int64_t now_ms);

  // Parkable, Subscriber and ClientControl: any thread.
  void Wake() override;
  void Complete(OutputBuffer reply, CommitTokens tokens) override;
  void Kill() override;
  void Deliver(std::shared_ptr<const Message> message, const std::string* pattern) override;

  size_t index = 0;  // in the loop's list

 private:
  enum class State : uint8_t {
    kReady,    // takes the next request
    kParked,   // waits for an owner to let go, then runs saved_ again
    kAway,     // a worker runs its request and may touch client_
    kBlocked,  // waits for an element
  };

  // Runs work(), which may be move-only, on its own loop's thread. Any thread, as PostHome.
  template <class Work>
  void AtHome(Work work) {
    CloseBatch();
    PostHome([work = std::make_shared<Work>(std::move(work))] { (*work)(); });
  }
  void PostHome(std::function<void()> work);
  bool MayMove() const;
  void Arrive();
  void Read();
  bool MayRead() const;
  bool TakesRequests() const { return state_ == State::kReady && unsent_bytes() <= kMaxUnsent; }
  void ReadBulk();
  Transfer Lend(OutputBuffer& lent);
  size_t Receive(char* to, size_t size);
  size_t Received(ssize_t result, size_t size);
  void EndIfDone();
  void GiveBack(OutputBuffer& lent);
  void OnRead();
  void Continue();
  template <class Work>
  void OrCut(Work&& work);
  void Process();
  void TakeRequests();
  void AskForTurn();
  void WaitForTurn();
  size_t ParseAhead(ParseResult* result);
  void Prefetch(size_t n);
  bool RunAhead(size_t n);
  size_t MembersAhead(size_t first, size_t n, std::span<std::string_view> members);
  void After(Outcome outcome, std::span<const std::string_view> args);
  void Resume();
  void Answer(OutputBuffer reply, CommitTokens tokens);
  void Hold(size_t reply_start, CommitTokens tokens);
  void SendHeld();
  size_t unsent_bytes() const { return unsent_.size() + held_.bytes(); }
  void DropReply(size_t start);
  void ArmTimeout();
  void OnTimeout();
  void Flush();
  void EndTurn();
  void TakeSent(OutputBuffer& output, ssize_t result);
  void AfterSending();
  void Keep(OutputBuffer& output, size_t sent);
  void SetWrites(bool writes);
  void OnWritable();
  void CheckOutputLimits();
  void Cut();
  void PublishInfo();
  void PublishBuffers();
  // Messages that are to be sent together.
  struct Delivered {
    std::shared_ptr<const Message> message;
    std::optional<std::string> pattern;
  };
  using Batch = std::vector<Delivered>;
  void CloseBatch();
  void SendBatch(const std::shared_ptr<Batch>& batch);
  void Push(const Message& message, const std::string* pattern, OutputBuffer& output);
  void Leave();

  std::atomic<Loop*> loop_;  // is set on the thread of the loop that it leaves
  const int descriptor_;
  Client client_;
  RequestParser parser_;
  OutputBuffer input_;
  OutputBuffer unsent_;
  HeldReplies held_;
  std::mutex batch_mutex_;
  std::shared_ptr<Batch> batch_;    // on its way to the loop, takes more messages; null: none
  std::vector<std::string> saved_;  // arguments of a parked request
  std::shared_ptr<BlockedPop> blocked_;
  std::unique_ptr<boost::asio::steady_timer> timeout_;
  std::shared_ptr<Parkable> self_;         // while open: what the dispatcher hands on
  std::shared_ptr<Parkable> parked_self_;  // an owner's queue points here until Wake
  uint64_t commands_ = 0;
  int64_t over_soft_since_ms_ = 0;
  Loop* moves_to_ = nullptr;
  uint32_t pacing_mark_ = 0;
  State state_ = State::kReady;
  bool readable_ = false;  // there may be something to receive
  bool at_end_ = false;    // the peer has sent all that it wanted to
  bool hung_up_ = false;   // the end is among it
  bool in_line_ = false;   // stands in Loop::TakeTurn
  bool writes_ = false;    // is told when it can write
  bool awaits_tier_ = false;
  bool executing_ = false;
  bool finishing_ = false;
  bool waits_for_turn_ = false;
  bool has_turn_ = false;
  bool reads_values_ = false;
  bool closed_ = false;
  bool in_transit_ = false;  // between MoveTo and Arrive
};

}  // namespace replete
