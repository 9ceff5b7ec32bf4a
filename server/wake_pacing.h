#pragma once

#include <cstdint>

namespace replete {

// When a loop that has served everything leaves its sockets alone for some microseconds instead of
// waiting on them at once.
//
// Waking a thread that waits costs the peer that writes: on a virtual machine about as much as two
// requests. Under a load of many clients a loop that is faster than they are falls asleep after
// every few requests and makes them pay each time. What arrives during the pause wakes nobody and
// is served in one go, as network cards do with their interrupts ("interrupt coalescing").
//
// The pause is a part of the time that a session takes from one request to its next, so that nobody
// is held up by more than that part; and there is none where little would arrive meanwhile: with
// few clients, or a quiet server. It has an upper end, which is higher where falling asleep and
// waking up take much of the processor themselves, as on some virtual machines: a pause is to be
// worth at least kSleepShare times what it costs.
//
// Used by the thread of the loop.
class WakePacing {
 public:
  static constexpr int64_t kMostNanos = 50'000;  // the upper end where sleeping costs little
  static constexpr int64_t kMostOfAllNanos = 200'000;
  static constexpr int64_t kSleepShare = 8;
  static constexpr int64_t kPart = 6;     // of the time between two requests of a session
  static constexpr int64_t kWorthIt = 4;  // requests that should arrive meanwhile
  // A decision is made after so many reads; while pausing, after so long as well.
  static constexpr uint32_t kWindowReads = 512;
  static constexpr int64_t kWindowNanos = 10'000'000;

  // `most`: the upper end in nanoseconds. `always`: so long a pause whenever all is served while it
  // is enabled, for tests.
  explicit WakePacing(int64_t most = kMostNanos, bool always = false)
      : most_(most), pause_nanos_(always ? most : 0), always_(always) {}

  // The upper end that fits this machine; sleeps some times to find out, a millisecond in all.
  static int64_t MeasureMost();

  // Takes effect with the next decision.
  void Enable(bool enabled) { enabled_ = enabled; }

  // A session has received something. `mark` is the session's own and begins as 0: it tells which
  // sessions the window has seen.
  void NoteRead(uint32_t* mark) {
    if (*mark != window_) {
      *mark = window_;
      ++sessions_;
    }
    if (++reads_ >= kWindowReads) Decide();
  }

  bool pauses() const { return pause_nanos_ > 0; }
  // Everything is served. False at once where the load does not call for a pause.
  bool Pause();

  // What a window of `nanos` with so many reads of so many sessions calls for, in nanoseconds.
  static int64_t PauseFor(int64_t reads, int64_t sessions, int64_t nanos, int64_t most);

 private:
  void Decide();

  const int64_t most_;
  bool enabled_ = true;
  uint32_t window_ = 1;
  uint32_t reads_ = 0;
  uint32_t sessions_ = 0;
  int64_t began_ = 0;
  int64_t pause_nanos_;
  const bool always_;
};

}  // namespace replete
