#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/reply_reader.h"
#include "server/dispatcher.h"
#include "server/held_replies.h"
#include "server/server.h"

namespace replete {

// One client of a Server in this process, without a socket and a loop: its commands go straight
// through a dispatcher of its own. One thread.
class CommandRunner {
 public:
  explicit CommandRunner(Server& server)
      : server_(server),
        dispatcher_(server),
        session_(std::make_shared<Session>()),
        parkable_(session_) {
    client_.id = server.NextClientId();
    SelectKeyspace(client_, dispatcher_.namespaces().databases[0], 0);
  }
  ~CommandRunner() {
    CancelWait();
    dispatcher_.Unwatch(client_);
  }
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  // One attempt. After kParked: AwaitWake, then the same again; after kAway: AwaitReply.
  Outcome Execute(const std::vector<std::string>& words) { return Execute(words, false); }
  // `later`: requests that stand behind it in the pipeline.
  Outcome Execute(const std::vector<std::string>& words, bool again,
                  const std::vector<std::vector<std::string>>& later = {}) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    const std::vector<Ahead> ahead = Parsed(later);
    dispatcher_.Refresh();
    return dispatcher_.Execute({.client = client_,
                                .args = std::span<const std::string_view>(args),
                                .session = parkable_,
                                .again = again,
                                .later = ahead});
  }
  // As a session has them before their turn. `requests` stays as it is meanwhile.
  std::vector<Ahead> Parsed(const std::vector<std::vector<std::string>>& requests) const {
    std::vector<Ahead> parsed(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) {
      for (const std::string& word : requests[i]) parsed[i].request.args.Append(word);
      parsed[i].command = server_.commands().Find(requests[i][0]);
    }
    return parsed;
  }
  void AwaitWake() { session_->AwaitWake(); }
  Reply AwaitReply() {
    auto [reply, tokens] = session_->AwaitReply();
    return ParseReply(WhenStored(reply.view(), tokens).view());
  }

  // The reply; of one that blocks: kNull, and waiting() is true.
  Reply Run(const std::vector<std::string>& words) {
    for (bool again = false;; again = true) {
      switch (Execute(words, again)) {
        case Outcome::kDone:
          return TakeReply();
        case Outcome::kAway:
          return AwaitReply();
        case Outcome::kParked:
          AwaitWake();
          break;
        case Outcome::kBlocked:
          blocked_ = dispatcher_.TakeBlocked();
          return {};
      }
    }
  }
  // Words that are parted by blanks.
  Reply Run(std::string_view line) {
    std::istringstream in{std::string(line)};
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return Run(words);
  }

  bool waiting() const { return blocked_ != nullptr; }
  // Whether the element that the client waits for has come, and what it was told.
  bool Served(Reply* reply) {
    if (blocked_ == nullptr || !blocked_->done()) return false;
    *reply = AwaitReply();
    blocked_.reset();
    return true;
  }
  void CancelWait() {
    if (blocked_ == nullptr) return;
    blocked_->Cancel();
    dispatcher_.Detach(std::move(blocked_));
    blocked_.reset();
  }

  // Removes all that is due.
  void Sweep() {
    while (dispatcher_.Sweep(0, 1)) {
    }
  }

  Client& client() { return client_; }
  Dispatcher& dispatcher() { return dispatcher_; }

 private:
  class Session final : public Parkable {
   public:
    void Wake() override {
      std::lock_guard lock(mutex_);
      woken_ = true;
      changed_.notify_one();
    }
    void Complete(OutputBuffer reply, CommitTokens tokens) override {
      std::lock_guard lock(mutex_);
      reply_ = std::move(reply);
      tokens_ = std::move(tokens);
      completed_ = true;
      changed_.notify_one();
    }
    void AwaitWake() {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return woken_; });
      woken_ = false;
    }
    std::pair<OutputBuffer, CommitTokens> AwaitReply() {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return completed_; });
      completed_ = false;
      return {std::move(reply_), std::move(tokens_)};
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool completed_ = false;
    OutputBuffer reply_;
    CommitTokens tokens_;
  };

  // As a session sends it: after what it speaks of is stored.
  static OutputBuffer WhenStored(std::string_view reply, const CommitTokens& tokens) {
    OutputBuffer output;
    HeldReplies held;
    held.Append(reply, tokens);
    for (held.Drain(&output); !held.empty(); held.Drain(&output)) {
      std::promise<void> settled;
      const CommitToken next = held.next();
      if (next.tier->commits().Await(next.sequence, [&] { settled.set_value(); })) {
        settled.get_future().wait();
      }
    }
    return output;
  }

  static Reply ParseReply(std::string_view bytes) {
    ReplyReader reader;
    size_t consumed = 0;
    const auto result = reader.Feed(bytes, &consumed);
    EXPECT_EQ(result, ReplyReader::Result::kReply) << "in " << bytes;
    EXPECT_EQ(consumed, bytes.size()) << "more than one reply: " << bytes;
    return result == ReplyReader::Result::kReply ? reader.Take() : Reply{};
  }
  Reply TakeReply() {
    Reply reply = ParseReply(WhenStored(dispatcher_.output().view(), dispatcher_.tokens()).view());
    dispatcher_.output().Clear();
    return reply;
  }

  Server& server_;
  Dispatcher dispatcher_;
  Client client_;
  std::shared_ptr<Session> session_;
  const std::shared_ptr<Parkable> parkable_;
  std::shared_ptr<BlockedPop> blocked_;
};

}  // namespace replete
