#pragma once

#include <cstdint>
#include <string>

namespace rocksdb {
class Env;
}

namespace replete {

// A file that holds room on the disk, to be given up when there is no other: then what gives room
// back can still be written. One thread at a time; calls may block.
class DiskReserve {
 public:
  // `bytes`: 0 for none. `env` lives longer.
  DiskReserve(rocksdb::Env& env, std::string path, uint64_t bytes)
      : env_(env), path_(std::move(path)), bytes_(bytes) {}

  // Makes the file, if there is room for it and as much again. Whether it is there.
  bool Hold();
  // False: there was nothing to give up.
  bool Release();

 private:
  bool Fill();

  rocksdb::Env& env_;
  const std::string path_;
  const uint64_t bytes_;
  bool held_ = false;
};

}  // namespace replete
