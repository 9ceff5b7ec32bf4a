#include "server/disk_engine.h"

#include <filesystem>
#include <string>
#include <utility>

#include "config/namespace_settings.h"
#include "server/log.h"

namespace replete {
namespace {

std::string FolderOf(const Config& config) { return config.dir + "/store"; }

}  // namespace

Problem DiskEngine::OpenExisting(const Config& config) {
  config_ = config;
  std::error_code error;
  if (!std::filesystem::exists(FolderOf(config) + "/CURRENT", error)) return {};
  return Open();
}

Problem DiskEngine::Open() {
  std::lock_guard lock(open_mutex_);
  if (tier() != nullptr) return {};
  const DiskOptions options{.directory = FolderOf(config_),
                            .block_cache = config_.disk_block_cache,
                            .write_buffers = config_.disk_write_buffers,
                            .compression = config_.disk_compression,
                            .bottom_compression = config_.disk_bottom_compression,
                            .blobs_from = config_.disk_blobs_from,
                            .reserve = config_.disk_reserve,
                            .background_jobs = config_.disk_background_jobs,
                            .background_nice = config_.disk_background_nice,
                            .rate_limit = config_.disk_rate_limit,
                            .warn = [](std::string_view text) { LogWarning("{}", text); },
                            .faults = faults_};
  const uint64_t caches = options.block_cache + options.write_buffers;
  if (config_.maxmemory > 0 && caches > config_.maxmemory / 2) {
    LogWarning("disk-block-cache and disk-write-buffers may take more than half of maxmemory");
  }
  const auto readers = static_cast<size_t>(config_.disk_readers);
  if (Problem problem = DiskTier::Open(host_, clock_, options, readers, &tier_)) return problem;
  if (started_) (void)tier_->ReadBack(1);
  opened_.store(tier_.get(), std::memory_order_release);
  return {};
}

Problem DiskEngine::Attach(const std::shared_ptr<Keyspace>& keyspace,
                           const NamespaceSettings& settings, bool remember) {
  if (Problem problem = Open()) return problem;
  return tier_->Attach(keyspace, remember ? ListOptions(settings) : StoredOptions());
}

void DiskEngine::Detach(const Keyspace& keyspace) { tier_->Detach(keyspace); }

Problem DiskEngine::Alter(const Keyspace& keyspace, const NamespaceSettings& settings) {
  return tier_->Alter(keyspace, ListOptions(settings));
}

Problem DiskEngine::Import(const std::string& name, const std::string& folder, uint32_t* id) {
  if (Problem problem = Open()) return problem;
  return tier_->Import(name, folder, id);
}

void DiskEngine::Close() {
  opened_.store(nullptr, std::memory_order_release);
  tier_.reset();
}

}  // namespace replete
