#include "core/tier/disk_reserve.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <memory>

namespace replete {

bool DiskReserve::Hold() {
  if (held_ || bytes_ == 0) return true;
  uint64_t size = 0;
  if (env_.GetFileSize(path_, &size).ok() && size == bytes_) return held_ = true;
  uint64_t room = 0;
  const std::string folder = path_.substr(0, path_.rfind('/'));
  if (env_.GetFreeSpace(folder, &room).ok() && room < 2 * bytes_) return false;
  held_ = Fill();
  if (!held_) env_.DeleteFile(path_);
  return held_;
}

// With bytes that a disk that compresses cannot do without.
bool DiskReserve::Fill() {
  std::unique_ptr<rocksdb::WritableFile> file;
  if (!env_.NewWritableFile(path_, &file, rocksdb::EnvOptions()).ok()) return false;
  std::string noise(1 << 20, '\0');
  uint64_t state = 1;
  for (char& byte : noise) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(state >> 56);
  }
  for (uint64_t left = bytes_; left > 0;) {
    const uint64_t n = std::min<uint64_t>(left, noise.size());
    if (!file->Append(rocksdb::Slice(noise.data(), n)).ok()) return false;
    left -= n;
  }
  return file->Sync().ok() && file->Close().ok();
}

bool DiskReserve::Release() {
  if (!held_) return false;
  held_ = false;
  return env_.DeleteFile(path_).ok();
}

}  // namespace replete
