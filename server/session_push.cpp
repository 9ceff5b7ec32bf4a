// What a session is sent without asking: published messages.
#include "server/loop.h"
#include "server/session.h"

namespace replete {
namespace {

// Messages that one turn of the loop writes to one session.
constexpr size_t kBatch = 512;

}  // namespace

// Messages that come while others are on their way to the loop go with them, in one send.
void Session::Deliver(std::shared_ptr<const Message> message, const std::string* pattern) {
  // From its own loop at once: what a client publishes to itself comes before the reply, as in
  // Redis.
  if (loop().OnThisThread() && executing_) {
    OutputBuffer push;
    Push(*message, pattern, push);
    loop().dispatcher().InsertPush(push.view());
    return;
  }
  Delivered one{std::move(message), pattern == nullptr ? std::nullopt : std::optional(*pattern)};
  std::lock_guard lock(batch_mutex_);
  if (batch_ != nullptr && batch_->size() < kBatch) return batch_->push_back(std::move(one));
  batch_ = std::make_shared<Batch>();
  batch_->push_back(std::move(one));
  // Under the mutex: the loop cannot take the batch before it stands in batch_.
  PostHome([this, batch = batch_] { SendBatch(batch); });
}

// Whatever else is posted from now on comes before messages that are delivered later.
void Session::CloseBatch() {
  std::lock_guard lock(batch_mutex_);
  batch_.reset();
}

void Session::SendBatch(const std::shared_ptr<Batch>& batch) {
  {
    std::lock_guard lock(batch_mutex_);
    if (batch_ == batch) batch_.reset();
  }
  OutputBuffer& output = loop().dispatcher().output();
  for (const Delivered& one : *batch) {
    if (closed_) return;
    Push(*one.message, one.pattern ? &*one.pattern : nullptr, output);
    if (output.size() >= kSendFrom) Flush();
  }
  Flush();
}

void Session::Push(const Message& message, const std::string* pattern, OutputBuffer& output) {
  const bool resp3 =
      state_ == State::kAway ? client_.info->resp3.load(std::memory_order_relaxed) : client_.resp3;
  ReplyWriter reply(output, resp3);
  if (message.kind == Message::Kind::kLine) return reply.Simple(message.payload);
  if (pattern == nullptr) {
    reply.Push(3);
    reply.Bulk(message.kind == Message::Kind::kSharded ? "smessage" : "message");
  } else {
    reply.Push(4);
    reply.Bulk("pmessage");
    reply.Bulk(*pattern);
  }
  reply.Bulk(message.channel);
  reply.Bulk(message.payload);
}

}  // namespace replete
