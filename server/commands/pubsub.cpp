// SUBSCRIBE, UNSUBSCRIBE, PSUBSCRIBE, PUNSUBSCRIBE, PUBLISH, PUBSUB.
#include "server/pubsub.h"

#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/server.h"

namespace replete {
namespace {

using namespace command_flag;

using Names = std::set<std::string, std::less<>>;

// One confirmation a channel, each a push of its own.
void Confirm(CommandContext& context, std::string_view kind, const std::string_view* channel) {
  const Client& client = context.client();
  ReplyWriter& reply = context.reply();
  reply.Push(3);
  reply.Bulk(kind);
  if (channel == nullptr) {
    reply.Null();
  } else {
    reply.Bulk(*channel);
  }
  reply.Integer(static_cast<int64_t>(client.channels.size() + client.patterns.size()));
}

void Subscribe(CommandContext& context) {
  Client& client = context.client();
  for (size_t i = 1; i < context.argc(); ++i) {
    const std::string_view channel = context.arg(i);
    if (client.channels.emplace(channel).second) {
      context.server().pubsub().Subscribe(channel, client.subscriber.lock());
    }
    Confirm(context, "subscribe", &channel);
  }
}

void SubscribePatterns(CommandContext& context) {
  Client& client = context.client();
  for (size_t i = 1; i < context.argc(); ++i) {
    const std::string_view pattern = context.arg(i);
    if (client.patterns.emplace(pattern).second) {
      context.server().pubsub().SubscribePattern(pattern, client.subscriber.lock());
    }
    Confirm(context, "psubscribe", &pattern);
  }
}

template <class Forget>
void Leave(CommandContext& context, Names& names, std::string_view kind, Forget&& forget) {
  const auto subscriber = context.client().subscriber.lock();
  auto leave = [&](std::string_view name) {
    auto found = names.find(name);
    if (found != names.end()) {
      forget(name, subscriber.get());
      names.erase(found);
    }
    Confirm(context, kind, &name);
  };
  if (context.argc() > 1) {
    for (size_t i = 1; i < context.argc(); ++i) leave(context.arg(i));
    return;
  }
  if (names.empty()) {
    Confirm(context, kind, nullptr);
    return;
  }
  while (!names.empty()) leave(std::string(*names.begin()));
}

void Unsubscribe(CommandContext& context) {
  PubSub& pubsub = context.server().pubsub();
  Leave(context, context.client().channels, "unsubscribe",
        [&](std::string_view name, const Subscriber* who) { pubsub.Unsubscribe(name, who); });
}

void UnsubscribePatterns(CommandContext& context) {
  PubSub& pubsub = context.server().pubsub();
  Leave(
      context, context.client().patterns, "punsubscribe",
      [&](std::string_view name, const Subscriber* who) { pubsub.UnsubscribePattern(name, who); });
}

void Publish(CommandContext& context) {
  const size_t reached = context.server().pubsub().Publish(context.arg(1), context.arg(2));
  context.reply().Integer(static_cast<int64_t>(reached));
}

void Channels(CommandContext& context) {
  if (context.argc() > 3) {
    context.reply().Error(
        "ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.");
    return;
  }
  const std::string_view glob = context.argc() == 3 ? context.arg(2) : std::string_view();
  const auto channels = context.server().pubsub().Channels(context.argc() == 3 ? &glob : nullptr);
  context.reply().Array(channels.size());
  for (const std::string& channel : channels) context.reply().Bulk(channel);
}

void SubscriberCounts(CommandContext& context) {
  context.reply().Array((context.argc() - 2) * 2);
  for (size_t i = 2; i < context.argc(); ++i) {
    context.reply().Bulk(context.arg(i));
    const size_t n = context.server().pubsub().SubscribersOf(context.arg(i));
    context.reply().Integer(static_cast<int64_t>(n));
  }
}

void PatternCount(CommandContext& context) {
  context.reply().Integer(static_cast<int64_t>(context.server().pubsub().pattern_count()));
}

void Help(CommandContext& context) {
  constexpr std::string_view kLines[] = {
      "PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "CHANNELS [<pattern>]",
      "    Return the currently active channels matching a <pattern> (default: '*').",
      "NUMPAT",
      "    Return number of subscriptions to patterns.",
      "NUMSUB [<channel> ...]",
      "    Return the number of subscribers for the specified channels, excluding",
      "    pattern subscriptions(default: no channels).",
      "HELP",
      "    Print this help."};
  context.reply().Array(std::size(kLines));
  for (std::string_view line : kLines) context.reply().Simple(line);
}

constexpr uint32_t kJoin = kWhileSubscribed | kPubsub | kNoScript | kLoading | kStale;
constexpr uint32_t kAsk = kPubsub | kLoading | kStale;

// clang-format off
constexpr Command kPubSubCommands[] = {
    {.name = "channels", .arity = -2, .flags = kAsk, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.8.0", .summary = "Returns the active channels.",
     .syntax = "[pattern]", .reply = "array", .handler = Channels},
    {.name = "numsub", .arity = -2, .flags = kAsk, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.8.0",
     .summary = "Returns a count of subscribers to channels.", .syntax = "[channel [channel ...]]",
     .reply = "array", .handler = SubscriberCounts},
    {.name = "numpat", .arity = 2, .flags = kAsk, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.8.0",
     .summary = "Returns a count of unique pattern subscriptions.", .syntax = "",
     .reply = "integer", .handler = PatternCount},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "6.2.0",
     .summary = "Returns helpful text about the different subcommands.", .syntax = "",
     .reply = "array", .handler = Help},
};
// clang-format on

// clang-format off
constexpr Command kCommands[] = {
    {.name = "subscribe", .arity = -2, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary = "Listens for messages published to channels.", .syntax = "channel [channel ...]",
     .reply = "push", .handler = Subscribe},
    {.name = "unsubscribe", .arity = -1, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary = "Stops listening to messages posted to channels.",
     .syntax = "[channel [channel ...]]", .reply = "push", .handler = Unsubscribe},
    {.name = "psubscribe", .arity = -2, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary = "Listens for messages published to channels that match one or more patterns.",
     .syntax = "pattern [pattern ...]", .reply = "push", .handler = SubscribePatterns},
    {.name = "punsubscribe", .arity = -1, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary =
         "Stops listening to messages published to channels that match one or more patterns.",
     .syntax = "[pattern [pattern ...]]", .reply = "push", .handler = UnsubscribePatterns},
    {.name = "publish", .arity = 3, .flags = kPubsub | kLoading | kStale | kFast,
     .categories = category::kPubsub, .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary = "Posts a message to a channel.", .syntax = "channel message", .reply = "integer",
     .handler = Publish},
    {.name = "pubsub", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.8.0", .summary = "A container for Pub/Sub commands.", .syntax = "",
     .reply = "", .handler = nullptr, .subcommands = kPubSubCommands},
};
// clang-format on

}  // namespace

std::span<const Command> PubSubCommands() { return kCommands; }

}  // namespace replete
