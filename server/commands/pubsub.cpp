// Channels: subscribing, publishing, PUBSUB; the same for shard channels, of which this one node
// has all.
#include "server/pubsub.h"

#include <memory>
#include <set>
#include <string>

#include "server/command_context.h"
#include "server/commands/groups.h"
#include "server/server.h"

namespace replete {
namespace {

using namespace command_flag;

using Names = std::set<std::string, std::less<>>;

// What can be subscribed to.
struct Family {
  Names Client::*names;
  PubSub& (Server::*registry)();
  void (PubSub::*join)(std::string_view, std::shared_ptr<Subscriber>);
  void (PubSub::*leave)(std::string_view, const Subscriber*);
  std::string_view joined;
  std::string_view left;
};

constexpr Family kChannels = {&Client::channels,    &Server::pubsub, &PubSub::Subscribe,
                              &PubSub::Unsubscribe, "subscribe",     "unsubscribe"};
constexpr Family kPatterns = {
    &Client::patterns,           &Server::pubsub, &PubSub::SubscribePattern,
    &PubSub::UnsubscribePattern, "psubscribe",    "punsubscribe"};
constexpr Family kShardChannels = {
    &Client::shard_channels, &Server::shard_pubsub, &PubSub::Subscribe,
    &PubSub::Unsubscribe,    "ssubscribe",          "sunsubscribe"};

// One confirmation a channel, each a push of its own.
void Confirm(CommandContext& context, const Family& family, std::string_view kind,
             const std::string_view* channel) {
  const Client& client = context.client();
  ReplyWriter& reply = context.reply();
  reply.Push(3);
  reply.Bulk(kind);
  if (channel == nullptr) {
    reply.Null();
  } else {
    reply.Bulk(*channel);
  }
  const bool sharded = family.names == &Client::shard_channels;
  const size_t subscriptions =
      sharded ? client.shard_channels.size() : client.channels.size() + client.patterns.size();
  reply.Integer(static_cast<int64_t>(subscriptions));
}

template <const Family& kFamily>
void Join(CommandContext& context) {
  Client& client = context.client();
  PubSub& registry = (context.server().*kFamily.registry)();
  for (size_t i = 1; i < context.argc(); ++i) {
    const std::string_view name = context.arg(i);
    if ((client.*kFamily.names).emplace(name).second) {
      (registry.*kFamily.join)(name, client.subscriber.lock());
    }
    Confirm(context, kFamily, kFamily.joined, &name);
  }
}

template <const Family& kFamily>
void Leave(CommandContext& context) {
  Client& client = context.client();
  Names& names = client.*kFamily.names;
  PubSub& registry = (context.server().*kFamily.registry)();
  const auto subscriber = client.subscriber.lock();
  auto leave = [&](std::string_view name) {
    auto found = names.find(name);
    if (found != names.end()) {
      (registry.*kFamily.leave)(name, subscriber.get());
      names.erase(found);
    }
    Confirm(context, kFamily, kFamily.left, &name);
  };
  if (context.argc() > 1) {
    for (size_t i = 1; i < context.argc(); ++i) leave(context.arg(i));
    return;
  }
  if (names.empty()) {
    Confirm(context, kFamily, kFamily.left, nullptr);
    return;
  }
  while (!names.empty()) leave(std::string(*names.begin()));
}

template <PubSub& (Server::*kRegistry)()>
void Publish(CommandContext& context) {
  const size_t reached = (context.server().*kRegistry)().Publish(context.arg(1), context.arg(2));
  context.reply().Integer(static_cast<int64_t>(reached));
}

template <PubSub& (Server::*kRegistry)()>
void Channels(CommandContext& context) {
  if (context.argc() > 3) {
    context.WrongSubcommand();
    return;
  }
  const std::string_view glob = context.argc() == 3 ? context.arg(2) : std::string_view();
  const auto channels =
      (context.server().*kRegistry)().Channels(context.argc() == 3 ? &glob : nullptr);
  context.reply().Array(channels.size());
  for (const std::string& channel : channels) context.reply().Bulk(channel);
}

template <PubSub& (Server::*kRegistry)()>
void SubscriberCounts(CommandContext& context) {
  context.reply().Array((context.argc() - 2) * 2);
  for (size_t i = 2; i < context.argc(); ++i) {
    context.reply().Bulk(context.arg(i));
    const size_t n = (context.server().*kRegistry)().SubscribersOf(context.arg(i));
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
      "SHARDCHANNELS [<pattern>]",
      "    Return the currently active shard level channels matching a <pattern> (default: '*').",
      "SHARDNUMSUB [<shardchannel> ...]",
      "    Return the number of subscribers for the specified shard level channel(s)",
      "HELP",
      "    Print this help."};
  context.reply().Array(std::size(kLines));
  for (std::string_view line : kLines) context.reply().Simple(line);
}

constexpr uint32_t kJoin = kWhileSubscribed | kPubsub | kNoScript | kLoading | kStale;
constexpr uint32_t kAsk = kPubsub | kLoading | kStale;

// Not keys, but told as if they were: proxies send them to the node that has their slot.
constexpr KeySpec kNamedChannels = {.first = 1, .last = -1, .what = "not_key"};
constexpr KeySpec kNamedChannel = {.first = 1, .last = 1, .what = "not_key"};

// clang-format off
constexpr Command kPubSubCommands[] = {
    {.name = "channels", .arity = -2, .flags = kAsk, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.8.0", .summary = "List active channels",
     .syntax = "[pattern]", .reply = "array", .handler = Channels<&Server::pubsub>},
    {.name = "numsub", .arity = -2, .flags = kAsk, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.8.0",
     .summary = "Get the count of subscribers for channels", .syntax = "[channel [channel ...]]",
     .reply = "array", .handler = SubscriberCounts<&Server::pubsub>},
    {.name = "numpat", .arity = 2, .flags = kAsk, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.8.0",
     .summary = "Get the count of unique patterns pattern subscriptions", .syntax = "",
     .reply = "integer", .handler = PatternCount},
    {.name = "shardchannels", .arity = -2, .flags = kAsk, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "7.0.0", .summary = "List active shard channels",
     .syntax = "[pattern]", .reply = "array", .handler = Channels<&Server::shard_pubsub>},
    {.name = "shardnumsub", .arity = -2, .flags = kAsk, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "7.0.0",
     .summary = "Get the count of subscribers for shard channels",
     .syntax = "[shardchannel [shardchannel ...]]", .reply = "array",
     .handler = SubscriberCounts<&Server::shard_pubsub>},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .categories = 0,
     .scope = Scope::kNone, .keys = {}, .since = "6.2.0",
     .summary = "Show helpful text about the different subcommands", .syntax = "",
     .reply = "array", .handler = Help},
};
// clang-format on

// clang-format off
constexpr Command kCommands[] = {
    {.name = "subscribe", .arity = -2, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary = "Listen for messages published to the given channels", .syntax = "channel [channel ...]",
     .reply = "push", .handler = Join<kChannels>},
    {.name = "unsubscribe", .arity = -1, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary = "Stop listening for messages posted to the given channels",
     .syntax = "[channel [channel ...]]", .reply = "push", .handler = Leave<kChannels>},
    {.name = "psubscribe", .arity = -2, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary = "Listen for messages published to channels matching the given patterns",
     .syntax = "pattern [pattern ...]", .reply = "push", .handler = Join<kPatterns>},
    {.name = "punsubscribe", .arity = -1, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary =
         "Stop listening for messages posted to channels matching the given patterns",
     .syntax = "[pattern [pattern ...]]", .reply = "push", .handler = Leave<kPatterns>},
    {.name = "publish", .arity = 3,
     .flags = kPubsub | kLoading | kStale | kFast | kMayReplicate,
     .categories = category::kPubsub, .scope = Scope::kNone, .keys = {}, .since = "2.0.0",
     .summary = "Post a message to a channel", .syntax = "channel message", .reply = "integer",
     .handler = Publish<&Server::pubsub>},
    {.name = "ssubscribe", .arity = -2, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {kNamedChannels}, .since = "7.0.0",
     .summary = "Listen for messages published to the given shard channels",
     .syntax = "shardchannel [shardchannel ...]", .reply = "push",
     .handler = Join<kShardChannels>},
    {.name = "sunsubscribe", .arity = -1, .flags = kJoin, .categories = category::kPubsub,
     .scope = Scope::kNone, .keys = {kNamedChannels}, .since = "7.0.0",
     .summary = "Stop listening for messages posted to the given shard channels",
     .syntax = "[shardchannel [shardchannel ...]]", .reply = "push",
     .handler = Leave<kShardChannels>},
    {.name = "spublish", .arity = 3,
     .flags = kPubsub | kLoading | kStale | kFast | kMayReplicate,
     .categories = category::kPubsub, .scope = Scope::kNone, .keys = {kNamedChannel},
     .since = "7.0.0", .summary = "Post a message to a shard channel",
     .syntax = "shardchannel message", .reply = "integer",
     .handler = Publish<&Server::shard_pubsub>},
    {.name = "pubsub", .arity = -2, .flags = 0, .categories = 0, .scope = Scope::kNone,
     .keys = {}, .since = "2.8.0", .summary = "A container for Pub/Sub commands", .syntax = "",
     .reply = "", .handler = nullptr, .subcommands = kPubSubCommands},
};
// clang-format on

}  // namespace

std::span<const Command> PubSubCommands() { return kCommands; }

}  // namespace replete
