#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/keyspace/waiting.h"

namespace replete {

// What is sent to several sessions without their asking, shared by all who get it.
struct Message {
  enum class Kind : uint8_t {
    kPublished,
    kSharded,  // published to a shard channel
    kLine,     // `payload` is a line as MONITOR shows it
  };
  std::string channel;
  std::string payload;
  Kind kind = Kind::kPublished;
};

// Somebody who subscribes: a session.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // `pattern` is null for a plain subscription. Called from the publishing thread with the
  // registry's mutex held: hands the message to the subscriber's own loop and returns.
  virtual void Deliver(std::shared_ptr<const Message> message, const std::string* pattern) = 0;
};

// Channels and patterns of the whole process. Messages of one channel reach every subscriber in one
// order. Thread-safe.
class PubSub {
 public:
  explicit PubSub(Message::Kind kind = Message::Kind::kPublished) : kind_(kind) {}

  void Subscribe(std::string_view channel, std::shared_ptr<Subscriber> subscriber);
  void Unsubscribe(std::string_view channel, const Subscriber* subscriber);
  void SubscribePattern(std::string_view pattern, std::shared_ptr<Subscriber> subscriber);
  void UnsubscribePattern(std::string_view pattern, const Subscriber* subscriber);

  // How many subscriptions it reached.
  size_t Publish(std::string_view channel, std::string_view payload);

  size_t channel_count() const;
  size_t pattern_count() const;
  size_t SubscribersOf(std::string_view channel) const;
  // Channels with subscribers that match the glob; all without one.
  std::vector<std::string> Channels(const std::string_view* glob) const;

 private:
  using Subscribers = std::vector<std::shared_ptr<Subscriber>>;

  const Message::Kind kind_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Subscribers, StringHash, std::equal_to<>> channels_;
  std::map<std::string, Subscribers, std::less<>> patterns_;
};

}  // namespace replete
