#include "core/tier/nowait_file_system.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace replete {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

thread_local bool may_not_wait = false;
thread_local uint64_t reads_so_far = 0;

class NowaitFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  // RocksDB keeps the descriptor of `file` to itself: `descriptor` is one more, or -1.
  NowaitFile(std::unique_ptr<rocksdb::FSRandomAccessFile> file, int descriptor)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), descriptor_(descriptor) {}
  ~NowaitFile() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, rocksdb::Slice* result,
                char* scratch, IODebugContext* context) const override {
    ++reads_so_far;
    if (!may_not_wait) {
      return FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, context);
    }
    // Less than all of it: the rest is on the disk, or there is no more, which is as good.
    if (!ReadNow(offset, n, scratch)) return IOStatus::Busy();
    *result = rocksdb::Slice(scratch, n);
    return IOStatus::OK();
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t n, const IOOptions& options,
                     IODebugContext* context) override {
    if (may_not_wait) return FSRandomAccessFile::MultiRead(requests, n, options, context);
    reads_so_far += n;
    return FSRandomAccessFileOwnerWrapper::MultiRead(requests, n, options, context);
  }

 private:
  bool ReadNow(uint64_t offset, size_t n, char* to) const {
    iovec piece{to, n};
    ssize_t got;
    do {
      got = ::preadv2(descriptor_, &piece, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    } while (got < 0 && errno == EINTR);
    return got == static_cast<ssize_t>(n);
  }

  const int descriptor_;
};

}  // namespace

NowaitFileSystem::Scope::Scope() { may_not_wait = true; }
NowaitFileSystem::Scope::~Scope() { may_not_wait = false; }

uint64_t NowaitFileSystem::reads() { return reads_so_far; }

NowaitFileSystem::NowaitFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

IOStatus NowaitFileSystem::NewRandomAccessFile(const std::string& path,
                                               const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                               IODebugContext* context) {
  IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, file, context);
  if (status.ok()) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    *file = std::make_unique<NowaitFile>(std::move(*file), descriptor);
  }
  return status;
}

}  // namespace replete
