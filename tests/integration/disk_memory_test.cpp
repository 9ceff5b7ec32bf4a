// Where the process can have no more memory: the value that is too large is refused, by whoever
// finds it out, and nothing else is lost.
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/integration/disk_fixture.h"

namespace replete::test {
namespace {

class DiskMemoryTest : public DiskTest {
 protected:
  // Bytes of address space that the daemon may have beyond what it has.
  void Allow(rlim_t more) {
    std::ifstream statm("/proc/" + std::to_string(daemon().pid()) + "/statm");
    rlim_t pages = 0;
    ASSERT_TRUE(statm >> pages);
    const auto page = static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
    const rlimit limit{more == RLIM_INFINITY ? more : pages * page + more, RLIM_INFINITY};
    ASSERT_EQ(::prlimit(daemon().pid(), RLIMIT_AS, &limit, nullptr), 0);
  }
};

TEST_F(DiskMemoryTest, AValueThatThereIsNoMemoryForIsRefused) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers want terabytes of address space";
#endif
  constexpr size_t kSize = 8 << 20;
  constexpr size_t kMost = 20 * kSize;
  const std::string large(kSize, 'v');
  StartHere();
  Client client = Connect();
  Create(&client, "n");
  client = In("n");
  ASSERT_EQ(client.Run("SET", "old", "intact"), Status("OK"));
  int refused_by_command = 0;
  int refused_by_disk = 0;
  int stored = 0;
  for (rlim_t more = kSize; more <= rlim_t{kMost}; more += kSize / 2) {
    SCOPED_TRACE("beyond " + std::to_string(more));
    ASSERT_NO_FATAL_FAILURE(Allow(more));
    Client writer = In("n");
    writer.Run("DEL", "large");
    const Reply reply = writer.Run("SET", "large", large);
    ASSERT_NO_FATAL_FAILURE(Allow(RLIM_INFINITY));
    ASSERT_TRUE(daemon().Running()) << daemon().Log();
    const bool ok = reply == Status("OK");
    if (ok) {
      ++stored;
    } else if (reply.IsError()) {
      EXPECT_NE(reply.text.find("no memory for"), std::string::npos) << reply.text;
      ++(reply.text.starts_with("OOM ") ? refused_by_command : refused_by_disk);
    } else {
      EXPECT_FALSE(writer.connected()) << "a client whose request found no room is cut";
    }
    EXPECT_EQ(client.Run("STRLEN", "large"), Int(ok ? kSize : 0));
    EXPECT_EQ(client.Run("GET", "old"), Bulk("intact"));
    EXPECT_EQ(client.Run("SET", "small", std::to_string(more)), Status("OK"));
  }
  EXPECT_GT(refused_by_command, 0);
  EXPECT_GT(refused_by_disk, 0);
  EXPECT_GT(stored, 0);
  daemon().Kill9();
  StartHere();
  client = In("n");
  EXPECT_EQ(client.Run("STRLEN", "large"), Int(kSize));
  EXPECT_EQ(client.Run("GET", "small"), Bulk(std::to_string(kMost)));
}

}  // namespace
}  // namespace replete::test
