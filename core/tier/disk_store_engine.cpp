#include "core/tier/disk_store_engine.h"

namespace replete {

DiskStatus StatusOf(const rocksdb::Status& status) {
  if (status.ok()) return {};
  const std::string text = status.ToString();
  if (status.IsNotFound()) return {DiskStatus::Kind::kNotFound, "there is no record"};
  if (status.IsNoSpace()) return {DiskStatus::Kind::kFull, text};
  if (status.IsCorruption()) return {DiskStatus::Kind::kCorrupt, text};
  return {DiskStatus::Kind::kFailed, text};
}

rocksdb::ReadOptions DiskStore::Engine::HowToRead() {
  constexpr uint32_t kLookEvery = 256;  // all of the cache's shards are asked
  thread_local uint32_t number = 0;
  if (++number % kLookEvery == 0) {
    admission.SetFull(cache->GetUsage() >= cache->GetCapacity() / 8 * 7);
  }
  rocksdb::ReadOptions how;
  how.fill_cache = admission.Takes(number);
  return how;
}

}  // namespace replete
