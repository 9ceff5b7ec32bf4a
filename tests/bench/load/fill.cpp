// fill: one pipelined writer of new keys. call: one command, its whole reply read and thrown away.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/modes.h"
#include "tests/bench/load/workload.h"

namespace replete::bench {
namespace {

uint64_t ResidentBytes(uint64_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/statm";
  std::FILE* const file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return 0;
  unsigned long total = 0;
  unsigned long resident = 0;
  const int fields = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

struct Writer {
  explicit Writer(const Options& options)
      : connection(options.Port(), options.Text("setup")),
        key(options.Text("prefix", "key:")),
        size(options.Number("value", 32)),
        ttl_low(options.Number("ttl-low", 0)),
        ttl_high(options.Number("ttl-high", 0)),
        random(7) {}

  void Put(uint64_t id) {
    if (ttl_high == 0) {
      connection.Add({"SET", key(id), value(id, size)});
      return;
    }
    // Absolute deadlines: the instant from which a removal is late is known exactly.
    const uint64_t deadline = WallNs() / 1'000'000 + random.Between(ttl_low, ttl_high);
    last_deadline = std::max(last_deadline, deadline);
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, deadline).ptr;
    connection.Add({"SET", key(id), value(id, size), "PXAT",
                    std::string_view(digits, static_cast<size_t>(end - digits))});
  }

  Connection connection;
  KeyName key;
  Value value;
  size_t size;
  uint64_t ttl_low;
  uint64_t ttl_high;
  Random random;
  uint64_t last_deadline = 0;
};

}  // namespace

int Fill(const Options& options) {
  Writer writer(options);
  const uint64_t first = options.Number("first", 0);
  const uint64_t keys = options.Number("keys", 1000);
  const uint64_t pipeline = options.Number("pipeline", 64);
  const uint64_t step = options.Number("step", 0);
  const uint64_t pid = options.Number("pid", 0);
  const uint64_t start = NowNs();
  uint64_t in_flight = 0;
  for (uint64_t done = 0; done < keys;) {
    const uint64_t limit = step == 0 ? keys : std::min(keys, (done / step + 1) * step);
    const uint64_t batch = std::min(pipeline, limit - done);
    for (uint64_t i = 0; i < batch; ++i) writer.Put(first + done + i);
    writer.connection.Flush();
    // The batch before this one is read now, so that the server always has one to work on.
    for (; in_flight > 0; --in_flight) writer.connection.Read();
    in_flight = batch;
    done += batch;
    if (step != 0 && done == limit) {
      for (; in_flight > 0; --in_flight) writer.connection.Read();
      std::printf("{\"keys\":%lu,\"rss\":%lu}\n", done, ResidentBytes(pid));
    }
  }
  for (; in_flight > 0; --in_flight) writer.connection.Read();
  std::printf("{\"seconds\":%.4f,\"errors\":%lu,\"first_error\":\"%s\",\"last_deadline_ms\":%lu}\n",
              static_cast<double>(NowNs() - start) / 1e9, writer.connection.errors(),
              writer.connection.first_error().c_str(), writer.last_deadline);
  return 0;
}

int Call(const Options& options) {
  Connection connection(options.Port(), options.Text("setup"));
  const uint64_t repeat = options.Number("repeat", 1);
  const std::string command = options.Text("command", "PING");
  const uint64_t start = NowNs();
  int64_t elements = 0;
  for (uint64_t i = 0; i < repeat; ++i) {
    connection.AddWords(command);
    connection.Flush();
    elements = connection.Read().elements;
  }
  std::printf("{\"seconds\":%.4f,\"elements\":%ld,\"errors\":%lu,\"first_error\":\"%s\"}\n",
              static_cast<double>(NowNs() - start) / 1e9 / static_cast<double>(repeat), elements,
              connection.errors(), connection.first_error().c_str());
  return 0;
}

}  // namespace replete::bench
