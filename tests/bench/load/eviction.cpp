// replay: a cache-aside client over a trace. burst: does a hot half survive a flood of new keys?
// churn: values of all sizes come and go at the memory limit.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unordered_set>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/modes.h"
#include "tests/bench/load/workload.h"

namespace replete::bench {
namespace {

// Runs `count` requests made by `add` in batches; `take` sees each reply with its number.
template <typename Add, typename Take>
void Pipelined(Connection* connection, uint64_t count, Add add, Take take) {
  constexpr uint64_t kBatch = 128;
  for (uint64_t done = 0; done < count;) {
    const uint64_t batch = std::min(kBatch, count - done);
    for (uint64_t i = 0; i < batch; ++i) add(done + i);
    connection->Flush();
    for (uint64_t i = 0; i < batch; ++i) take(done + i, connection->Read());
    done += batch;
  }
}

}  // namespace

int Replay(const Options& options) {
  Connection connection(options.Port(), options.Text("setup"));
  const uint64_t requests = options.Number("requests", 10'000);
  const std::vector<uint32_t> trace =
      MakeTrace(options.Text("trace", "zipf1.0"), requests, options.Number("keys", 10'000), 2026);
  const size_t depth = options.Number("pipeline", 32);
  const size_t size = options.Number("value", 100);
  const size_t warm = trace.size() / 2;
  KeyName key;
  Value value;
  std::unordered_set<uint32_t> in_batch;
  std::vector<uint32_t> missed;
  uint64_t hits = 0;
  const uint64_t start = NowNs();
  for (size_t at = 0; at < trace.size();) {
    // A key asked for twice must see its own fill, so it ends the batch.
    in_batch.clear();
    size_t end = at;
    while (end < trace.size() && end - at < depth && in_batch.insert(trace[end]).second) {
      connection.Add({"GET", key(trace[end++])});
    }
    connection.Flush();
    missed.clear();
    for (; at < end; ++at) {
      if (connection.Read().is_nil) {
        missed.push_back(trace[at]);
      } else if (at >= warm) {
        ++hits;
      }
    }
    for (const uint32_t id : missed) connection.Add({"SET", key(id), value(id, size)});
    connection.Flush();
    for (size_t i = 0; i < missed.size(); ++i) connection.Read();
  }
  std::printf("{\"hit_ratio\":%.6f,\"seconds\":%.4f,\"errors\":%lu,\"first_error\":\"%s\"}\n",
              static_cast<double>(hits) / static_cast<double>(trace.size() - warm),
              static_cast<double>(NowNs() - start) / 1e9, connection.errors(),
              connection.first_error().c_str());
  return 0;
}

int Burst(const Options& options) {
  Connection connection(options.Port(), options.Text("setup"));
  const uint64_t entries = options.Number("entries", 1000);
  const size_t size = options.Number("value", 100);
  const uint64_t hot = entries / 2;
  const uint64_t burst = entries * 2 / 5;
  KeyName key;
  Value value;
  const auto ignore = [](uint64_t, const Reply&) {};
  const auto put = [&](uint64_t id) { connection.Add({"SET", key(id), value(id, size)}); };
  const auto get = [&](uint64_t id) { connection.Add({"GET", key(id)}); };
  // Hot and cold keys are written interleaved, so that age alone does not tell them apart.
  Pipelined(
      &connection, entries, [&](uint64_t i) { put(i % 2 == 0 ? i / 2 : hot + i / 2); }, ignore);
  uint64_t held = 0;
  Pipelined(&connection, hot, get, [&](uint64_t, const Reply& reply) { held += !reply.is_nil; });
  const uint64_t start = NowNs();
  Pipelined(
      &connection, burst, [&](uint64_t i) { put(2 * entries + i); }, ignore);
  const double seconds = static_cast<double>(NowNs() - start) / 1e9;
  uint64_t survived = 0;
  Pipelined(&connection, hot, get,
            [&](uint64_t, const Reply& reply) { survived += !reply.is_nil; });
  std::printf(
      "{\"held\":%lu,\"survived\":%lu,\"burst_seconds\":%.4f,\"errors\":%lu,"
      "\"first_error\":\"%s\"}\n",
      held, survived, seconds, connection.errors(), connection.first_error().c_str());
  return 0;
}

namespace {

// Sizes whose middle moves on from phase to phase: what was freed has the wrong size for what
// comes next, which is what makes allocators keep pages they do not use.
size_t ChurnSize(Random* random, uint64_t phase) {
  constexpr double kMiddle[] = {128, 512, 64, 2048, 256, 8192, 1024};
  if (random->Below(500) == 0) return random->Between(16 * 1024, 128 * 1024);
  const double middle = kMiddle[phase % std::size(kMiddle)];
  return static_cast<size_t>(middle * std::exp2(random->Unit() * 4.0 - 2.0));
}

}  // namespace

int Churn(const Options& options) {
  Connection connection(options.Port(), options.Text("setup"));
  const uint64_t keys = options.Number("keys", 100'000);
  const uint64_t length = options.Number("milliseconds", 1000) * 1'000'000;
  constexpr uint64_t kPhases = 21;
  constexpr uint64_t kBatch = 32;
  KeyName key;
  Value value;
  Random random(5);
  uint64_t requests = 0;
  const uint64_t start = NowNs();
  for (uint64_t elapsed = 0; elapsed < length; elapsed = NowNs() - start) {
    const uint64_t phase = elapsed * kPhases / length;
    for (uint64_t i = 0; i < kBatch; ++i) {
      const uint64_t id = random.Below(keys);
      const uint64_t kind = random.Below(100);
      if (kind < 75) {
        connection.Add({"SET", key(id), value(id, ChurnSize(&random, phase))});
      } else if (kind < 85) {
        connection.Add({"DEL", key(id)});
      } else if (kind < 90) {
        connection.Add({"APPEND", key(id), value(id, 40)});
      } else if (kind < 95) {
        connection.Add({"PEXPIRE", key(id), std::to_string(random.Between(500, 5000))});
      } else {
        connection.Add({"SET", key(id), value(id, ChurnSize(&random, phase)), "EX", "60"});
      }
    }
    connection.Flush();
    for (uint64_t i = 0; i < kBatch; ++i) connection.Read();
    requests += kBatch;
  }
  std::printf("{\"requests\":%lu,\"oom\":%lu,\"errors\":%lu,\"first_error\":\"%s\"}\n", requests,
              connection.oom_errors(), connection.errors(), connection.first_error().c_str());
  return 0;
}

}  // namespace replete::bench
