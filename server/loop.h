#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <ctime>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "core/keyspace/reclaimer.h"
#include "protocol/output_buffer.h"
#include "server/ahead.h"
#include "server/dispatcher.h"
#include "server/iteration_meter.h"
#include "server/socket_batch.h"
#include "server/socket_poller.h"
#include "server/wake_pacing.h"

namespace replete {

class Server;
class Session;

// One io_context on one thread, with the sessions it owns. What others want of it, they post.
class Loop {
 public:
  static constexpr size_t kAhead = 32;
  // Sessions whose input is received before any is served, and whose replies go out together.
  static constexpr size_t kTogether = SocketBatch::kMost;
  static constexpr clockid_t kNotRunning = INT32_MIN;
  static constexpr int64_t kTickMs = 20;

  Loop(Server& server, size_t index, size_t loops);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs on the calling thread until Stop.
  void Run();
  // From any thread: sessions send what they have, then the loop ends.
  void Stop();
  bool OnThisThread() const { return std::this_thread::get_id() == thread_.load(); }

  boost::asio::io_context& context() { return context_; }
  Server& server() { return server_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }
  std::array<Ahead, kAhead>& ahead() { return ahead_; }
  Reclaimer::Reader& reader() { return reader_; }
  WakePacing& pacing() { return pacing_; }
  SocketPoller& poller() { return poller_; }
  // Empty between two reads: what a session reads into that has little left over from before.
  OutputBuffer& shared_input() { return shared_input_; }
  bool may_look_ahead() const { return may_look_ahead_; }
  // Whether the session that is being served may leave its output to be sent with that of others.
  bool gathers_output() const { return gathers_output_; }
  // It may not after all: it is going to receive more.
  void SendAtOnce() { gathers_output_ = false; }
  // Takes the dispatcher's output; Session::Sent follows before anything else runs that might touch
  // the session.
  void SendLater(Session& session);

  void Add(std::shared_ptr<Session> session);
  void Remove(Session* session);
  // Takes over a non-blocking socket. Any thread.
  void Adopt(int descriptor);
  // The session has more to do, and others have their turn first: OnTurn. Its own thread.
  void TakeTurn(std::shared_ptr<Session> session);
  // Whether a session whose commands read from files is to take its turn before it goes on: so much
  // has been read in this round, or others wait for that.
  bool ReadsTakeTurns() const { return dispatcher_.ReadsSpent() || !in_line_.empty(); }
  // Runs work on this loop before it serves a session whose input came later: who has seen that a
  // message was published finds it before his next reply. Any thread.
  void Post(std::function<void()> work);
  // The same for a session that goes on: Session::GoOn.
  void PostWoken(std::shared_ptr<Session> session);
  // After Run, when nobody posts any more: closed sessions that waited for somebody let go of
  // themselves, and with it of their keyspaces.
  void RunWhatIsLeft() { RunPosted(); }

  // One of so many of its sessions, as far as they may move, goes to another loop. Any thread.
  void Give(Loop& to, size_t one_of);
  // For how long it has done nothing of what it does every kTickMs; 0 while it does not run. Any
  // thread.
  int64_t SilentMs() const;
  // CPU time of the thread so far, in nanoseconds. Any thread.
  int64_t CpuNanos() const;

  // A handler that began at `start` (CycleClock) ends now.
  void NoteIteration(uint64_t start) { meter_.Note(start); }

  const CommandStats& command_stats() const { return command_stats_; }
  uint64_t commands() const { return dispatcher_.commands(); }

 private:
  struct Incoming {
    Session* session = nullptr;
    OutputBuffer input;  // as shared_input_
    uint64_t hash = 0;
  };
  struct Posted {
    std::function<void()> work;
    std::shared_ptr<Session> woken;  // instead of work
  };
  struct Outgoing {
    Session* session = nullptr;
    OutputBuffer output;
  };

  void AwaitSockets();
  void ServeSoon();
  void ServeSockets();
  bool ServeRound();
  void ServeTogether(std::span<const epoll_event> events);
  void ServeLine(size_t turns);
  void MoveFromLine(Session& session);
  size_t ReceiveTogether(size_t n);
  void SendOutgoing();
  bool GatheredForLong() const;
  void Queue(Posted posted);
  void RunPosted();
  void Tick();
  void ScheduleTick();
  void SweepOn();
  void Inspect();
  void Finish(int rounds);
  void GiveNext(std::vector<std::shared_ptr<Session>> going, Loop& to);

  Server& server_;
  const size_t index_;
  const size_t loops_;
  boost::asio::io_context context_;
  boost::asio::steady_timer timer_;
  CommandStats command_stats_;
  Dispatcher dispatcher_;
  SocketPoller poller_;
  WakePacing pacing_;
  IterationMeter meter_;
  // Of one ServeTogether.
  SocketBatch batch_;
  std::array<Incoming, kTogether> incoming_;
  std::array<Outgoing, kTogether> outgoing_;
  size_t n_outgoing_ = 0;
  uint64_t gathered_since_ = 0;  // CycleClock, of the first of them
  uint64_t gather_ticks_ = 0;
  bool gathers_output_ = false;
  OutputBuffer shared_input_;
  std::deque<std::shared_ptr<Session>> in_line_;
  std::mutex posted_mutex_;
  std::vector<Posted> posted_;
  std::atomic<bool> has_posted_{false};
  bool serving_ = false;
  bool serves_soon_ = false;
  bool awaits_sockets_ = false;
  std::array<Ahead, kAhead> ahead_;
  bool may_look_ahead_ = false;  // before reader_, whose making sets it
  Reclaimer::Reader reader_;
  std::vector<std::shared_ptr<Session>> sessions_;
  size_t inspected_ = 0;  // where Inspect goes on
  uint64_t ticks_ = 0;
  bool stopping_ = false;
  std::atomic<std::thread::id> thread_;
  std::atomic<clockid_t> cpu_clock_{kNotRunning};
  std::atomic<int64_t> last_tick_ms_{0};  // 0: it does not run
};

}  // namespace replete
