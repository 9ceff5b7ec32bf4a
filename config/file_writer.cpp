#include "config/file_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace replete {
namespace {

std::string SystemText(int error) { return std::system_category().message(error); }

bool WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// False, and nothing has changed: there can be no new file in that place.
bool WriteBeside(const std::string& path, const struct stat& old, std::string_view text) {
  const std::string beside = fmt::format("{}.{}.new", path, ::getpid());
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool as_before =
      ::fchown(file, old.st_uid, old.st_gid) == 0 && ::fchmod(file, old.st_mode & 07777) == 0;
  const bool written = as_before && WriteAll(file, text) && ::fsync(file) == 0;
  ::close(file);
  if (written && ::rename(beside.c_str(), path.c_str()) == 0) return true;
  ::unlink(beside.c_str());
  return false;
}

Problem WriteOver(const std::string& path, const struct stat& old, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return SystemText(errno);
  int error = 0;
  const auto size = static_cast<off_t>(text.size());
  if (size > old.st_size) {
    // Without room the old text is to stay whole.
    error = ::posix_fallocate(file, 0, size);
    if (error != 0 && ::ftruncate(file, old.st_size) != 0) error = errno;
  }
  if (error == 0 && (!WriteAll(file, text) || ::ftruncate(file, size) != 0 || ::fsync(file) != 0)) {
    error = errno;
  }
  ::close(file);
  if (error != 0) return SystemText(error);
  return std::nullopt;
}

}  // namespace

Problem ReplaceFile(const std::string& path, std::string_view text) {
  const std::unique_ptr<char, decltype(&free)> real(::realpath(path.c_str(), nullptr), &free);
  if (!real) return SystemText(errno);
  struct stat old = {};
  if (::stat(real.get(), &old) != 0) return SystemText(errno);
  if (::access(real.get(), W_OK) != 0) return SystemText(errno);
  if (WriteBeside(real.get(), old, text)) return std::nullopt;
  return WriteOver(real.get(), old, text);
}

}  // namespace replete
