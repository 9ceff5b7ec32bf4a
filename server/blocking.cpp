#include "server/blocking.h"

#include "config/event_flags.h"
#include "core/keyspace/access.h"
#include "protocol/reply_writer.h"

namespace replete {

bool BlockedPop::Cancel() {
  State expected = State::kWaiting;
  return state_.compare_exchange_strong(expected, State::kCancelled);
}

void BlockedPop::Fail(std::string_view error) {
  State expected = State::kWaiting;
  if (!state_.compare_exchange_strong(expected, State::kServed)) return;
  OutputBuffer output;
  ReplyWriter(output, resp3_).Error(error);
  session_->Complete(std::move(output), {});
}

bool BlockedPop::Unblock(bool with_error) {
  State expected = State::kWaiting;
  if (!state_.compare_exchange_strong(expected, State::kCancelled)) return false;
  OutputBuffer output;
  if (with_error) {
    ReplyWriter(output, resp3_).Error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
  } else {
    WriteTimeout(&output);
  }
  session_->Complete(std::move(output), {});
  return true;
}

void BlockedPop::WriteTimeout(OutputBuffer* output) const {
  ReplyWriter reply(*output, resp3_);
  switch (on_timeout) {
    case OnTimeout::kNullArray:
      return reply.NullArray();
    case OnTimeout::kZero:
      return reply.Integer(0);
    case OnTimeout::kTwoZeros:
      reply.Array(2);
      reply.Integer(0);
      return reply.Integer(0);
    case OnTimeout::kOk:
      return reply.Ok();
  }
}

BlockedClient::Served BlockedPop::Serve(Access& access, const Key& key) {
  if (done()) return Served::kGone;
  Entry* entry = access.Peek(key);
  if (entry == nullptr || entry->type() != ValueType::kList) return Served::kWaits;
  State expected = State::kWaiting;
  if (!state_.compare_exchange_strong(expected, State::kServed)) return Served::kGone;
  ReplyWriter reply(reply_, resp3_);
  reply.Array(2);
  std::string_view shown = key.name;
  for (const Place& place : places) {
    if (place.keyspace.lock().get() == &key.shard->keyspace() && place.name == key.name) {
      shown = place.shown;
      break;
    }
  }
  reply.Bulk(shown);
  access.Pop(key, entry->list(), front_, [&](std::string_view element) { reply.Bulk(element); });
  KeyspaceListener& listener = access.listener();
  const Keyspace& keyspace = key.shard->keyspace();
  listener.OnEvent(keyspace, event_flags::kList, front_ ? "lpop" : "rpop", key.name);
  access.Finish(key);
  if (access.Peek(key) == nullptr) {
    listener.OnEvent(keyspace, event_flags::kGeneric, "del", key.name);
  }
  return Served::kTaken;
}

void BlockedPop::Answer(const CommitTokens& tokens) {
  session_->Complete(std::move(reply_), tokens);
}

}  // namespace replete
