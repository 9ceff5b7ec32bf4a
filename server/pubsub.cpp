#include "server/pubsub.h"

#include <algorithm>

#include "core/types/glob.h"

namespace replete {
namespace {

template <class Map>
void Drop(Map& map, std::string_view name, const Subscriber* subscriber) {
  auto found = map.find(name);
  if (found == map.end()) return;
  std::erase_if(found->second, [subscriber](const auto& one) { return one.get() == subscriber; });
  if (found->second.empty()) map.erase(found);
}

}  // namespace

void PubSub::Subscribe(std::string_view channel, std::shared_ptr<Subscriber> subscriber) {
  std::lock_guard lock(mutex_);
  channels_[std::string(channel)].push_back(std::move(subscriber));
}

void PubSub::Unsubscribe(std::string_view channel, const Subscriber* subscriber) {
  std::lock_guard lock(mutex_);
  Drop(channels_, channel, subscriber);
}

void PubSub::SubscribePattern(std::string_view pattern, std::shared_ptr<Subscriber> subscriber) {
  std::lock_guard lock(mutex_);
  patterns_[std::string(pattern)].push_back(std::move(subscriber));
}

void PubSub::UnsubscribePattern(std::string_view pattern, const Subscriber* subscriber) {
  std::lock_guard lock(mutex_);
  Drop(patterns_, pattern, subscriber);
}

size_t PubSub::Publish(std::string_view channel, std::string_view payload) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<const Message> message;
  auto shared = [&] {
    if (!message) {
      message =
          std::make_shared<Message>(Message{std::string(channel), std::string(payload), kind_});
    }
    return message;
  };
  size_t reached = 0;
  if (auto found = channels_.find(channel); found != channels_.end()) {
    for (auto& subscriber : found->second) subscriber->Deliver(shared(), nullptr);
    reached += found->second.size();
  }
  for (auto& [pattern, subscribers] : patterns_) {
    if (!GlobMatch(pattern, channel)) continue;
    for (auto& subscriber : subscribers) subscriber->Deliver(shared(), &pattern);
    reached += subscribers.size();
  }
  return reached;
}

size_t PubSub::channel_count() const {
  std::lock_guard lock(mutex_);
  return channels_.size();
}

size_t PubSub::pattern_count() const {
  std::lock_guard lock(mutex_);
  return patterns_.size();
}

size_t PubSub::SubscribersOf(std::string_view channel) const {
  std::lock_guard lock(mutex_);
  auto found = channels_.find(channel);
  return found == channels_.end() ? 0 : found->second.size();
}

std::vector<std::string> PubSub::Channels(const std::string_view* glob) const {
  std::vector<std::string> result;
  std::lock_guard lock(mutex_);
  for (auto& [channel, subscribers] : channels_) {
    if (glob == nullptr || GlobMatch(*glob, channel)) result.push_back(channel);
  }
  return result;
}

}  // namespace replete
