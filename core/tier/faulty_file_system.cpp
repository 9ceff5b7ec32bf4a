#include "core/tier/faulty_file_system.h"

#include <algorithm>
#include <utility>

namespace replete {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus WriteStatus(const DiskFaults& faults) {
  switch (faults.writes.load()) {
    case DiskFaults::Writes::kSucceed:
      break;
    case DiskFaults::Writes::kFail:
      return IOStatus::IOError("the test fails writes");
    case DiskFaults::Writes::kFindNoRoom:
      return IOStatus::NoSpace("the test has no room");
  }
  return IOStatus::OK();
}

IOStatus ReadStatus(const DiskFaults& faults) {
  return faults.reads_fail ? IOStatus::IOError("the test fails reads") : IOStatus::OK();
}

class FaultySequentialFile final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  FaultySequentialFile(std::unique_ptr<rocksdb::FSSequentialFile> file,
                       std::shared_ptr<DiskFaults> faults)
      : FSSequentialFileOwnerWrapper(std::move(file)), faults_(std::move(faults)) {}
  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* context) override {
    const IOStatus status = ReadStatus(*faults_);
    if (!status.ok()) return status;
    return FSSequentialFileOwnerWrapper::Read(n, options, result, scratch, context);
  }

 private:
  const std::shared_ptr<DiskFaults> faults_;
};

class FaultyRandomAccessFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultyRandomAccessFile(std::unique_ptr<rocksdb::FSRandomAccessFile> file,
                         std::shared_ptr<DiskFaults> faults)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), faults_(std::move(faults)) {}
  IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* context) const override {
    const IOStatus status = ReadStatus(*faults_);
    if (!status.ok()) return status;
    return FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, context);
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t n, const IOOptions& options,
                     IODebugContext* context) override {
    const IOStatus status = ReadStatus(*faults_);
    if (!status.ok()) {
      for (size_t i = 0; i < n; ++i) requests[i].status = status;
      return IOStatus::OK();
    }
    return FSRandomAccessFileOwnerWrapper::MultiRead(requests, n, options, context);
  }

 private:
  const std::shared_ptr<DiskFaults> faults_;
};

class FaultyWritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyWritableFile(std::unique_ptr<rocksdb::FSWritableFile> file,
                     std::shared_ptr<DiskFaults> faults)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(std::move(faults)) {}
  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    const IOStatus status = WriteStatus(*faults_);
    if (!status.ok()) return status;
    const auto size = static_cast<int64_t>(data.size());
    if (faults_->room.load() < size) return IOStatus::NoSpace("the test has no room");
    faults_->room -= size;
    if (faults_->unsynced_is_lost) {
      unsynced_.append(data.data(), data.size());
      return IOStatus::OK();
    }
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    const IOStatus status = BeforeSync(options, context);
    return status.ok() ? FSWritableFileOwnerWrapper::Sync(options, context) : status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    const IOStatus status = BeforeSync(options, context);
    return status.ok() ? FSWritableFileOwnerWrapper::Fsync(options, context) : status;
  }
  IOStatus RangeSync(uint64_t offset, uint64_t n, const IOOptions& options,
                     IODebugContext* context) override {
    if (faults_->unsynced_is_lost) return IOStatus::OK();  // it promises nothing
    return FSWritableFileOwnerWrapper::RangeSync(offset, n, options, context);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    // The file is read as a whole from now on; what was not synced of it is not lost here.
    const IOStatus status = WriteUnsynced(options, context);
    const IOStatus closed = FSWritableFileOwnerWrapper::Close(options, context);
    return status.ok() ? closed : status;
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* context) override {
    if (faults_->unsynced_is_lost) return IOStatus::OK();  // only what was allocated ahead
    return FSWritableFileOwnerWrapper::Truncate(size, options, context);
  }
  uint64_t GetFileSize(const IOOptions& options, IODebugContext* context) override {
    return FSWritableFileOwnerWrapper::GetFileSize(options, context) + unsynced_.size();
  }

 private:
  IOStatus BeforeSync(const IOOptions& options, IODebugContext* context) {
    if (faults_->syncs_fail) return IOStatus::IOError("the test fails syncs");
    const IOStatus status = WriteStatus(*faults_);
    return status.ok() ? WriteUnsynced(options, context) : status;
  }
  IOStatus WriteUnsynced(const IOOptions& options, IODebugContext* context) {
    if (unsynced_.empty()) return IOStatus::OK();
    IOStatus status = FSWritableFileOwnerWrapper::Append(unsynced_, options, context);
    unsynced_.clear();
    return status;
  }

  const std::shared_ptr<DiskFaults> faults_;
  std::string unsynced_;
};

}  // namespace

FaultyFileSystem::FaultyFileSystem(std::shared_ptr<rocksdb::FileSystem> files,
                                   std::shared_ptr<DiskFaults> faults)
    : FileSystemWrapper(std::move(files)), faults_(std::move(faults)) {}

IOStatus FaultyFileSystem::NewSequentialFile(const std::string& path,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                             IODebugContext* context) {
  IOStatus status = FileSystemWrapper::NewSequentialFile(path, options, file, context);
  if (status.ok()) *file = std::make_unique<FaultySequentialFile>(std::move(*file), faults_);
  return status;
}

IOStatus FaultyFileSystem::NewRandomAccessFile(const std::string& path,
                                               const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                               IODebugContext* context) {
  IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, file, context);
  if (status.ok()) *file = std::make_unique<FaultyRandomAccessFile>(std::move(*file), faults_);
  return status;
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& path,
                                           const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                                           IODebugContext* context) {
  IOStatus status = WriteStatus(*faults_);
  if (status.ok()) status = FileSystemWrapper::NewWritableFile(path, options, file, context);
  if (status.ok()) *file = std::make_unique<FaultyWritableFile>(std::move(*file), faults_);
  return status;
}

IOStatus FaultyFileSystem::ReopenWritableFile(const std::string& path,
                                              const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSWritableFile>* file,
                                              IODebugContext* context) {
  IOStatus status = FileSystemWrapper::ReopenWritableFile(path, options, file, context);
  if (status.ok()) *file = std::make_unique<FaultyWritableFile>(std::move(*file), faults_);
  return status;
}

IOStatus FaultyFileSystem::ReuseWritableFile(const std::string& path, const std::string& old_path,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             IODebugContext* context) {
  IOStatus status = FileSystemWrapper::ReuseWritableFile(path, old_path, options, file, context);
  if (status.ok()) *file = std::make_unique<FaultyWritableFile>(std::move(*file), faults_);
  return status;
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& path, const IOOptions& options,
                                      IODebugContext* context) {
  uint64_t size = 0;
  if (FileSystemWrapper::GetFileSize(path, options, &size, context).ok()) {
    faults_->room += static_cast<int64_t>(size);
  }
  return FileSystemWrapper::DeleteFile(path, options, context);
}

IOStatus FaultyFileSystem::GetFreeSpace(const std::string& path, const IOOptions& options,
                                        uint64_t* bytes, IODebugContext* context) {
  const IOStatus status = FileSystemWrapper::GetFreeSpace(path, options, bytes, context);
  const int64_t room = faults_->room;
  *bytes = std::min(*bytes, static_cast<uint64_t>(std::max<int64_t>(0, room)));
  return status;
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to,
                                      const IOOptions& options, IODebugContext* context) {
  IOStatus status = WriteStatus(*faults_);
  return status.ok() ? FileSystemWrapper::RenameFile(from, to, options, context) : status;
}

}  // namespace replete
