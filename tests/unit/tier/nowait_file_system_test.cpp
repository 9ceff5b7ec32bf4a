#include "core/tier/nowait_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/temporary_folder.h"

namespace replete {
namespace {

constexpr size_t kSize = 1 << 20;

class NowaitFileSystemTest : public testing::Test {
 protected:
  void SetUp() override {
    for (size_t i = 0; i < kSize; ++i) content_ += static_cast<char>(i * 2654435761u >> 13);
    std::ofstream(path_) << content_;
    const rocksdb::IOStatus status =
        files_.NewRandomAccessFile(path_, rocksdb::FileOptions(), &file_, nullptr);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  rocksdb::IOStatus Read(uint64_t offset, size_t n) {
    scratch_.assign(n, '\0');
    return file_->Read(offset, n, rocksdb::IOOptions(), &read_, scratch_.data(), nullptr);
  }
  // False: the file system keeps its files in memory.
  bool LeavesMemory() const {
    const int descriptor = ::open(path_.c_str(), O_RDONLY);
    ::fdatasync(descriptor);
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    void* const map = ::mmap(nullptr, kSize, PROT_READ, MAP_SHARED, descriptor, 0);
    std::vector<unsigned char> pages(kSize / static_cast<size_t>(::sysconf(_SC_PAGESIZE)));
    bool any = true;
    if (::mincore(map, kSize, pages.data()) == 0) {
      any = false;
      for (const unsigned char page : pages) any = any || (page & 1) != 0;
    }
    ::munmap(map, kSize);
    ::close(descriptor);
    return !any;
  }

  test::TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "file").string();
  std::string content_;
  NowaitFileSystem files_;
  std::unique_ptr<rocksdb::FSRandomAccessFile> file_;
  std::string scratch_;
  rocksdb::Slice read_;
};

TEST_F(NowaitFileSystemTest, WhatIsInMemoryIsReadWithoutWaiting) {
  ASSERT_TRUE(Read(0, kSize).ok());  // from now on it is, most likely
  const uint64_t before = NowaitFileSystem::reads();
  const NowaitFileSystem::Scope at_once;
  ASSERT_TRUE(Read(5000, 10'000).ok());
  EXPECT_EQ(read_.ToString(), content_.substr(5000, 10'000));
  EXPECT_FALSE(Read(kSize - 10, 20).ok()) << "half an answer is none";
  std::vector<rocksdb::FSReadRequest> requests(2);
  std::string room(200, '\0');
  for (size_t i = 0; i < 2; ++i) {
    requests[i].offset = i * 7000;
    requests[i].len = 100;
    requests[i].scratch = room.data() + i * 100;
  }
  ASSERT_TRUE(file_->MultiRead(requests.data(), 2, rocksdb::IOOptions(), nullptr).ok());
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(requests[i].status.ok());
    EXPECT_EQ(requests[i].result.ToString(), content_.substr(i * 7000, 100));
  }
  EXPECT_EQ(NowaitFileSystem::reads(), before + 4);
}

TEST_F(NowaitFileSystemTest, WhatIsNotIsReadByWhoWaits) {
  if (!LeavesMemory()) GTEST_SKIP() << "files stay in memory here";
  {
    const NowaitFileSystem::Scope at_once;
    EXPECT_TRUE(Read(5000, 10'000).IsBusy());
  }
  ASSERT_TRUE(Read(5000, 10'000).ok());
  EXPECT_EQ(read_.ToString(), content_.substr(5000, 10'000));
}

}  // namespace
}  // namespace replete
