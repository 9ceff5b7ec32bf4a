#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/pubsub.h"

namespace replete {

struct Client;
struct Command;

// The arguments of a command as they may be shown to others: secrets are left out.
std::vector<std::string_view> ShownArguments(const Command& command,
                                             std::span<const std::string_view> args);

// Clients that watch all requests go by (MONITOR). Thread-safe; requests of one client reach every
// monitor in their order.
class Monitors {
 public:
  bool any() const { return any_.load(std::memory_order_relaxed); }
  void Add(std::shared_ptr<Subscriber> monitor);
  void Remove(const Subscriber* monitor);
  // A command has run. Those of administrators are not shown.
  void Show(const Client& client, const Command& command, std::span<const std::string_view> args);

 private:
  std::atomic<bool> any_{false};
  std::mutex mutex_;
  std::vector<std::shared_ptr<Subscriber>> monitors_;
};

}  // namespace replete
