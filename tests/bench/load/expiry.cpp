// events: keys with one deadline, and how long after it each `expired` event arrives.
// refresh: deadlines that are moved on all the while.
#include <algorithm>
#include <cstdio>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/modes.h"
#include "tests/bench/load/workload.h"

namespace replete::bench {
namespace {

uint64_t WriteDueKeys(const Options& options, const std::string& prefix, uint64_t deadline_ms) {
  Connection writer(options.Port(), options.Text("setup"));
  KeyName key(prefix);
  const std::string deadline = std::to_string(deadline_ms);
  const uint64_t keys = options.Number("keys", 1000);
  for (uint64_t done = 0; done < keys;) {
    const uint64_t batch = std::min<uint64_t>(200, keys - done);
    for (uint64_t i = 0; i < batch; ++i) {
      writer.Add({"SET", key(done + i), "v", "PXAT", deadline});
    }
    writer.Flush();
    for (uint64_t i = 0; i < batch; ++i) {
      if (writer.Read().IsError()) Fatal("SET PXAT: " + writer.first_error());
    }
    done += batch;
  }
  return WallNs();
}

}  // namespace

int Events(const Options& options) {
  const uint64_t keys = options.Number("keys", 1000);
  const std::string prefix = options.Text("prefix", "due:");
  Connection subscriber(options.Port(), "");
  subscriber.Add({"SUBSCRIBE", options.Text("channel", "__keyevent@0__:expired")});
  subscriber.Flush();
  if (subscriber.Read().IsError()) Fatal("SUBSCRIBE: " + subscriber.first_error());
  subscriber.SetReceiveTimeout(100);

  const uint64_t deadline = WallNs() / 1'000'000 + options.Number("delay-ms", 1000);
  if (WriteDueKeys(options, prefix, deadline) > deadline * 1'000'000) {
    Fatal("the keys were not written before their deadline; give a longer --delay-ms");
  }
  const uint64_t give_up = (deadline + options.Number("wait-ms", 10'000)) * 1'000'000;
  Samples delays;
  uint64_t early = 0;
  while (delays.size() < keys && WallNs() < give_up) {
    if (!subscriber.Receive()) continue;
    const uint64_t now = WallNs();
    Reply reply;
    while (subscriber.Next(&reply)) {
      if (reply.text.substr(0, 4) != prefix) continue;
      const uint64_t due = deadline * 1'000'000;
      if (now < due) ++early;
      delays.Add(now < due ? 0 : now - due);
    }
  }
  delays.Sort();
  std::printf("{\"expected\":%lu,\"early\":%lu,%s}\n", keys, early, delays.Json().c_str());
  return 0;
}

int Refresh(const Options& options) {
  Connection connection(options.Port(), options.Text("setup"));
  const uint64_t keys = options.Number("keys", 1000);
  const uint64_t rate = options.Number("rate", 20'000);
  const uint64_t low = options.Number("ttl-low", 3'600'000);
  const uint64_t high = options.Number("ttl-high", 7'200'000);
  const std::atomic<bool>& stop = StopRequested();
  KeyName key;
  Value value;
  Random random(11);
  constexpr uint64_t kTickNs = 2'000'000;
  const uint64_t batch = std::max<uint64_t>(rate / 500, 1);
  uint64_t due = NowNs();
  uint64_t refreshed = 0;
  while (!stop.load(std::memory_order_relaxed)) {
    SleepUntil(due);
    for (uint64_t i = 0; i < batch; ++i, ++refreshed) {
      const uint64_t id = random.Below(keys);
      const std::string ttl = std::to_string(random.Between(low, high));
      switch (refreshed % 3) {
        case 0:
          connection.Add({"PEXPIRE", key(id), ttl});
          break;
        case 1:
          connection.Add({"GETEX", key(id), "PX", ttl});
          break;
        default:
          connection.Add({"SET", key(id), value(id, 32), "PX", ttl});
          break;
      }
    }
    connection.Flush();
    for (uint64_t i = 0; i < batch; ++i) connection.Read();
    due = std::max(due + kTickNs, NowNs());
  }
  std::printf("{\"refreshed\":%lu,\"errors\":%lu,\"first_error\":\"%s\"}\n", refreshed,
              connection.errors(), connection.first_error().c_str());
  return 0;
}

}  // namespace replete::bench
