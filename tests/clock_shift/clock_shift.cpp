// Preloaded into a daemon, lets a test set the wall clock of that process alone: CLOCK_REALTIME is
// shifted by the milliseconds in the first 8 bytes of the file that CLOCK_SHIFT names. The clocks
// that only go forward are left alone, as when an operator sets the time.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

const volatile std::int64_t* MapShift() {
  const char* path = std::getenv("CLOCK_SHIFT");
  const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) std::abort();
  void* at = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  if (at == MAP_FAILED) std::abort();
  return static_cast<const volatile std::int64_t*>(at);
}

}  // namespace

// The system call itself: allocators ask for the time before anything of this could be looked up.
extern "C" int clock_gettime(clockid_t id, timespec* time) noexcept {
  static const volatile std::int64_t* const shift = MapShift();
  const long result = ::syscall(SYS_clock_gettime, id, time);
  if (result != 0 || id != CLOCK_REALTIME) return static_cast<int>(result);
  const std::int64_t nanos = time->tv_nsec + *shift % 1000 * 1'000'000;
  time->tv_sec += *shift / 1000 + (nanos < 0 ? -1 : nanos / 1'000'000'000);
  time->tv_nsec = nanos < 0 ? nanos + 1'000'000'000 : nanos % 1'000'000'000;
  return 0;
}
