#include "server/session.h"

#include <array>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "core/keyspace/hash.h"
#include "protocol/request_peek.h"
#include "server/loop.h"
#include "server/server.h"
#include "server/socket_calls.h"

namespace replete {
namespace {

constexpr size_t kLargestRead = 64 * 1024;
// What is left over from before is copied to the front of the next read, up to so much.
constexpr size_t kCopiedInput = 4096;
// Requests of one session that run before the loop goes on to others, and for how long: the time is
// looked at between batches that were parsed ahead.
constexpr size_t kTurn = 1024;
constexpr int64_t kTurnNanos = 250'000;

}  // namespace

// The system has no memory for what this client sends or is to be sent: it is the one to go.
template <class Work>
void Session::OrCut(Work&& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    executing_ = false;
    loop().dispatcher().output().Clear();
    if (state_ != State::kAway) parser_.Reset();
    Cut();
  }
}

// Any thread.
void Session::PostHome(std::function<void()> work) {
  Loop& home = loop();
  home.Post([self = shared_from_this(), &home, work = std::move(work)] {
    // It has moved since, or is about to arrive.
    if (&self->loop() != &home || self->in_transit_) [[unlikely]] {
      self->PostHome(work);
    } else {
      work();
    }
  });
}

// --- reading ---

bool Session::OnEvents(uint32_t events) {
  if (closed_) return false;
  constexpr uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if (events & (EPOLLIN | kEnd)) readable_ = true;
  if (events & kEnd) [[unlikely]]
    hung_up_ = true;
  if (writes_ && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))) [[unlikely]] {
    const uint64_t start = CycleClock::Ticks();
    OnWritable();
    loop().NoteIteration(start);
  }
  if (!MayRead()) return false;
  if (parser_.WantsBulk() || input_.size() > kCopiedInput) {
    Read();
    return false;
  }
  return true;
}

bool Session::BeginReceive(OutputBuffer& lent, Transfer* transfer) {
  if (!MayRead()) return false;
  if (parser_.WantsBulk() || input_.size() > kCopiedInput) {
    AskForTurn();
    return false;
  }
  bool ready = false;
  OrCut([&] {
    *transfer = Lend(lent);
    ready = true;
  });
  return ready;
}

bool Session::EndReceive(OutputBuffer& lent, ssize_t result) {
  const size_t n = Received(result, kLargestRead);
  input_.Commit(n);
  if (n > 0) return true;
  GiveBack(lent);
  if (readable_ && !closed_) AskForTurn();  // interrupted: epoll does not tell again
  return false;
}

void Session::AskForTurn() {
  if (std::exchange(in_line_, true)) return;
  loop().TakeTurn(shared_from_this());
}

// Requests that are here wait, too.
void Session::WaitForTurn() {
  waits_for_turn_ = true;
  AskForTurn();
}

void Session::OnTurn() {
  in_line_ = false;
  has_turn_ = true;
  const uint64_t start = CycleClock::Ticks();
  if (readable_ || at_end_) loop().SendAtOnce();
  if (std::exchange(waits_for_turn_, false)) {
    Continue();
  } else {
    Read();
  }
  has_turn_ = false;
  loop().NoteIteration(start);
}

bool Session::MayRead() const {
  if (!readable_ || closed_ || waits_for_turn_) return false;
  return TakesRequests() || input_.size() <= kMaxUnsent;  // else it reads on when it can go on
}

void Session::Read() {
  if (!MayRead()) return;
  OrCut([this] {
    if (TakesRequests() && parser_.WantsBulk()) {
      ReadBulk();
    } else if (input_.size() > kCopiedInput) {
      const size_t size = std::min(input_.size(), kLargestRead);
      const size_t n = Receive(input_.Reserve(size), size);
      input_.Commit(n);
      if (n > 0) OnRead();
    } else {
      OutputBuffer& lent = loop().shared_input();
      const Transfer transfer = Lend(lent);
      const size_t n = Receive(transfer.data, transfer.size);
      input_.Commit(n);
      if (n > 0) OnRead();
      GiveBack(lent);
    }
  });
  if (readable_ && !closed_) AskForTurn();
}

// Most reads bring whole requests: those go through a buffer that the sessions of the loop share,
// and only what is left over is kept. So a session that waits has none, and reading is never in
// small steps.
Transfer Session::Lend(OutputBuffer& lent) {
  lent.Reserve(kCopiedInput + kLargestRead);  // from here on nothing needs memory
  lent.Append(input_.view());
  input_.Clear();
  std::swap(input_, lent);
  return {descriptor_, input_.Reserve(kLargestRead), kLargestRead};
}

uint64_t Session::PrefetchBucket() const {
  if (!TakesRequests()) return 0;  // the client may be a worker's
  const std::string_view key = PeekSecondArgument(input_.view());
  if (key.empty()) return 0;
  const uint64_t hash = HashKey(key);
  client_.keyspace->ShardOf(hash).data.table.PrefetchBucket(hash);
  return hash;
}

void Session::PrefetchItem(uint64_t hash) const {
  client_.keyspace->ShardOf(hash).data.table.PrefetchItem(hash);
}

void Session::ServeLent(OutputBuffer& lent) {
  if (!closed_) OnRead();
  GiveBack(lent);
  if (readable_ && !closed_) AskForTurn();
}

// The session's own memory is in `lent` meanwhile.
void Session::GiveBack(OutputBuffer& lent) {
  OrCut([&] { lent.Append(input_.view()); });
  std::swap(input_, lent);
  lent.Clear();
  if (input_.empty()) input_.Shrink(0);
}

void Session::ReadBulk() {
  const BulkSpan tail = parser_.BulkTail(size_t{256} * 1024);
  const size_t n = Receive(tail.data, tail.size);
  if (n == 0) return;
  parser_.BulkArrived(n);
  OnRead();
}

// 0: nothing now, or the connection is at its end and closed.
size_t Session::Receive(char* to, size_t size) {
  const ssize_t n = ReceiveNow(descriptor_, to, size);
  return Received(n < 0 ? -errno : n, size);
}

size_t Session::Received(ssize_t n, size_t size) {
  if (n > 0) {
    loop().pacing().NoteRead(&pacing_mark_);
    loop().server().stats().net_input_bytes.fetch_add(static_cast<uint64_t>(n),
                                                      std::memory_order_relaxed);
    if (static_cast<size_t>(n) < size && !hung_up_) readable_ = false;
    return static_cast<size_t>(n);
  }
  if (n == -EINTR) return 0;
  readable_ = false;
  if (n == 0) {
    at_end_ = true;
    EndIfDone();
  } else if (n != -EAGAIN) {
    Close();
  }
  return 0;
}

// A peer that sends nothing more is told first what it has asked for, unless that may take for
// ever.
void Session::EndIfDone() {
  if (!at_end_) return;
  // On a worker, behind an owner, for values: all of it ends. A pause need not.
  const bool runs =
      state_ == State::kAway || (state_ == State::kParked && !client_.info->blocked.load());
  const bool goes_on =
      state_ == State::kReady && (waits_for_turn_ || awaits_tier_ || !unsent_.empty());
  if (!runs && !goes_on) Close();
}

void Session::Continue() {
  if (closed_ || waits_for_turn_) return;
  Process();
  Read();
  EndIfDone();
}

void Session::OnRead() {
  const uint64_t start = CycleClock::Ticks();
  if (finishing_) {
    input_.Clear();
  } else {
    Process();
  }
  loop().NoteIteration(start);
}

void Session::Sent(OutputBuffer& output, ssize_t result) {
  OrCut([&] { TakeSent(output, result); });
  output.Clear();
}

// --- requests ---

void Session::Process() {
  OrCut([this] { TakeRequests(); });
}

void Session::TakeRequests() {
  Dispatcher& dispatcher = loop().dispatcher();
  if (reads_values_ && !has_turn_ && loop().ReadsTakeTurns() && TakesRequests()) {
    WaitForTurn();
    return EndTurn();  // what had waited for a value has answered
  }
  dispatcher.Refresh();
  parser_.set_max_bulk(dispatcher.config().proto_max_bulk_len);
  executing_ = true;
  const uint64_t reads = dispatcher.reads_now();
  size_t taken = 0;
  int64_t turn_ends = 0;  // a batch that is all there is costs no look at the clock
  while (TakesRequests() && !closed_ && !client_.close_after_reply) {
    if (taken > 0) {
      if (input_.empty()) break;
      const int64_t now = MonotonicNanos();
      if (turn_ends == 0) turn_ends = now + kTurnNanos;
      reads_values_ = dispatcher.reads_now() != reads;
      if (taken >= kTurn || now >= turn_ends || (reads_values_ && loop().ReadsTakeTurns())) {
        WaitForTurn();
        break;
      }
    }
    ParseResult result = ParseResult::kIncomplete;
    const size_t n = ParseAhead(&result);
    if (n > 1 && loop().may_look_ahead()) Prefetch(n);
    taken += n;
    dispatcher.StartClock();
    if (!RunAhead(n)) break;
    if (result == ParseResult::kError) {
      dispatcher.reply().Error("ERR " + parser_.error());
      client_.close_after_reply = true;
    } else if (result == ParseResult::kIncomplete) {
      if (parser_.WantsBulk()) input_.Truncate(parser_.kept_prefix());
      break;
    }
  }
  executing_ = false;
  if (taken > 0) reads_values_ = dispatcher.reads_now() != reads;
  const size_t held = input_.size() + parser_.owned_bytes();
  if (state_ != State::kAway && held > dispatcher.config().client_query_buffer_limit) {
    client_.close_after_reply = true;
  }
  if (state_ == State::kReady && client_.close_after_reply) {
    // Nothing of it runs any more: what still comes is dropped while the last reply goes out.
    input_.Clear();
    parser_.Reset();
  }
  PublishInfo();
  EndTurn();
}

// False: the session does not go on now (it waits, or closes).
bool Session::RunAhead(size_t n) {
  auto& ahead = loop().ahead();
  Dispatcher& dispatcher = loop().dispatcher();
  const Dispatcher::ReadsAhead values(dispatcher, client_, {ahead.data(), reads_values_ ? n : 0});
  std::array<std::string_view, Loop::kAhead> members;
  size_t told = 0;  // requests before it have had their members told
  size_t consumed = 0;
  for (size_t i = 0; i < n; ++i) {
    const Request& request = ahead[i].request;
    consumed += request.wire_size;
    if (request.args.empty()) continue;
    const std::span<const std::string_view> args(request.args.data(), request.args.size());
    const size_t n_members = i < told ? 0 : MembersAhead(i, n, members);
    told = std::max(told, i + n_members);
    const Outcome outcome = dispatcher.Execute({.client = client_,
                                                .args = args,
                                                .parser = &parser_,
                                                .command = ahead[i].command,
                                                .first_hash = ahead[i].hash,
                                                .session = self_,
                                                .members = {members.data(), n_members},
                                                .later = {&ahead[i] + 1, n - i - 1}});
    ++commands_;
    if (client_.replies != ReplyMode::kOn && outcome == Outcome::kDone) [[unlikely]]
      DropReply(dispatcher.reply_after_pushes());
    if (outcome == Outcome::kAway) {
      // From here on the client is the worker's.
      After(outcome, args);
    } else {
      parser_.set_authenticated(client_.authenticated);
      if (outcome != Outcome::kDone) After(outcome, args);
      if (!dispatcher.tokens().empty()) [[unlikely]]
        Hold(dispatcher.reply_start(), dispatcher.tokens());
    }
    if (outcome != Outcome::kDone || client_.close_after_reply) {
      // The parser has looked beyond: what follows is parsed again.
      parser_.Reset();
      input_.Consume(consumed);
      return false;
    }
    if (dispatcher.output().size() >= kSendFrom) {
      Flush();
      dispatcher.StartClock();
      if (closed_) return false;  // over its output limit
      if (unsent_bytes() > kMaxUnsent && i + 1 < n) {
        parser_.Reset();
        input_.Consume(consumed);
        return false;
      }
    }
  }
  input_.Consume(consumed);
  if (client_.loads) [[unlikely]]
    client_.loads.reset();  // requests that were refused have not used what was fetched for them
  return true;
}

void Session::After(Outcome outcome, std::span<const std::string_view> args) {
  switch (outcome) {
    case Outcome::kDone:
      break;
    case Outcome::kParked:
      state_ = State::kParked;
      parked_self_ = self_;
      saved_.assign(args.begin(), args.end());
      break;
    case Outcome::kAway:
      state_ = State::kAway;
      break;
    case Outcome::kBlocked:
      state_ = State::kBlocked;
      blocked_ = loop().dispatcher().TakeBlocked();
      client_.info->blocked.store(true, std::memory_order_relaxed);
      {
        std::lock_guard lock(client_.info->mutex);
        client_.info->wait = blocked_;
      }
      ArmTimeout();
      break;
  }
}

// --- waiting ---

void Session::Wake() {
  CloseBatch();
  loop().PostWoken(shared_from_this());
}

void Session::GoOn(Loop& posted_to) {
  // It has moved since, or is about to arrive.
  if (&loop() != &posted_to || in_transit_) [[unlikely]] {
    loop().PostWoken(shared_from_this());
  } else {
    if (readable_ || at_end_) loop().SendAtOnce();
    OrCut([this] { Resume(); });
  }
}

void Session::Resume() {
  parked_self_.reset();
  if (closed_ || state_ != State::kParked) return;
  state_ = State::kReady;
  client_.info->blocked.store(false, std::memory_order_relaxed);
  const std::vector<std::string> saved = std::move(saved_);
  saved_.clear();
  const std::vector<std::string_view> args(saved.begin(), saved.end());
  Dispatcher& dispatcher = loop().dispatcher();
  dispatcher.Refresh();
  executing_ = true;
  dispatcher.StartClock();
  const Outcome outcome =
      dispatcher.Execute({.client = client_, .args = args, .session = self_, .again = true});
  executing_ = false;
  After(outcome, args);
  if (client_.replies != ReplyMode::kOn && outcome == Outcome::kDone) {
    DropReply(dispatcher.reply_after_pushes());
  }
  if (outcome == Outcome::kDone && !dispatcher.tokens().empty()) {
    Hold(dispatcher.reply_start(), dispatcher.tokens());
  }
  if (waits_for_turn_ || closed_) return Flush();
  Continue();
}

void Session::Complete(OutputBuffer reply, CommitTokens tokens) {
  AtHome([this, reply = std::move(reply), tokens = std::move(tokens)]() mutable {
    OrCut([&] { Answer(std::move(reply), std::move(tokens)); });
  });
}

void Session::Answer(OutputBuffer reply, CommitTokens tokens) {
  timeout_.reset();
  // Served under one of its keys it still stands under the others; cancelled under all.
  if (blocked_ && (blocked_->places.size() > 1 || blocked_->cancelled())) {
    loop().dispatcher().Detach(blocked_);
  }
  blocked_.reset();
  client_.info->blocked.store(false, std::memory_order_relaxed);
  state_ = State::kReady;
  if (closed_) {
    Leave();
    return;
  }
  OutputBuffer& output = loop().dispatcher().output();
  const size_t start = output.size();
  if (client_.replies != ReplyMode::kOn) {
    DropReply(start);
  } else if (output.empty() && reply.size() >= kSendFrom) {
    output = std::move(reply);  // copying the longest would hold up the loop for 50 ms and more
  } else {
    output.Append(reply.view());
  }
  if (!tokens.empty()) Hold(start, std::move(tokens));
  Flush();
  Continue();
}

// CLIENT REPLY: the client does not want the reply that begins there. What it skips is the next one
// once.
void Session::DropReply(size_t start) {
  OutputBuffer& output = loop().dispatcher().output();
  switch (client_.replies) {
    case ReplyMode::kSkipNext:
      client_.replies = ReplyMode::kSkip;
      break;
    case ReplyMode::kSkip:
      client_.replies = ReplyMode::kOn;
      break;
    case ReplyMode::kOff:
    case ReplyMode::kOn:
      break;
  }
  output.Truncate(start);
}

// The last reply in the output, which begins there, waits until its write is stored, and so does
// what follows.
void Session::Hold(size_t reply_start, CommitTokens tokens) {
  OutputBuffer& output = loop().dispatcher().output();
  held_.Append(output.view().substr(0, reply_start));
  held_.Append(output.view().substr(reply_start), std::move(tokens));
  output.Clear();
}

// Puts what may be sent into the output; is called again when more may be.
void Session::SendHeld() {
  OutputBuffer& output = loop().dispatcher().output();
  held_.Append(output.view());
  output.Clear();
  for (held_.Drain(&output); !held_.empty() && !awaits_tier_; held_.Drain(&output)) {
    const CommitToken next = held_.next();
    next.tier->Hasten();
    awaits_tier_ = next.tier->commits().Await(next.sequence, [self = shared_from_this()] {
      self->AtHome([self = self.get()] {
        self->awaits_tier_ = false;
        const bool was_full = self->unsent_bytes() > kMaxUnsent;
        self->Flush();
        if (!self->closed_ && was_full) self->Continue();
        self->EndIfDone();
      });
    });
  }
}

void Session::ArmTimeout() {
  if (blocked_->timeout_ms == 0) return;
  timeout_ = std::make_unique<boost::asio::steady_timer>(
      loop().context(), std::chrono::milliseconds(blocked_->timeout_ms));
  timeout_->async_wait(
      [weak = weak_from_this(), blocked = blocked_](const boost::system::error_code& error) {
        auto self = weak.lock();
        if (!error && self && self->blocked_ == blocked) self->OnTimeout();
      });
}

void Session::OnTimeout() {
  if (!blocked_->Cancel()) return;  // served this very moment: Complete is on its way
  OutputBuffer reply;
  blocked_->WriteTimeout(&reply);
  Answer(std::move(reply), {});
}

}  // namespace replete
