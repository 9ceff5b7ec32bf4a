#include "server/held_replies.h"

#include <string>

#include "protocol/reply_writer.h"

namespace replete {
namespace {

bool Answered(const CommitToken& token) {
  return token.tier->commits().answered() >= token.sequence;
}

// Why one of the writes failed; empty: none did. All have been answered.
std::string FailureOf(const CommitTokens& tokens) {
  for (const CommitToken& token : tokens) {
    if (std::string failure = token.tier->commits().FailureOf(token.sequence); !failure.empty()) {
      return failure;
    }
  }
  return {};
}

}  // namespace

void HeldReplies::Append(std::string_view reply, CommitTokens tokens) {
  if (reply.empty()) return;
  bytes_ += reply.size();
  if (tokens.empty() && !parts_.empty() && parts_.back().tokens.empty()) {
    parts_.back().bytes.Append(reply);
    return;
  }
  parts_.emplace_back();
  parts_.back().bytes.Append(reply);
  parts_.back().tokens = std::move(tokens);
}

void HeldReplies::Drain(OutputBuffer* output) {
  while (!parts_.empty()) {
    const Part& part = parts_.front();
    for (const CommitToken& token : part.tokens) {
      if (!Answered(token)) return;
    }
    if (const std::string failure = FailureOf(part.tokens); !failure.empty()) {
      ReplyWriter(*output, false).Error("ERR disk: the write was not stored: " + failure);
    } else {
      output->Append(part.bytes.view());
    }
    bytes_ -= part.bytes.size();
    parts_.pop_front();
  }
}

CommitToken HeldReplies::next() const {
  for (const CommitToken& token : parts_.front().tokens) {
    if (!Answered(token)) return token;
  }
  return parts_.front().tokens.front();
}

}  // namespace replete
