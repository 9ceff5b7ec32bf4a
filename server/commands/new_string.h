#pragma once

#include <cstddef>
#include <cstring>
#include <utility>

#include "protocol/bulk_buffer.h"
#include "server/command_context.h"

// Strings that a command makes itself rather than takes from its arguments.
namespace replete {

// False: it would be longer than strings may be, which has been replied.
bool FitsBulk(CommandContext& ctx, size_t size);

// The key, which is absent or to be wholly overwritten, holds this string from now on.
void StoreMade(CommandContext& ctx, const Key& key, BulkBuffer text);

// `fill` writes into `size` zero bytes, which become the string of the key, absent before.
template <class Fill>
void StoreNew(CommandContext& ctx, const Key& key, size_t size, Fill&& fill) {
  BulkBuffer text;
  text.Grow(size);
  if (size > 0) std::memset(text.data(), 0, size);
  fill(text.data());
  text.Resize(size);
  StoreMade(ctx, key, std::move(text));
}

// The same in the place of `entry`, which is a string, or absent; it keeps its deadline. If it is
// shorter it grows to `size`, and `fill` writes into what it holds.
template <class Fill>
void EditOrStore(CommandContext& ctx, const Key& key, Entry* entry, size_t size, Fill&& fill) {
  if (entry == nullptr) {
    StoreNew(ctx, key, size, std::forward<Fill>(fill));
  } else {
    ctx.access().EditString(key, entry, std::max(size, entry->string().size()),
                            std::forward<Fill>(fill));
  }
}

}  // namespace replete
