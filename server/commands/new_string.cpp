#include "server/commands/new_string.h"

#include <utility>

#include "server/commands/lookup.h"

namespace replete {

bool FitsBulk(CommandContext& ctx, size_t size) {
  if (size <= static_cast<size_t>(ctx.config().proto_max_bulk_len)) return true;
  ctx.reply().Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

void StoreMade(CommandContext& ctx, const Key& key, BulkBuffer text) {
  const bool tells_new = TellsNew(ctx, key);
  const int64_t deadline = ctx.access().DefaultDeadline(key);
  if (text.size() > Entry::kInlineMax) {
    ctx.access().SetString(key, std::move(text), deadline);
  } else {
    ctx.access().SetString(key, text.view(), deadline);
  }
  if (tells_new) ctx.Notify(event_flags::kNew, "new", key);
}

}  // namespace replete
