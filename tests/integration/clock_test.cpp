// The system's clock is set while the daemon runs: a library stands between
// the two (tests/clock_shift).
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "tests/integration/daemon.h"

namespace replete::test {
namespace {

class ClockTest : public DaemonTest {
 protected:
  void SetUp() override {
    REPLETE_ONLY();
#ifdef CLOCK_SHIFT
    file_ =
        std::filesystem::temp_directory_path() / ("replete-clock-" + std::to_string(::getpid()));
    SetClock(0);
    const ScopedVariable file("CLOCK_SHIFT", file_.string());
    const ScopedVariable library("LD_PRELOAD", CLOCK_SHIFT);
    Start();
#else
    GTEST_SKIP() << "a sanitizer's runtime wants to be the first library";
#endif
  }
  void TearDown() override { std::filesystem::remove(file_); }

  void SetClock(int64_t seconds) {
    const int64_t millis = seconds * 1000;
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    if (!file) file.open(file_, std::ios::out | std::ios::binary);
    file.write(reinterpret_cast<const char*>(&millis), sizeof millis);
  }
  bool Logged(const std::string& text) {
    return Eventually([&] { return daemon().Log().find(text) != std::string::npos; });
  }

  std::filesystem::path file_;
};

TEST_F(ClockTest, SetForwardKeysDieByTheNewTime) {
  Client client = Connect();
  client.Run("SET", "minute", "v", "EX", "60");
  client.Run("SET", "day", "v", "EX", "86400");
  SetClock(3600);
  ASSERT_TRUE(Logged("clock was set forward by 3"));
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE") == Int(1); })) << "swept by itself";
  const long long left = client.Run("TTL", "day").Integer();
  EXPECT_GT(left, 86400 - 3600 - 100);
  EXPECT_LE(left, 86400 - 3600);
  client.Run("SET", "after", "v", "PX", "50");
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE") == Int(1); }));
}

TEST_F(ClockTest, SetBackNewKeysStillDieOnTime) {
  SetClock(3600);
  ASSERT_TRUE(Logged("clock was set forward by 3"));
  Client client = Connect();
  client.Run("SET", "minute", "v", "EX", "60");
  SetClock(0);
  ASSERT_TRUE(Logged("clock was set back by 3"));
  const long long left = client.Run("TTL", "minute").Integer();
  EXPECT_GT(left, 3600) << "its deadline is an hour further away now";
  EXPECT_LE(left, 3660);
  for (int i = 0; i < 100; ++i) {
    client.Run("SET", "short:" + std::to_string(i), "v", "PX", std::to_string(1 + i));
  }
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE") == Int(1); }));
  client.Run("PEXPIRE", "minute", "20");
  EXPECT_TRUE(Eventually([&] { return client.Run("DBSIZE") == Int(0); }));
}

}  // namespace
}  // namespace replete::test
