// CLIENT: connections as others and the connection itself see them.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/keyspace/clock.h"
#include "protocol/decimal.h"
#include "server/commands/client_control.h"
#include "server/commands/client_name.h"
#include "server/commands/groups.h"
#include "server/commands/help.h"
#include "server/server.h"

namespace replete {
namespace {

// The letters of Redis, in its order.
std::string FlagsOf(const ClientInfo& info) {
  std::string flags;
  if (info.monitors.load(std::memory_order_relaxed)) flags += 'O';
  if (KindOf(info) == ClientKind::kPubSub) flags += 'P';
  if (info.queued.load(std::memory_order_relaxed) >= 0) flags += 'x';
  if (info.blocked.load(std::memory_order_relaxed)) flags += 'b';
  if (info.no_evict.load(std::memory_order_relaxed)) flags += 'e';
  // An address that is a path has no port.
  if (info.address.find(':') == std::string::npos) flags += 'U';
  return flags.empty() ? "N" : flags;
}

std::string LastCommand(const ClientInfo& info) {
  const Command* command = info.last_command.load(std::memory_order_relaxed);
  const Command* sub = info.last_subcommand.load(std::memory_order_relaxed);
  if (command == nullptr) return "NULL";
  return sub != nullptr ? FullName(command, *sub) : std::string(command->name);
}

// Redis' line about a client. The arguments of a command lie in its query buffer, and no reply
// waits anywhere but in the output buffer: argv-mem and oll are 0.
void AppendClient(std::string* out, const ClientInfo& info, int64_t now_ms) {
  std::string name, library, library_version;
  int database = 0;
  {
    const std::lock_guard lock(info.mutex);
    name = info.name;
    library = info.library;
    library_version = info.library_version;
    database = info.database;
  }
  const size_t input = info.query_buffer.load(std::memory_order_relaxed);
  const size_t input_free = info.query_buffer_free.load(std::memory_order_relaxed);
  const size_t queued = info.queued_bytes.load(std::memory_order_relaxed);
  const size_t output = info.output_buffer.load(std::memory_order_relaxed);
  const int64_t active = info.last_active_ms.load(std::memory_order_relaxed);
  fmt::format_to(
      std::back_inserter(*out),
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} "
      "multi={} qbuf={} qbuf-free={} argv-mem=0 multi-mem={} obl={} oll=0 omem={} tot-mem={} "
      "events={} cmd={} user=default redir=-1 resp={} "
      "lib-name={} lib-ver={}",
      info.id, info.address, info.local_address, info.descriptor, name,
      std::max<int64_t>(0, now_ms - info.created_ms) / 1000,
      active == 0 ? 0 : std::max<int64_t>(0, now_ms - active) / 1000, FlagsOf(info), database,
      info.subscriptions.load(std::memory_order_relaxed),
      info.patterns.load(std::memory_order_relaxed),
      info.shard_subscriptions.load(std::memory_order_relaxed),
      info.queued.load(std::memory_order_relaxed), input, input_free, queued, output, output,
      input + input_free + queued + output + info.session_bytes, output > 0 ? "rw" : "r",
      LastCommand(info), info.resp3.load(std::memory_order_relaxed) ? 3 : 2, library,
      library_version);
}

// A line of CLIENT LIST. The namespace is told here only: some libraries take CLIENT INFO apart and
// refuse fields that they do not know.
void AppendListed(std::string* out, const ClientInfo& client, int64_t now_ms) {
  AppendClient(out, client, now_ms);
  const std::lock_guard lock(client.mutex);
  fmt::format_to(std::back_inserter(*out), " ns={}\n", client.keyspace);
}

// The clients named in CLIENT LIST ID, in the order asked for; unknown ones are passed over.
void ListById(CommandContext& ctx) {
  std::vector<uint64_t> ids;
  for (size_t i = 3; i < ctx.argc(); ++i) {
    int64_t id = 0;
    if (!ParseCanonicalInt64(ctx.arg(i), &id)) {
      ctx.reply().Error("ERR Invalid client ID");
      return;
    }
    ids.push_back(static_cast<uint64_t>(id));
  }
  std::unordered_map<uint64_t, std::string> lines;
  for (uint64_t id : ids) lines.emplace(id, std::string());
  const int64_t now = MonotonicMillis();
  ctx.server().ForEachClient([&](const ClientInfo& client) {
    if (auto found = lines.find(client.id); found != lines.end()) {
      AppendListed(&found->second, client, now);
    }
  });
  std::string text;
  for (uint64_t id : ids) text += lines[id];
  ctx.reply().Verbatim("txt", text);
}

void List(CommandContext& ctx) {
  const bool by_type = ctx.argc() == 4 && ctx.ArgIs(2, "type");
  ClientKind kind = ClientKind::kNormal;
  if (by_type) {
    if (!ParseClientKind(ctx, 3, &kind)) return;
  } else if (ctx.argc() > 3 && ctx.ArgIs(2, "id")) {
    ListById(ctx);
    return;
  } else if (ctx.argc() != 2) {
    ctx.SyntaxError();
    return;
  }
  std::string text;
  const int64_t now = MonotonicMillis();
  ctx.server().ForEachClient([&](const ClientInfo& client) {
    if (!by_type || KindOf(client) == kind) AppendListed(&text, client, now);
  });
  ctx.reply().Verbatim("txt", text);
}

void Info(CommandContext& ctx) {
  std::string text;
  AppendClient(&text, *ctx.client().info, MonotonicMillis());
  text += '\n';
  ctx.reply().Verbatim("txt", text);
}

void Id(CommandContext& ctx) { ctx.reply().Integer(static_cast<int64_t>(ctx.client().id)); }

void GetName(CommandContext& ctx) {
  if (ctx.client().name.empty()) {
    ctx.reply().Null();
  } else {
    ctx.reply().Bulk(ctx.client().name);
  }
}

void SetName(CommandContext& ctx) {
  if (SetClientName(ctx, ctx.arg(2))) ctx.reply().Ok();
}

void SetInfo(CommandContext& ctx) {
  ClientInfo& info = *ctx.client().info;
  std::string* field = nullptr;
  if (ctx.ArgIs(2, "lib-name")) {
    field = &info.library;
  } else if (ctx.ArgIs(2, "lib-ver")) {
    field = &info.library_version;
  }
  const std::string_view word = ctx.arg(2).substr(0, ctx.arg(2).find('\0'));
  if (field == nullptr) {
    ctx.reply().Error(fmt::format("ERR Unrecognized option '{}'", word));
  } else if (!ValidClientText(ctx.arg(3))) {
    ctx.reply().Error(
        fmt::format("ERR {} cannot contain spaces, newlines or special characters.", word));
  } else {
    const std::lock_guard lock(info.mutex);
    *field = std::string(ctx.arg(3));
    ctx.reply().Ok();
  }
}

// No client is ever evicted for memory here, so both answers to it are kept.
void NoEvict(CommandContext& ctx) {
  if (ctx.ArgIs(2, "on") || ctx.ArgIs(2, "off")) {
    ctx.client().info->no_evict.store(ctx.ArgIs(2, "on"), std::memory_order_relaxed);
    ctx.reply().Ok();
  } else {
    ctx.SyntaxError();
  }
}

// There is no tracking, and so nobody it is redirected to.
void GetRedir(CommandContext& ctx) { ctx.reply().Integer(-1); }

void TrackingInfo(CommandContext& ctx) {
  ctx.reply().Map(3);
  ctx.reply().Bulk("flags");
  ctx.reply().Set(1);
  ctx.reply().Bulk("off");
  ctx.reply().Bulk("redirect");
  ctx.reply().Integer(-1);
  ctx.reply().Bulk("prefixes");
  ctx.reply().Array(0);
}

using namespace command_flag;

constexpr uint32_t kOwn = kNoScript | kLoading | kStale;
constexpr uint32_t kOfAll = kAdmin | kNoScript | kLoading | kStale;

// clang-format off
constexpr Command kSubcommands[] = {
    {.name = "id", .arity = 2, .flags = kOwn, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "5.0.0",
     .summary = "Returns the client ID for the current connection", .syntax = "",
     .reply = "integer", .handler = Id},
    {.name = "list", .arity = -2, .flags = kOfAll, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "2.4.0",
     .summary = "Get the list of client connections",
     .syntax = "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
     .reply = "verbatim", .handler = List,
     .differs = "Fields of what is not there are 0."},
    {.name = "info", .arity = 2, .flags = kOwn, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "6.2.0",
     .summary = "Returns information about the current client connection.", .syntax = "",
     .reply = "verbatim", .handler = Info},
    {.name = "getname", .arity = 2, .flags = kOwn, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "2.6.9",
     .summary = "Get the current connection name", .syntax = "", .reply = "bulk|nil",
     .handler = GetName},
    {.name = "setname", .arity = 3, .flags = kOwn, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "2.6.9",
     .summary = "Set the current connection name", .syntax = "connection-name", .reply = "simple",
     .handler = SetName},
    {.name = "setinfo", .arity = 4, .flags = kOwn, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "7.2.0",
     .summary = "Set the name or version of the library behind the connection",
     .syntax = "<LIB-NAME libname | LIB-VER libver>", .reply = "simple", .handler = SetInfo},
    {.name = "no-evict", .arity = 3, .flags = kOfAll, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "7.0.0",
     .summary = "Set client eviction mode for the current connection", .syntax = "<ON | OFF>",
     .reply = "simple", .handler = NoEvict},
    {.name = "no-touch", .arity = 3, .flags = kOwn, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "7.2.0",
     .summary = "Set whether what the connection reads counts as used", .syntax = "<ON | OFF>",
     .reply = "simple", .handler = ClientNoTouch},
    {.name = "kill", .arity = -3, .flags = kOfAll, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "2.4.0",
     .summary = "Kill the connection of a client",
     .syntax = "<ip:port | ID client-id | TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB> | "
         "USER username | ADDR ip:port | LADDR ip:port | SKIPME <YES | NO>> ...",
     .reply = "simple|integer", .handler = ClientKill},
    {.name = "unblock", .arity = -3, .flags = kOfAll, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "5.0.0",
     .summary = "Unblock a client blocked in a blocking command from a different connection",
     .syntax = "client-id [TIMEOUT | ERROR]", .reply = "integer", .handler = ClientUnblock},
    {.name = "pause", .arity = -3, .flags = kOfAll, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "2.9.50",
     .summary = "Stop processing commands from clients for some time",
     .syntax = "timeout [WRITE | ALL]", .reply = "simple", .handler = ClientPauseAll,
     .differs = "It ends within 20 ms of its time."},
    {.name = "unpause", .arity = 2, .flags = kOfAll, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "6.2.0",
     .summary = "Resume processing of clients that were paused", .syntax = "", .reply = "simple",
     .handler = ClientUnpause},
    {.name = "reply", .arity = 3, .flags = kOwn, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "3.2.0",
     .summary = "Instruct the server whether to reply to commands",
     .syntax = "<ON | OFF | SKIP>", .reply = "simple|nothing", .handler = ClientReply},
    {.name = "getredir", .arity = 2, .flags = kOwn, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "6.0.0",
     .summary = "Get tracking notifications redirection client ID if any", .syntax = "",
     .reply = "integer", .handler = GetRedir},
    {.name = "trackinginfo", .arity = 2, .flags = kOwn, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "6.2.0",
     .summary = "Return information about server assisted client side caching for the current "
         "connection", .syntax = "", .reply = "map", .handler = TrackingInfo},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = category::kConnection,
     .scope = Scope::kNone, .keys = {}, .since = "5.0.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = ContainerHelp},
};

constexpr Command kCommands[] = {
    {.name = "client", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.4.0", .summary = "A container for client connection commands",
     .syntax = "", .reply = "", .handler = nullptr, .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const Command> ClientCommands() { return kCommands; }

}  // namespace replete
