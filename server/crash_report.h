#pragma once

#include <atomic>

namespace replete {

struct Command;

// What a crash leaves on standard error and in the log's file: signal, address, version, the
// command that the thread was in, and its stack, for addr2line. Then the process ends by the signal
// as it would have without it.
class CrashReport {
 public:
  // Once, before there are other threads. `log_file`: its path, or empty.
  static void Install(const char* log_file);
  // Each thread that is to be told of: gives the handler a stack of its own, so that an overflow of
  // the thread's can be told, too. `running`, which outlives the thread: the command it is in.
  static void CoverThread(const std::atomic<const Command*>* running);
};

}  // namespace replete
