#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "core/keyspace/namespace_map.h"
#include "core/tier/disk_tier.h"

namespace replete {

// The disk engine of the daemon: one store for all namespaces on disk, in the folder `store` of
// `dir`. It is opened when it is there already or when the first namespace wants it.
class DiskEngine final : public TierProvider {
 public:
  // Host and clock live longer. `faults`: of the tests; null: none.
  DiskEngine(TierHost& host, const Clock& clock, std::shared_ptr<DiskFaults> faults)
      : host_(host), clock_(clock), faults_(std::move(faults)) {}

  // Opens the store that is there; nothing where there is none.
  [[nodiscard]] Problem OpenExisting(const Config& config);
  // All namespaces of before are there: a store that is opened later has no keys to read back.
  void NoteStarted() { started_ = true; }
  // Null: there is none. Any thread.
  DiskTier* tier() const { return opened_.load(std::memory_order_acquire); }

  // TierProvider.
  [[nodiscard]] Problem Attach(const std::shared_ptr<Keyspace>& keyspace,
                               const NamespaceSettings& settings, bool remember) override;
  void Detach(const Keyspace& keyspace) override;
  [[nodiscard]] Problem Alter(const Keyspace& keyspace, const NamespaceSettings& settings) override;

  // What the namespace of this name, which is not there yet, begins with: Attach finds it.
  [[nodiscard]] Problem Import(const std::string& name, const std::string& folder, uint32_t* id);

  // Everything is stored, and nobody may use the tier any more.
  void Close();

 private:
  Problem Open();

  TierHost& host_;
  const Clock& clock_;
  const std::shared_ptr<DiskFaults> faults_;
  Config config_;
  bool started_ = false;
  std::mutex open_mutex_;
  std::unique_ptr<DiskTier> tier_;
  std::atomic<DiskTier*> opened_{nullptr};
};

}  // namespace replete
