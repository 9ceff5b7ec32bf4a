#include "server/slow_log.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "server/client.h"
#include "server/monitors.h"

namespace replete {
namespace {

// As much of a request is kept as by redis-server.
constexpr size_t kMostArguments = 32;
constexpr size_t kMostBytes = 128;

std::vector<std::string> Shortened(std::span<const std::string_view> args) {
  std::vector<std::string> kept;
  const bool too_many = args.size() > kMostArguments;
  for (const std::string_view arg : args.first(too_many ? kMostArguments - 1 : args.size())) {
    if (arg.size() > kMostBytes) {
      kept.push_back(
          fmt::format("{}... ({} more bytes)", arg.substr(0, kMostBytes), arg.size() - kMostBytes));
    } else {
      kept.emplace_back(arg);
    }
  }
  if (too_many) {
    kept.push_back(fmt::format("... ({} more arguments)", args.size() - kMostArguments + 1));
  }
  return kept;
}

}  // namespace

void SlowLog::Add(const Client& client, const Command& command,
                  std::span<const std::string_view> args, int64_t micros, size_t most) {
  Record record{.id = 0,
                .time_s = ::time(nullptr),
                .micros = micros,
                .args = Shortened(ShownArguments(command, args)),
                .address = client.info->address,
                .client_name = client.name};
  std::lock_guard lock(mutex_);
  record.id = next_id_++;
  records_.push_front(std::move(record));
  while (records_.size() > most) records_.pop_back();
}

std::vector<SlowLog::Record> SlowLog::Latest(size_t most) const {
  std::lock_guard lock(mutex_);
  const auto end = records_.begin() + static_cast<std::ptrdiff_t>(std::min(most, records_.size()));
  return {records_.begin(), end};
}

size_t SlowLog::size() const {
  std::lock_guard lock(mutex_);
  return records_.size();
}

void SlowLog::Clear() {
  std::lock_guard lock(mutex_);
  records_.clear();
}

}  // namespace replete
