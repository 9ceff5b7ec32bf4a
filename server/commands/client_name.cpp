#include "server/commands/client_name.h"

#include <algorithm>
#include <mutex>
#include <string>

namespace replete {

bool ValidClientText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool SetClientName(CommandContext& ctx, std::string_view name) {
  if (!ValidClientText(name)) {
    ctx.reply().Error("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  Client& client = ctx.client();
  client.name = std::string(name);
  const std::lock_guard lock(client.info->mutex);
  client.info->name = client.name;
  return true;
}

}  // namespace replete
