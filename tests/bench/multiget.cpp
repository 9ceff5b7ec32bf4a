// What the disk engine's readers are measured against: threads that do nothing but RocksDB's
// MultiGet over random keys of a store that a daemon has left.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/table.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/workload.h"

namespace replete::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Names the daemon's; a store of plain writes has no operands.
class NoOperands final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice*, const rocksdb::Slice&, std::string*,
             rocksdb::Logger*) const override {
    return false;
  }
  const char* Name() const override { return "replete.deadline"; }
};

// Of the one namespace that has records: what its keys begin with.
std::string PrefixOf(rocksdb::DB* db) {
  const std::string first_generation("\0\0\0\1\0\0\0\0", 8);
  const std::unique_ptr<rocksdb::Iterator> records(db->NewIterator(rocksdb::ReadOptions()));
  records->Seek(first_generation);
  if (!records->Valid() || records->key().size() < 8) Fatal("the store is empty");
  return records->key().ToString().substr(0, 8);
}

uint64_t ReadUntil(rocksdb::DB* db, const std::string& prefix, uint64_t keys, size_t batch,
                   uint64_t seed, Clock::time_point end) {
  Random random(seed);
  KeyName name;
  std::vector<std::string> wanted(batch);
  std::vector<rocksdb::Slice> slices(batch);
  std::vector<rocksdb::PinnableSlice> values(batch);
  std::vector<rocksdb::Status> statuses(batch);
  uint64_t done = 0;
  while (Clock::now() < end) {
    for (size_t i = 0; i < batch; ++i) {
      wanted[i] = prefix + std::string(name(random.Below(keys)));
      slices[i] = wanted[i];
      values[i].Reset();
    }
    db->MultiGet(rocksdb::ReadOptions(), db->DefaultColumnFamily(), batch, slices.data(),
                 values.data(), statuses.data());
    for (const rocksdb::Status& status : statuses) {
      if (!status.ok()) Fatal(status.ToString());
    }
    done += batch;
  }
  return done;
}

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int Run(const std::string& folder, uint64_t keys, size_t threads, size_t cache, int milliseconds,
        size_t batch) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(cache);
  rocksdb::Options options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.merge_operator = std::make_shared<NoOperands>();
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, folder, &opened);
  if (!status.ok()) Fatal(status.ToString());
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::string prefix = PrefixOf(db.get());
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  const double cpu = CpuSeconds();
  std::atomic<uint64_t> done{0};
  std::vector<std::thread> readers;
  for (size_t i = 0; i < threads; ++i) {
    readers.emplace_back([&, i] { done += ReadUntil(db.get(), prefix, keys, batch, i + 1, end); });
  }
  for (std::thread& reader : readers) reader.join();
  const auto n = static_cast<double>(done.load());
  std::printf("{\"per_second\":%.1f,\"cpu_us\":%.3f}\n", n * 1000 / milliseconds,
              (CpuSeconds() - cpu) * 1e6 / n);
  return 0;
}

}  // namespace
}  // namespace replete::bench

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: multiget STORE KEYS THREADS CACHE_BYTES MILLISECONDS BATCH\n");
    return 2;
  }
  return replete::bench::Run(argv[1], std::strtoull(argv[2], nullptr, 10),
                             std::strtoul(argv[3], nullptr, 10), std::strtoul(argv[4], nullptr, 10),
                             std::atoi(argv[5]), std::strtoul(argv[6], nullptr, 10));
}
