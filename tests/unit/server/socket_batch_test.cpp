#include "server/socket_batch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace replete {
namespace {

// A connected pair of non-blocking sockets.
class Pair {
 public:
  Pair() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()) != 0) {
      throw std::system_error(errno, std::system_category(), "socketpair");
    }
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    ::close(ends_[0]);
    ClosePeer();
  }
  int near() const { return ends_[0]; }
  int peer() const { return ends_[1]; }
  void ClosePeer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  void PeerSends(const std::string& text) const {
    ASSERT_EQ(::write(peer(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string PeerReceives() const {
    std::string text(1000, '\0');
    const ssize_t n = ::read(peer(), text.data(), text.size());
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return text;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

std::vector<int> RingDescriptors() {
  std::vector<int> rings;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) == "anon_inode:[io_uring]") {
      rings.push_back(std::stoi(entry.path().filename()));
    }
  }
  return rings;
}

class SocketBatchTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    try {
      batch_.emplace(GetParam());
    } catch (const std::system_error& error) {
      GTEST_SKIP() << error.what();
    }
  }

  std::optional<SocketBatch> batch_;
  std::array<Pair, SocketBatch::kMost> pairs_;
  std::array<std::string, SocketBatch::kMost> memory_;
  std::vector<Transfer> transfers_;

  void Prepare(size_t n, const std::string& text) {
    transfers_.clear();
    for (size_t i = 0; i < n; ++i) {
      memory_[i] = text + std::to_string(i);
      transfers_.push_back({pairs_[i].near(), memory_[i].data(), memory_[i].size()});
    }
  }
};

TEST_P(SocketBatchTest, EverySocketSendsItsOwn) {
  for (size_t n = 1; n <= SocketBatch::kMost; ++n) {
    Prepare(n, "reply ");
    batch_->Send(transfers_);
    for (size_t i = 0; i < n; ++i) {
      EXPECT_EQ(transfers_[i].result, static_cast<ssize_t>(memory_[i].size()));
      EXPECT_EQ(pairs_[i].PeerReceives(), "reply " + std::to_string(i));
    }
  }
}

TEST_P(SocketBatchTest, EverySocketReceivesItsOwn) {
  for (size_t n = 1; n <= SocketBatch::kMost; ++n) {
    Prepare(n, "some place ");
    for (size_t i = 0; i < n; ++i) pairs_[i].PeerSends("GET " + std::to_string(i));
    batch_->Receive(transfers_);
    for (size_t i = 0; i < n; ++i) {
      ASSERT_EQ(transfers_[i].result, 5);
      EXPECT_EQ(memory_[i].substr(0, 5), "GET " + std::to_string(i));
    }
  }
}

TEST_P(SocketBatchTest, EachHasAResultOfItsOwn) {
  Prepare(4, "some place ");
  pairs_[0].PeerSends("PING");
  pairs_[2].ClosePeer();
  pairs_[3].PeerSends("longer than the place there is");
  batch_->Receive(transfers_);
  EXPECT_EQ(transfers_[0].result, 4);
  EXPECT_EQ(transfers_[1].result, -EAGAIN) << "it must not wait";
  EXPECT_EQ(transfers_[2].result, 0);
  EXPECT_EQ(transfers_[3].result, static_cast<ssize_t>(transfers_[3].size));
}

TEST_P(SocketBatchTest, WhoDoesNotReadHoldsUpNobody) {
  std::string much(8 << 20, 'x');
  Prepare(3, "reply ");
  transfers_[0] = {pairs_[0].near(), much.data(), much.size()};
  pairs_[1].ClosePeer();
  batch_->Send(transfers_);
  EXPECT_GT(transfers_[0].result, 0);
  EXPECT_LT(transfers_[0].result, static_cast<ssize_t>(much.size()));
  EXPECT_EQ(transfers_[1].result, -EPIPE) << "and no signal";
  EXPECT_EQ(pairs_[2].PeerReceives(), "reply 2");
  batch_->Send(transfers_);
  EXPECT_EQ(transfers_[0].result, -EAGAIN);
}

INSTANTIATE_TEST_SUITE_P(Ring, SocketBatchTest, testing::Bool(),
                         [](const auto& one) { return one.param ? "OneCall" : "SingleCalls"; });

// As where a limit of the system is met while it runs.
TEST(SocketBatch, ARingThatRefusesIsReplacedBySingleCalls) {
  const std::vector<int> before = RingDescriptors();
  std::optional<SocketBatch> batch;
  try {
    batch.emplace(true);
  } catch (const std::system_error& error) {
    GTEST_SKIP() << error.what();
  }
  std::vector<int> rings = RingDescriptors();
  std::erase_if(rings, [&](int ring) {
    return std::find(before.begin(), before.end(), ring) != before.end();
  });
  ASSERT_EQ(rings.size(), 1);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::dup2(nothing, rings[0]), rings[0]);
  ::close(nothing);

  std::array<Pair, 3> pairs;
  for (int round = 0; round < 2; ++round) {
    std::array<std::string, 3> texts{"a", "bb", "ccc"};
    std::vector<Transfer> transfers;
    for (size_t i = 0; i < 3; ++i) {
      transfers.push_back({pairs[i].near(), texts[i].data(), texts[i].size()});
    }
    batch->Send(transfers);
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(pairs[i].PeerReceives(), texts[i]) << round;
  }
  EXPECT_FALSE(std::filesystem::exists("/proc/self/fd/" + std::to_string(rings[0])));
}

// As containers do.
void ForbidRings() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    ::_exit(3);
  }
}

// 0: as it ought to be.
int StatusWithoutRings() {
  ForbidRings();
  if (SocketBatch::Pays()) return 1;
  try {
    SocketBatch batch(true);
  } catch (const std::system_error& error) {
    return error.code().value() == EPERM ? 0 : 2;
  }
  return 2;
}

TEST(SocketBatch, WhereRingsAreForbiddenTheyDoNotPay) {
  EXPECT_EXIT(::_exit(StatusWithoutRings()), testing::ExitedWithCode(0), "");
}

TEST(SocketBatch, FindingOutLeavesNothingOpen) {
  const auto open = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = open();
  (void)SocketBatch::Pays();
  EXPECT_EQ(open(), before);
}

}  // namespace
}  // namespace replete
