// What a connection says about itself: protocol, user, namespace.
#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "protocol/decimal.h"
#include "server/commands/client_name.h"
#include "server/commands/groups.h"
#include "server/commands/session_namespace.h"
#include "server/dispatcher.h"
#include "server/server.h"
#include "server/version.h"

namespace replete {
namespace {

void Ping(CommandContext& ctx) {
  if (ctx.argc() > 2) {
    ctx.reply().Error("ERR wrong number of arguments for 'ping' command");
    return;
  }
  // A subscriber that speaks RESP2 tells a reply from a message by its shape.
  if (ctx.client().subscribed() && !ctx.client().resp3) {
    ctx.reply().Array(2);
    ctx.reply().Bulk("pong");
    ctx.reply().Bulk(ctx.argc() == 2 ? ctx.arg(1) : std::string_view());
  } else if (ctx.argc() == 2) {
    ctx.reply().Bulk(ctx.arg(1));
  } else {
    ctx.reply().Simple("PONG");
  }
}

void Echo(CommandContext& ctx) { ctx.reply().Bulk(ctx.arg(1)); }

void Quit(CommandContext& ctx) {
  ctx.reply().Ok();
  ctx.client().close_after_reply = true;
}

void SetProtocol(CommandContext& ctx, bool resp3) {
  ctx.client().resp3 = resp3;
  ctx.client().info->resp3.store(resp3, std::memory_order_relaxed);
  ctx.reply().set_resp3(resp3);
}

// False: an error has been replied. As in Redis any password will do where none is set.
bool Authenticate(CommandContext& ctx, std::string_view user, std::string_view password) {
  const Server& server = ctx.server();
  if (user != "default" || (server.RequiresPassword() && !server.AuthenticateDefault(password))) {
    ctx.reply().Error("WRONGPASS invalid username-password pair or user is disabled.");
    return false;
  }
  ctx.client().authenticated = true;
  return true;
}

void Auth(CommandContext& ctx) {
  if (ctx.argc() > 3) {
    ctx.SyntaxError();
    return;
  }
  if (ctx.argc() == 2 && !ctx.server().RequiresPassword()) {
    ctx.reply().Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
    return;
  }
  const std::string_view user = ctx.argc() == 2 ? "default" : ctx.arg(1);
  if (Authenticate(ctx, user, ctx.arg(ctx.argc() - 1))) ctx.reply().Ok();
}

// One option of HELLO at *i, which is moved to its last argument. Redis acts on options one by one,
// so what stands before a wrong one counts. False: an error has been replied.
bool HelloOption(CommandContext& ctx, size_t* i, std::optional<std::string_view>* keyspace) {
  const size_t more = ctx.argc() - *i - 1;
  if (ctx.ArgIs(*i, "auth") && more >= 2) {
    *i += 2;
    return Authenticate(ctx, ctx.arg(*i - 1), ctx.arg(*i));
  }
  if (ctx.ArgIs(*i, "setname") && more >= 1) return SetClientName(ctx, ctx.arg(++*i));
  if (ctx.ArgIs(*i, "namespace") && more >= 1) {
    *keyspace = ctx.arg(++*i);
    return true;
  }
  const std::string_view option = ctx.arg(*i);
  ctx.reply().Error(
      fmt::format("ERR Syntax error in HELLO option '{}'", option.substr(0, option.find('\0'))));
  return false;
}

void ReplyHello(CommandContext& ctx) {
  ReplyWriter& reply = ctx.reply();
  reply.Map(8);
  reply.Bulk("server");
  reply.Bulk("redis");
  reply.Bulk("version");
  reply.Bulk(kRedisVersion);
  reply.Bulk("proto");
  reply.Integer(ctx.client().resp3 ? 3 : 2);
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(ctx.client().id));
  reply.Bulk("mode");
  reply.Bulk("standalone");
  reply.Bulk("role");
  reply.Bulk("master");
  reply.Bulk("modules");
  reply.Array(0);
  reply.Bulk("replete_version");
  reply.Bulk(kRepleteVersion);
}

void Hello(CommandContext& ctx) {
  int64_t version = 0;
  if (ctx.argc() > 1) {
    if (!ParseCanonicalInt64(ctx.arg(1), &version)) {
      ctx.reply().Error("ERR Protocol version is not an integer or out of range");
      return;
    }
    if (version < 2 || version > 3) {
      ctx.reply().Error("NOPROTO unsupported protocol version");
      return;
    }
  }
  std::optional<std::string_view> keyspace;
  for (size_t i = 2; i < ctx.argc(); ++i) {
    if (!HelloOption(ctx, &i, &keyspace)) return;
  }
  if (!ctx.client().authenticated) {
    ctx.reply().Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
        "protocol version at the same time");
    return;
  }
  // Only now: a stranger neither learns which namespaces there are nor creates one.
  if (keyspace && !UseNamespace(ctx, *keyspace)) return;
  if (version != 0) SetProtocol(ctx, version == 3);
  ReplyHello(ctx);
}

void Select(CommandContext& ctx) {
  const std::string_view which = ctx.arg(1);
  int64_t number = 0;
  if (!ParseCanonicalInt64(which, &number)) {
    // What cannot be a name is answered as Redis answers it.
    if (!CheckNamespaceName(which)) {
      if (UseNamespace(ctx, which)) ctx.reply().Ok();
    } else {
      ctx.reply().Error("ERR value is not an integer or out of range");
    }
    return;
  }
  if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max()) {
    ctx.reply().Error("ERR value is out of range, value must between -2147483648 and 2147483647");
    return;
  }
  const std::shared_ptr<const NamespaceMap> map = ctx.server().namespaces().Current();
  if (number < 0 || static_cast<size_t>(number) >= map->databases.size()) {
    ctx.reply().Error("ERR DB index is out of range");
    return;
  }
  SelectKeyspace(ctx.client(), map->databases[static_cast<size_t>(number)],
                 static_cast<int>(number));
  ctx.reply().Ok();
}

void Reset(CommandContext& ctx) {
  Client& client = ctx.client();
  ctx.dispatcher().Unwatch(client);
  ctx.server().ResetClient(client);
  SelectKeyspace(client, ctx.server().namespaces().Current()->databases[0], 0);
  SetProtocol(ctx, false);
  client.authenticated = !ctx.server().RequiresPassword();
  SetClientName(ctx, "");
  ctx.reply().Simple("RESET");
}

using namespace command_flag;

// Possible before a client has said who it is.
constexpr uint32_t kHandshake = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;
// Whatever state the connection is in.
constexpr uint32_t kLeaves = kHandshake | kInMulti | kWhileSubscribed;

// clang-format off
constexpr Command kCommands[] = {
    {.name = "ping", .arity = -1, .flags = kWhileSubscribed | kFast,
     .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "1.0.0", .summary = "Ping the server",
     .syntax = "[message]", .reply = "simple|bulk", .handler = Ping},
    {.name = "echo", .arity = 2, .flags = kLoading | kStale | kFast,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "1.0.0",
     .summary = "Echo the given string", .syntax = "message", .reply = "bulk", .handler = Echo},
    {.name = "hello", .arity = -1, .flags = kHandshake, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "6.0.0", .summary = "Handshake with Redis",
     .syntax = "[protover [AUTH username password] [SETNAME clientname] [NAMESPACE name]]",
     .reply = "map", .handler = Hello, .secrets = Secrets::kAfterAuth,
     .differs = "Takes NAMESPACE name, and tells `replete_version` too."},
    {.name = "auth", .arity = -2, .flags = kHandshake, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "1.0.0",
     .summary = "Authenticate to the server", .syntax = "[username] password", .reply = "simple",
     .handler = Auth, .secrets = Secrets::kAll},
    {.name = "select", .arity = 2, .flags = kSelects | kLoading | kStale | kFast,
     .categories = category::kConnection, .scope = Scope::kNone, .keys = {}, .since = "1.0.0",
     .summary = "Change the selected database or namespace for the current connection",
     .syntax = "<index | name>", .reply = "simple", .handler = Select,
     .differs = "Takes the name of a namespace as well."},
    {.name = "reset", .arity = 1, .flags = kLeaves, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "6.2.0", .summary = "Reset the connection",
     .syntax = "", .reply = "simple", .handler = Reset},
    {.name = "quit", .arity = -1, .flags = kLeaves, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "1.0.0", .summary = "Close the connection",
     .syntax = "", .reply = "simple", .handler = Quit},
};
// clang-format on

}  // namespace

std::span<const Command> ConnectionCommands() { return kCommands; }

}  // namespace replete
