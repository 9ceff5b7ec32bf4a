#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/integration/daemon.h"
#include "tests/temporary_folder.h"

namespace replete::test {

class DiskTest : public DaemonTest {
 protected:
  void SetUp() override {
    REPLETE_ONLY();
    NEEDS_STORE();
  }

  // A daemon on the test's folder; one that runs is stopped first.
  void StartHere(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--dir", folder_.path().string()};
    args.insert(args.end(), more.begin(), more.end());
    Start(std::move(args));
  }
  Client In(const std::string& name) {
    Client client = Connect();
    EXPECT_EQ(client.Run("SELECT", name), Status("OK"));
    return client;
  }
  static void Create(Client* client, const std::string& name, std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"NAMESPACE",   "CREATE", name,          "ENGINE", "disk",
                                     "MAX_ENTRIES", "0",      "DEFAULT_TTL", "0"};
    args.insert(args.end(), more.begin(), more.end());
    ASSERT_EQ(client->Run(args), Status("OK"));
  }
  // Values of several kinds, of all fates, and whether they are all there.
  static void Fill(Client* client);
  static void ExpectFilled(Client* client);

  // A number that NAMESPACE INFO tells.
  static long long InfoOf(Client* client, const std::string& name, const std::string& field);

  // What `log` of a daemon says that would not start.
  std::string Refusal(const std::vector<std::string>& args) {
    ServerProcess process(ServerBinary(), args);
    process.SpawnOnly();
    EXPECT_TRUE(process.Wait(kHang));
    EXPECT_EQ(process.status(), 1);
    return process.Log();
  }

  TemporaryFolder folder_;
};

}  // namespace replete::test
