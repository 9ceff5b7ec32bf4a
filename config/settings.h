#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"

namespace replete {

// The live settings: what CONFIG GET and CONFIG SET work on. Safe from any thread.
//
// Readers on a hot path keep the snapshot they have and compare version() once per loop iteration;
// Snapshot() takes a mutex for a moment. A snapshot never changes.
class Settings {
 public:
  struct NameValue {
    std::string_view name;
    std::string_view value;
  };

  // Whether the caller may set what enable-protected-configs protects. The server decides it from
  // the setting and the client's address.
  enum class Access : uint8_t { kPlain, kProtected };

  struct Refusal {
    std::string_view setting;  // canonical name of the row that is to blame
    std::string text;
  };
  // Sees a new configuration before it takes effect and may refuse what only the server can judge
  // (file descriptors for maxclients). Runs on the thread of Set.
  using Check = std::function<std::optional<Refusal>(const Config& old, const Config& now)>;

  // Runs on the thread of Set after the new configuration is published, one change at a time. It
  // may read the settings but not call Set or register anything.
  using Callback = std::function<void(const Config& old, const Config& now)>;

  // The glob matcher of CONFIG GET. Pattern and text are lower-case.
  using GlobMatch = bool (*)(std::string_view pattern, std::string_view text);

  explicit Settings(Config initial);
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  std::shared_ptr<const Config> Snapshot() const;

  // Grows by one with every change.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // CONFIG SET: all or nothing. Nothing on success, else the whole error reply after the '-' in
  // the words of Redis 7.0. A Set that leaves every value as it is publishes nothing.
  [[nodiscard]] std::optional<std::string> Set(std::span<const NameValue> pairs,
                                               Access access = Access::kPlain);

  // CONFIG GET: name and value of what any of the patterns names, each once. A plain name is
  // answered as the client wrote it; a glob finds aliases too, as in Redis. Fixed values of Redis'
  // settings are part of the answer.
  std::vector<std::pair<std::string, std::string>> Get(std::span<const std::string_view> patterns,
                                                       GlobMatch match) const;

  void AddCheck(Check check);
  void OnChange(Callback callback);

 private:
  std::mutex set_mutex_;  // one Set at a time, callbacks included
  std::vector<Check> checks_;
  std::vector<Callback> callbacks_;

  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const Config> snapshot_;
  std::atomic<uint64_t> version_{1};
};

}  // namespace replete
