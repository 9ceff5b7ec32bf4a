#include "server/loop.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "server/crash_report.h"
#include "server/cycle_clock.h"
#include "server/server.h"
#include "server/session.h"

namespace replete {
namespace {

// Every so many ticks: limits that count in seconds, idle buffers. All sessions are seen in one
// period.
constexpr uint64_t kPeriodTicks = 50;
// For how long connections are served before what else waits has its turn.
constexpr int64_t kServeNanos = 200'000;
// For how long replies may wait to be sent together.
constexpr int64_t kGatherNanos = 100'000;

// Moves those for which keep(one, place) holds to the front, in their order; how many they are.
template <class One, class Keep>
size_t KeepIf(std::span<One> all, Keep keep) {
  size_t kept = 0;
  for (One& one : all) {
    if (!keep(one, kept)) continue;
    if (&one != &all[kept]) std::swap(one, all[kept]);
    ++kept;
  }
  return kept;
}

}  // namespace

Loop::Loop(Server& server, size_t index, size_t loops)
    : server_(server),
      index_(index),
      loops_(loops),
      // Sockets are used on this thread only: what comes from others comes by post.
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      timer_(context_),
      command_stats_(server.commands(), false),
      dispatcher_(server, command_stats_),
      poller_(context_),
      pacing_(server.longest_pause_nanos(), server.always_pauses()),
      meter_(server.stats()),
      batch_(server.uses_io_uring()),
      reader_(server.reclaimer().Register(&may_look_ahead_)) {}

Loop::~Loop() = default;

void Loop::Run() {
  thread_.store(std::this_thread::get_id());
  if (clockid_t clock = 0; ::pthread_getcpuclockid(::pthread_self(), &clock) == 0) {
    cpu_clock_.store(clock);
  }
  meter_.Refresh();
  gather_ticks_ = CycleClock::TicksIn(kGatherNanos);
  // Pauses are shorter than the 50 us by which the system may otherwise be late.
  ::prctl(PR_SET_TIMERSLACK, 1);
  CrashReport::CoverThread(&dispatcher_.running_command());
  last_tick_ms_.store(MonotonicMillis());
  ScheduleTick();
  AwaitSockets();
  auto work = boost::asio::make_work_guard(context_);
  context_.run();
  last_tick_ms_.store(0);
  cpu_clock_.store(kNotRunning);  // a clock of a thread that has ended cannot be read
}

int64_t Loop::SilentMs() const {
  const int64_t last = last_tick_ms_.load(std::memory_order_relaxed);
  return last == 0 ? 0 : std::max<int64_t>(0, MonotonicMillis() - last);
}

int64_t Loop::CpuNanos() const {
  timespec time{};
  const clockid_t clock = cpu_clock_.load();
  if (clock == kNotRunning || ::clock_gettime(clock, &time) != 0) return 0;
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void Loop::Stop() {
  boost::asio::post(context_, [this] {
    stopping_ = true;
    Finish(50);
  });
}

// Peers get what was answered and see the end; who does not close in time is closed.
void Loop::Finish(int rounds) {
  if (sessions_.empty() || rounds == 0) {
    while (!sessions_.empty()) sessions_.back()->Close();
    context_.stop();
    return;
  }
  for (size_t i = 0; i < sessions_.size(); ++i) sessions_[i]->Finish();
  timer_.expires_after(std::chrono::milliseconds(10));
  timer_.async_wait([this, rounds](const boost::system::error_code&) { Finish(rounds - 1); });
}

void Loop::Add(std::shared_ptr<Session> session) {
  session->index = sessions_.size();
  sessions_.push_back(std::move(session));
}

void Loop::Remove(Session* session) {
  const size_t at = session->index;
  if (at >= sessions_.size() || sessions_[at].get() != session) return;
  // The caller is inside the session: it lives on until the stack is left.
  boost::asio::post(context_, [keep = std::move(sessions_[at])] {});
  if (at + 1 != sessions_.size()) {
    sessions_[at] = std::move(sessions_.back());
    sessions_[at]->index = at;
  }
  sessions_.pop_back();
}

void Loop::Give(Loop& to, size_t one_of) {
  boost::asio::post(context_, [this, &to, one_of] {
    std::vector<std::shared_ptr<Session>> going;
    for (size_t i = 0; i < sessions_.size(); i += one_of) going.push_back(sessions_[i]);
    GiveNext(std::move(going), to);
  });
}

// Some at a time: others have their turn in between.
void Loop::GiveNext(std::vector<std::shared_ptr<Session>> going, Loop& to) {
  constexpr size_t kInTurn = 64;
  for (size_t i = 0; i < kInTurn && !going.empty(); ++i, going.pop_back()) {
    if (&going.back()->loop() == this) going.back()->MoveTo(to);
  }
  if (going.empty()) return;
  boost::asio::post(context_, [this, &to, going = std::move(going)]() mutable {
    GiveNext(std::move(going), to);
  });
}

void Loop::Adopt(int descriptor) {
  if (!OnThisThread()) {
    boost::asio::post(context_, [this, descriptor] { Adopt(descriptor); });
  } else if (stopping_) {
    ::close(descriptor);
  } else {
    std::make_shared<Session>(*this, descriptor)->Start();
  }
}

void Loop::TakeTurn(std::shared_ptr<Session> session) {
  in_line_.push_back(std::move(session));
  if (!serving_) ServeSoon();
}

void Loop::Post(std::function<void()> work) { Queue({std::move(work), nullptr}); }

void Loop::PostWoken(std::shared_ptr<Session> session) { Queue({nullptr, std::move(session)}); }

void Loop::Queue(Posted posted) {
  {
    std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(posted));
    if (has_posted_.exchange(true)) return;
  }
  boost::asio::post(context_, [this] {
    dispatcher_.BeginRound();
    RunPosted();
  });
}

// One batch: what posts again has to wait for something that is not here.
void Loop::RunPosted() {
  if (!has_posted_.load(std::memory_order_acquire)) return;
  std::vector<Posted> posted;
  {
    std::lock_guard lock(posted_mutex_);
    posted.swap(posted_);
    has_posted_.store(false);
  }
  dispatcher_.GatherLoads();
  for (const Posted& next : posted) {
    const uint64_t start = CycleClock::Ticks();
    if (next.woken) {
      gathers_output_ = posted.size() > 1;
      next.woken->GoOn(*this);
      gathers_output_ = false;
      if (n_outgoing_ == kTogether || GatheredForLong()) SendOutgoing();
    } else {
      SendOutgoing();  // it might have something for the same client
      next.work();
    }
    NoteIteration(start);
  }
  SendOutgoing();
  dispatcher_.BeginLoads();
}

// After its turn, whether it has another to come or not.
void Loop::MoveFromLine(Session& session) {
  SendOutgoing();
  const bool is_last = !in_line_.empty() && in_line_.back().get() == &session;
  if (is_last) in_line_.pop_back();
  session.MoveFromLine(is_last);
}

bool Loop::GatheredForLong() const {
  return n_outgoing_ > 0 && CycleClock::Ticks() - gathered_since_ > gather_ticks_;
}

void Loop::AwaitSockets() {
  if (std::exchange(awaits_sockets_, true)) return;
  poller_.Await([this](const boost::system::error_code& error) {
    if (error) return;
    awaits_sockets_ = false;
    ServeSockets();
  });
}

void Loop::ServeSoon() {
  if (std::exchange(serves_soon_, true)) return;
  boost::asio::post(context_, [this] {
    serves_soon_ = false;
    ServeSockets();
  });
}

void Loop::ServeSockets() {
  const int64_t ends = MonotonicNanos() + kServeNanos;
  serving_ = true;
  bool some = true;
  for (bool paused = false; some && MonotonicNanos() < ends;) {
    some = ServeRound();
    if (!some && !paused && pacing_.Pause()) {
      server_.stats().wake_pauses.fetch_add(1, std::memory_order_relaxed);
      some = paused = true;
    } else {
      paused = false;
    }
  }
  serving_ = false;
  if (some) {
    ServeSoon();
  } else {
    AwaitSockets();
  }
}

// False: nothing was there, and nobody has a turn to come.
bool Loop::ServeRound() {
  const size_t turns = in_line_.size();  // who joins from here on has no turn in this round
  dispatcher_.BeginRound();
  const std::span<const epoll_event> events = poller_.Poll();
  RunPosted();
  for (size_t i = 0; i < events.size(); i += kTogether) {
    ServeTogether(events.subspan(i, std::min(kTogether, events.size() - i)));
  }
  if (turns > 0) ServeLine(turns);
  return !events.empty() || turns > 0 || !in_line_.empty();
}

// Not all of it if that takes long: sockets are looked at in between. The first always, whatever
// those who stood in no line have read in this round.
void Loop::ServeLine(size_t turns) {
  const int64_t ends = MonotonicNanos() + kServeNanos;
  const bool several = turns > 1;
  for (bool is_first = true; turns > 0; --turns, is_first = false) {
    if (!is_first && dispatcher_.ReadsSpent() && in_line_.front()->reads_values()) break;
    const std::shared_ptr<Session> session = std::move(in_line_.front());
    in_line_.pop_front();
    dispatcher_.GatherLoads();
    gathers_output_ = several;
    session->OnTurn();
    gathers_output_ = false;
    if (n_outgoing_ == kTogether || GatheredForLong()) SendOutgoing();
    if (has_posted_.load(std::memory_order_acquire)) {
      SendOutgoing();
      RunPosted();
    }
    if (session->moves_to() != nullptr) [[unlikely]]
      MoveFromLine(*session);
    if (MonotonicNanos() >= ends) break;
  }
  SendOutgoing();
  dispatcher_.BeginLoads();
  RunPosted();
}

// Their keys are in the cache by the time they are looked up: a request that comes alone has no
// others behind it in its own pipeline to wait for memory with.
void Loop::ServeTogether(std::span<const epoll_event> events) {
  size_t n = 0;
  for (const epoll_event& event : events) {
    auto* session = static_cast<Session*>(event.data.ptr);
    if (session->OnEvents(event.events)) {
      incoming_[n++].session = session;
    } else {
      RunPosted();
    }
  }
  n = ReceiveTogether(n);
  if (may_look_ahead_ && events.size() > 1) {
    Reclaimer::ReadGuard guard(reader_);
    const std::span<Incoming> received(incoming_.data(), n);
    for (Incoming& next : received) next.hash = next.session->PrefetchBucket();
    for (Incoming& next : received) {
      if (next.hash != 0) next.session->PrefetchItem(next.hash);
    }
  }
  // What was published before something of this came is before the reply to it.
  RunPosted();
  dispatcher_.GatherLoads();
  for (size_t i = 0; i < n; ++i) {
    gathers_output_ = n > 1;
    incoming_[i].session->ServeLent(incoming_[i].input);
    gathers_output_ = false;
    // Who came first does not wait for long.
    if (GatheredForLong()) SendOutgoing();
  }
  SendOutgoing();
  dispatcher_.BeginLoads();
  RunPosted();
}

// Of the first `n` of incoming_; how many of them have received something: those are the first
// then.
size_t Loop::ReceiveTogether(size_t n) {
  std::array<Transfer, kTogether> transfers;
  n = KeepIf(std::span(incoming_.data(), n), [&](Incoming& next, size_t kept) {
    return next.session->BeginReceive(next.input, &transfers[kept]);
  });
  batch_.Receive({transfers.data(), n});
  const Transfer* transfer = transfers.data();
  return KeepIf(std::span(incoming_.data(), n), [&](Incoming& next, size_t) {
    return next.session->EndReceive(next.input, (transfer++)->result);
  });
}

void Loop::SendLater(Session& session) {
  if (n_outgoing_ == 0) gathered_since_ = CycleClock::Ticks();
  Outgoing& next = outgoing_[n_outgoing_++];
  next.session = &session;
  std::swap(next.output, dispatcher_.output());
}

// Nothing that was posted runs between a session's turn and this: it might have something for the
// same client.
void Loop::SendOutgoing() {
  if (n_outgoing_ == 0) return;
  const uint64_t start = CycleClock::Ticks();
  std::array<Transfer, kTogether> transfers;
  size_t n = KeepIf(std::span(outgoing_.data(), n_outgoing_), [&](Outgoing& next, size_t kept) {
    if (next.session->closed()) next.output.Clear();  // its descriptor may be somebody else's now
    transfers[kept] = {next.session->descriptor(), next.output.data(), next.output.size()};
    return !next.output.empty();
  });
  n_outgoing_ = 0;
  batch_.Send({transfers.data(), n});
  for (size_t i = 0; i < n; ++i)
    outgoing_[i].session->Sent(outgoing_[i].output, transfers[i].result);
  NoteIteration(start);
}

void Loop::ScheduleTick() {
  timer_.expires_after(std::chrono::milliseconds(kTickMs));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopping_) return;
    Tick();
    ScheduleTick();
  });
}

void Loop::Tick() {
  const uint64_t start = CycleClock::Ticks();
  ++ticks_;
  last_tick_ms_.store(MonotonicMillis(), std::memory_order_relaxed);
  meter_.Refresh();
  if (index_ == 0) server_.TickClock();
  dispatcher_.Tick();
  if (index_ == 0) server_.pause().Tick(MonotonicMillis());
  Inspect();
  server_.reclaimer().Collect();
  if (index_ == 0 && ticks_ % 5 == 0) {
    server_.CorrectMemory();
    server_.ScaleThreads();
    server_.SampleRates();
    server_.TickStore();
  }
  if (server_.moves_sessions()) Give(server_.loop((index_ + 1) % loops_), 3);
  NoteIteration(start);
  SweepOn();
}

// Slices of expiry work until nothing is due, with the other handlers of the loop in between.
void Loop::SweepOn() {
  const uint64_t start = CycleClock::Ticks();
  const bool more = dispatcher_.Sweep(index_, loops_);
  NoteIteration(start);
  if (more && !stopping_) boost::asio::post(context_, [this] { SweepOn(); });
}

void Loop::Inspect() {
  const int64_t now = MonotonicMillis();
  dispatcher_.Refresh();
  pacing_.Enable(dispatcher_.config().wake_pacing);
  size_t share = sessions_.size() / kPeriodTicks + 1;
  for (; share > 0 && !sessions_.empty(); --share) {
    if (inspected_ >= sessions_.size()) {
      inspected_ = 0;
      if (ticks_ % kPeriodTicks != 0) return;
    }
    sessions_[inspected_++]->Inspect(now);
  }
}

}  // namespace replete
