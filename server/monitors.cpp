#include "server/monitors.h"

#include <fmt/format.h>
#include <time.h>

#include <iterator>
#include <utility>

#include "config/namespace_settings.h"
#include "config/settings_table.h"
#include "server/client.h"
#include "server/command.h"
#include "server/command_context.h"

namespace replete {
namespace {

constexpr std::string_view kSecret = "(redacted)";

// As redis-cli shows strings.
void AppendQuoted(std::string* out, std::string_view text) {
  *out += '"';
  for (const char c : text) {
    switch (c) {
      case '\\':
      case '"':
        *out += '\\';
        *out += c;
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      case '\a':
        *out += "\\a";
        break;
      case '\b':
        *out += "\\b";
        break;
      default:
        if (c >= ' ' && c <= '~') {
          *out += c;
        } else {
          fmt::format_to(std::back_inserter(*out), "\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  *out += '"';
}

}  // namespace

std::vector<std::string_view> ShownArguments(const Command& command,
                                             std::span<const std::string_view> args) {
  std::vector<std::string_view> shown(args.begin(), args.end());
  const auto hide = [&shown](size_t i) {
    if (i < shown.size()) shown[i] = kSecret;
  };
  switch (command.secrets) {
    case Secrets::kNone:
      break;
    case Secrets::kAll:
      for (size_t i = 1; i < shown.size(); ++i) hide(i);
      break;
    case Secrets::kAfterAuth:
      for (size_t i = 2; i + 2 < shown.size(); ++i) {
        if (WordIs(shown[i], "auth")) hide(i + 1), hide(i + 2);
      }
      break;
    case Secrets::kSettings:
      for (size_t i = 2; i + 1 < shown.size(); i += 2) {
        const Setting* setting = FindSetting(shown[i]);
        if (setting != nullptr && setting->sensitive) hide(i + 1);
      }
      break;
    case Secrets::kOptions:
      for (size_t i = 3; i + 1 < shown.size(); ++i) {
        const NamespaceOption* option = FindRow(NamespaceOptions(), shown[i]);
        if (option != nullptr && option->sensitive) hide(i + 1);
      }
      break;
  }
  return shown;
}

void Monitors::Add(std::shared_ptr<Subscriber> monitor) {
  std::lock_guard lock(mutex_);
  monitors_.push_back(std::move(monitor));
  any_.store(true, std::memory_order_relaxed);
}

void Monitors::Remove(const Subscriber* monitor) {
  std::lock_guard lock(mutex_);
  std::erase_if(monitors_, [monitor](const auto& one) { return one.get() == monitor; });
  any_.store(!monitors_.empty(), std::memory_order_relaxed);
}

void Monitors::Show(const Client& client, const Command& command,
                    std::span<const std::string_view> args) {
  constexpr uint32_t kHidden = command_flag::kAdmin | command_flag::kSkipMonitor;
  if (command.flags & kHidden) return;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::string line = fmt::format("{}.{:06} [{} {}]", now.tv_sec, now.tv_nsec / 1000,
                                 client.keyspace->name(), client.info->address);
  for (const std::string_view arg : ShownArguments(command, args)) {
    line += ' ';
    AppendQuoted(&line, arg);
  }
  auto message = std::make_shared<Message>(
      Message{.channel = {}, .payload = std::move(line), .kind = Message::Kind::kLine});
  std::lock_guard lock(mutex_);
  for (const auto& monitor : monitors_) monitor->Deliver(message, nullptr);
}

}  // namespace replete
