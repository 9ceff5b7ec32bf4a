#include "server/crash_report.h"

#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include "server/command.h"
#include "server/version.h"

namespace replete {
namespace {

// The sanitizers have reports and stacks of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kReports = false;
#else
constexpr bool kReports = true;
#endif

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

std::array<char, 4096> log_path;
thread_local const std::atomic<const Command*>* thread_running = nullptr;

// Only what may be called in a signal handler (man 7 signal-safety). backtrace() may once it has
// been called before, which Install does.
class Writer {
 public:
  explicit Writer(int file) : file_(file) {}

  Writer& operator<<(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(file_, text.data(), text.size());
      if (written <= 0) return *this;
      text.remove_prefix(static_cast<size_t>(written));
    }
    return *this;
  }
  Writer& Number(uint64_t value, unsigned base) {
    std::array<char, 24> digits;
    size_t at = digits.size();
    do {
      digits[--at] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    return *this << std::string_view(&digits[at], digits.size() - at);
  }

 private:
  const int file_;
};

void Report(int file, int signal, const siginfo_t* info) {
  Writer out(file);
  out << "\n=== replete-server " << kRepleteVersion << " crashed: signal ";
  out.Number(static_cast<uint64_t>(signal), 10) << " at address 0x";
  out.Number(reinterpret_cast<uint64_t>(info->si_addr), 16) << ", process ";
  out.Number(static_cast<uint64_t>(::getpid()), 10) << "\n=== command: ";
  const Command* command =
      thread_running == nullptr ? nullptr : thread_running->load(std::memory_order_relaxed);
  out << (command == nullptr ? std::string_view("none") : command->name) << "\n=== stack:\n";
  std::array<void*, 64> frames;
  const int depth = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  ::backtrace_symbols_fd(frames.data(), depth, file);
  out << "=== end; addr2line -Cfe replete-server OFFSET names the lines\n";
}

// The stack on which a thread's signals are handled.
class SignalStack {
 public:
  SignalStack() : memory_(std::make_unique<std::byte[]>(kSize)) {
    stack_t stack{};
    stack.ss_sp = memory_.get();
    stack.ss_size = kSize;
    ::sigaltstack(&stack, nullptr);
  }
  ~SignalStack() {
    stack_t stack{};
    stack.ss_flags = SS_DISABLE;
    ::sigaltstack(&stack, nullptr);
  }

 private:
  static constexpr size_t kSize = 64 * 1024;
  const std::unique_ptr<std::byte[]> memory_;
};

void Handle(int signal, siginfo_t* info, void*) {
  Report(STDERR_FILENO, signal, info);
  if (log_path[0] != '\0') {
    const int file = ::open(log_path.data(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file >= 0) Report(file, signal, info);
  }
  // SA_RESETHAND has put the default back.
  ::raise(signal);
  // The first process of a container is not ended by signals it sends itself.
  ::_exit(128 + signal);
}

}  // namespace

void CrashReport::Install(const char* log_file) {
  if (!kReports) return;
  const size_t length = std::strlen(log_file);
  if (length < log_path.size()) std::copy_n(log_file, length + 1, log_path.begin());
  void* frame = nullptr;
  ::backtrace(&frame, 1);
  struct sigaction action = {};
  action.sa_sigaction = Handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

void CrashReport::CoverThread(const std::atomic<const Command*>* running) {
  if (!kReports) return;
  thread_local const SignalStack stack;
  thread_running = running;
}

}  // namespace replete
