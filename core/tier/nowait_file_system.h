#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <string>

namespace replete {

// The system's file system, of which a thread may ask that reads answer only what is in memory
// already, the page cache included, instead of waiting for the disk (RWF_NOWAIT, preadv2(2)).
//
// Thread-safe. Every file that is open for reads costs a second descriptor; where there is none
// left, or where the file system below cannot tell what is in memory, nothing is.
class NowaitFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  // While one of these lives, reads by its thread answer IOStatus::Busy where they would wait.
  class Scope {
   public:
    Scope();
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
  };

  // How often the calling thread has read from files of this kind so far.
  static uint64_t reads();

  NowaitFileSystem();

  const char* Name() const override { return "replete.nowait"; }

  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* context) override;
};

}  // namespace replete
