#include "server/machine.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/temporary_folder.h"

namespace replete {
namespace {

class MachineTest : public testing::Test {
 protected:
  MachineTest() {
    Write("proc/meminfo", "MemTotal:        8000000 kB\nMemFree: 1 kB\nMemAvailable: 4000000 kB\n");
  }

  void Write(const std::string& path, std::string_view text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  std::string Warnings(const Config& config) {
    Machine machine = Machine::Read(root_);
    machine.descriptors = 100'000;
    std::string all;
    for (const std::string& warning : machine.Warnings(config)) all += warning + "\n";
    return all;
  }

  const test::TemporaryFolder folder_;
  const std::filesystem::path root_ = folder_.path();
};

TEST_F(MachineTest, WithoutAGroupThereIsNoLimit) {
  const Machine machine = Machine::Read(root_);
  EXPECT_EQ(machine.memory_total, uint64_t{8000000} * 1024);
  EXPECT_EQ(machine.memory_available, uint64_t{4000000} * 1024);
  EXPECT_FALSE(machine.memory_limit);
  EXPECT_EQ(machine.DefaultMaxMemory(), 0U);
  EXPECT_EQ(Warnings({}), "");
  EXPECT_EQ(Machine::Read(root_ / "nowhere").memory_total, 0U);
}

TEST_F(MachineTest, TheLeastLimitOnTheWayToTheRootCounts) {
  Write("proc/self/cgroup", "0::/system.slice/replete.service\n");
  Write("sys/fs/cgroup/system.slice/replete.service/memory.max", "max\n");
  EXPECT_FALSE(Machine::Read(root_).memory_limit);
  Write("sys/fs/cgroup/system.slice/memory.max", "1000000\n");
  EXPECT_EQ(Machine::Read(root_).memory_limit, 1000000U);
  Write("sys/fs/cgroup/system.slice/replete.service/memory.max", "400000\n");
  EXPECT_EQ(Machine::Read(root_).memory_limit, 400000U);
  EXPECT_EQ(Machine::Read(root_).DefaultMaxMemory(), 300000U);
}

TEST_F(MachineTest, InAContainerTheGroupIsMountedAsTheRoot) {
  Write("proc/self/cgroup", "0::/docker/0123456789\n");
  Write("sys/fs/cgroup/memory.max", "67108864\n");
  EXPECT_EQ(Machine::Read(root_).memory_limit, 67108864U);
}

TEST_F(MachineTest, TheFirstVersionHasATreeForMemory) {
  Write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/box\n3:memoryx:/other\n");
  Write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "5000\n");
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Machine::Read(root_).memory_limit, 5000U);
  // What is no limit is larger than all memory.
  Write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_FALSE(Machine::Read(root_).memory_limit);
}

TEST_F(MachineTest, WarnsOfWhatWillHurt) {
  Write("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
  Write("proc/sys/vm/overcommit_memory", "2\n");
  Write("proc/sys/net/core/somaxconn", "128\n");
  Config config;
  config.maxmemory = uint64_t{9} << 30;
  config.maxclients = 200'000;
  const std::string warnings = Warnings(config);
  for (const char* part :
       {"maxmemory is 9216 MiB, but there are only 7812 MiB of memory\n", "huge pages are on",
        "overcommit_memory is 2", "tcp-backlog 511 cannot be had: net.core.somaxconn is 128",
        "maxclients is 200000, but only 100000 files"}) {
    EXPECT_NE(warnings.find(part), std::string::npos) << part << "\n" << warnings;
  }
  config.maxmemory = uint64_t{5} << 30;
  EXPECT_NE(Warnings(config).find("only 3906 MiB of memory are free now"), std::string::npos);
  Write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  EXPECT_EQ(Warnings(config).find("huge pages"), std::string::npos);
}

}  // namespace
}  // namespace replete
