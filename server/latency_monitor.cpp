#include "server/latency_monitor.h"

#include <time.h>

#include <algorithm>

namespace replete {

void LatencyMonitor::Note(std::string_view event, int64_t millis) {
  const int64_t now = ::time(nullptr);
  std::lock_guard lock(mutex_);
  Event& of = events_.try_emplace(std::string(event)).first->second;
  of.name = event;
  of.longest = std::max(of.longest, millis);
  if (!of.samples.empty() && of.samples.back().time_s == now) {
    of.samples.back().millis = std::max(of.samples.back().millis, millis);
    return;
  }
  of.samples.push_back({now, millis});
  if (of.samples.size() > kKept) of.samples.pop_front();
}

std::vector<LatencyMonitor::Event> LatencyMonitor::All() const {
  std::vector<Event> all;
  std::lock_guard lock(mutex_);
  for (const auto& [name, event] : events_) all.push_back(event);
  return all;
}

std::vector<LatencyMonitor::Sample> LatencyMonitor::History(std::string_view event) const {
  std::lock_guard lock(mutex_);
  const auto found = events_.find(event);
  if (found == events_.end()) return {};
  return {found->second.samples.begin(), found->second.samples.end()};
}

bool LatencyMonitor::Reset(std::string_view event) {
  std::lock_guard lock(mutex_);
  const auto found = events_.find(event);
  if (found == events_.end()) return false;
  events_.erase(found);
  return true;
}

size_t LatencyMonitor::ResetAll() {
  std::lock_guard lock(mutex_);
  const size_t n = events_.size();
  events_.clear();
  return n;
}

}  // namespace replete
