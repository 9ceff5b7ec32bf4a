#include "server/commands/client_control.h"

#include <fmt/format.h>

#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/keyspace/clock.h"
#include "protocol/decimal.h"
#include "server/blocking.h"
#include "server/commands/timeout.h"
#include "server/server.h"

namespace replete {
namespace {

std::string_view Printable(std::string_view word) { return word.substr(0, word.find('\0')); }

// What CLIENT KILL is told of those that it shall close.
struct KillFilter {
  std::optional<uint64_t> id;
  std::optional<ClientKind> kind;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  bool skip_me = true;

  bool Admits(const ClientInfo& info) const {
    return (!id || info.id == *id) && (!kind || KindOf(info) == *kind) &&
           (!address || info.address == *address) &&
           (!local_address || info.local_address == *local_address);
  }
};

// False: an error has been replied.
bool ParseKillOption(CommandContext& ctx, size_t i, KillFilter* filter) {
  if (ctx.ArgIs(i, "id")) {
    int64_t id = 0;
    if (!ParseCanonicalInt64(ctx.arg(i + 1), &id) || id < 1) {
      ctx.reply().Error("ERR client-id should be greater than 0");
      return false;
    }
    filter->id = static_cast<uint64_t>(id);
  } else if (ctx.ArgIs(i, "type")) {
    ClientKind kind{};
    if (!ParseClientKind(ctx, i + 1, &kind)) return false;
    filter->kind = kind;
  } else if (ctx.ArgIs(i, "addr")) {
    filter->address = ctx.arg(i + 1);
  } else if (ctx.ArgIs(i, "laddr")) {
    filter->local_address = ctx.arg(i + 1);
  } else if (ctx.ArgIs(i, "user")) {
    if (ctx.arg(i + 1) != "default") {
      ctx.reply().Error(fmt::format("ERR No such user '{}'", Printable(ctx.arg(i + 1))));
      return false;
    }
  } else if (ctx.ArgIs(i, "skipme") && (ctx.ArgIs(i + 1, "yes") || ctx.ArgIs(i + 1, "no"))) {
    filter->skip_me = ctx.ArgIs(i + 1, "yes");
  } else {
    ctx.SyntaxError();
    return false;
  }
  return true;
}

// Returns how many there were.
int64_t Kill(CommandContext& ctx, const KillFilter& filter) {
  std::vector<std::shared_ptr<ClientControl>> killed;
  int64_t found = 0;
  ctx.server().ForEachClient([&](const ClientInfo& info) {
    if (!filter.Admits(info)) return;
    if (info.id == ctx.client().id) {
      if (filter.skip_me) return;
      ctx.client().close_after_reply = true;
    } else if (auto control = info.control.lock()) {
      killed.push_back(std::move(control));
    }
    ++found;
  });
  for (const auto& control : killed) control->Kill();
  return found;
}

}  // namespace

ClientKind KindOf(const ClientInfo& info) {
  return info.subscribes() ? ClientKind::kPubSub : ClientKind::kNormal;
}

bool ParseClientKind(CommandContext& ctx, size_t i, ClientKind* kind) {
  constexpr std::pair<std::string_view, ClientKind> kKinds[] = {
      {"normal", ClientKind::kNormal},   {"master", ClientKind::kMaster},
      {"replica", ClientKind::kReplica}, {"slave", ClientKind::kReplica},
      {"pubsub", ClientKind::kPubSub},
  };
  for (const auto& [word, meant] : kKinds) {
    if (ctx.ArgIs(i, word)) {
      *kind = meant;
      return true;
    }
  }
  ctx.reply().Error(fmt::format("ERR Unknown client type '{}'", Printable(ctx.arg(i))));
  return false;
}

void ClientKill(CommandContext& ctx) {
  KillFilter filter;
  if (ctx.argc() == 3) {
    // As it was before there were filters: one address, and one may close oneself.
    filter.address = ctx.arg(2);
    filter.skip_me = false;
    if (Kill(ctx, filter) == 0) return ctx.reply().Error("ERR No such client");
    return ctx.reply().Ok();
  }
  for (size_t i = 2; i < ctx.argc(); i += 2) {
    if (i + 1 == ctx.argc()) return ctx.SyntaxError();
    if (!ParseKillOption(ctx, i, &filter)) return;
  }
  ctx.reply().Integer(Kill(ctx, filter));
}

void ClientUnblock(CommandContext& ctx) {
  bool with_error = false;
  if (ctx.argc() > 4) return ctx.WrongSubcommand();
  if (ctx.argc() == 4) {
    with_error = ctx.ArgIs(3, "error");
    if (!with_error && !ctx.ArgIs(3, "timeout")) {
      return ctx.reply().Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  int64_t id = 0;
  if (!ctx.Integer(2, &id)) return;
  std::shared_ptr<BlockedPop> wait;
  ctx.server().ForEachClient([&](const ClientInfo& info) {
    if (info.id != static_cast<uint64_t>(id)) return;
    const std::lock_guard lock(info.mutex);
    wait = info.wait.lock();
  });
  ctx.reply().Integer(wait != nullptr && wait->Unblock(with_error) ? 1 : 0);
}

void ClientPauseAll(CommandContext& ctx) {
  bool all = true;
  if (ctx.argc() > 4) return ctx.WrongSubcommand();
  if (ctx.argc() == 4) {
    all = ctx.ArgIs(3, "all");
    if (!all && !ctx.ArgIs(3, "write")) {
      return ctx.reply().Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  int64_t timeout = 0;
  if (!ParseMillisTimeout(ctx, 2, &timeout)) return;
  ctx.server().pause().Begin(MonotonicMillis() + timeout, all);
  ctx.reply().Ok();
}

void ClientUnpause(CommandContext& ctx) {
  ctx.server().pause().End();
  ctx.reply().Ok();
}

// Without a reply of its own unless it turns replies on.
void ClientReply(CommandContext& ctx) {
  Client& client = ctx.client();
  if (ctx.ArgIs(2, "on")) {
    client.replies = ReplyMode::kOn;
    ctx.reply().Ok();
  } else if (ctx.ArgIs(2, "off")) {
    client.replies = ReplyMode::kOff;
  } else if (ctx.ArgIs(2, "skip")) {
    if (client.replies != ReplyMode::kOff) client.replies = ReplyMode::kSkipNext;
  } else {
    ctx.SyntaxError();
  }
}

void ClientNoTouch(CommandContext& ctx) {
  if (!ctx.ArgIs(2, "on") && !ctx.ArgIs(2, "off")) return ctx.SyntaxError();
  ctx.client().no_touch = ctx.ArgIs(2, "on");
  ctx.reply().Ok();
}

}  // namespace replete
