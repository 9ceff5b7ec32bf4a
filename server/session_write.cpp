// How a session's replies go out.
#include <algorithm>

#include "server/loop.h"
#include "server/server.h"
#include "server/session.h"
#include "server/socket_calls.h"

namespace replete {
// What was put out goes with that of others if nothing has to go before it.
void Session::EndTurn() {
  const OutputBuffer& output = loop().dispatcher().output();
  if (loop().gathers_output() && !closed_ && held_.empty() && unsent_.empty() && !output.empty() &&
      output.size() < kSendFrom) {
    loop().SendLater(*this);
  } else {
    Flush();
  }
}

void Session::Flush() {
  OutputBuffer& output = loop().dispatcher().output();
  if (closed_) {
    output.Clear();
    return;
  }
  if (!held_.empty()) [[unlikely]]
    SendHeld();
  if (output.empty()) {
    AfterSending();
  } else if (!unsent_.empty()) {
    Keep(output, 0);
    output.Clear();
    AfterSending();
  } else {
    const ssize_t n = SendNow(descriptor_, output.data(), std::min(output.size(), kSendAtOnce));
    TakeSent(output, n < 0 ? -errno : n);
  }
}

void Session::TakeSent(OutputBuffer& output, ssize_t result) {
  if (closed_ || (result < 0 && result != -EAGAIN && result != -EINTR)) {
    output.Clear();
    if (!closed_) Close();
    return;
  }
  const size_t sent = result > 0 ? static_cast<size_t>(result) : 0;
  loop().server().stats().net_output_bytes.fetch_add(sent, std::memory_order_relaxed);
  if (sent < output.size()) [[unlikely]]
    Keep(output, sent);
  output.Clear();
  if (output.capacity() > kSendFrom * 4) output.Shrink(kSendFrom);
  AfterSending();
}

void Session::AfterSending() {
  PublishBuffers();
  if (!unsent_.empty()) {
    CheckOutputLimits();
    if (!closed_ && !writes_) SetWrites(true);
  } else if (state_ == State::kReady && client_.close_after_reply && held_.empty()) {
    Close();
  }
}

// What could not be sent of the output, which begins at `sent`, waits. Not copied where it is long.
void Session::Keep(OutputBuffer& output, size_t sent) {
  output.Consume(sent);
  if (unsent_.empty() && output.size() >= kSendFrom) {
    unsent_ = std::move(output);
  } else {
    unsent_.Append(output.view());
  }
}

void Session::SetWrites(bool writes) {
  writes_ = writes;
  if (!loop().poller().SetWrites(descriptor_, this, writes)) Close();
}

void Session::OnWritable() {
  const bool was_full = unsent_bytes() > kMaxUnsent;
  const ssize_t n = SendNow(descriptor_, unsent_.data(), std::min(unsent_.size(), kSendAtOnce));
  if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    Close();
    return;
  }
  if (n > 0) {
    unsent_.Consume(static_cast<size_t>(n));
    loop().server().stats().net_output_bytes.fetch_add(static_cast<uint64_t>(n),
                                                       std::memory_order_relaxed);
  }
  if (unsent_.empty()) unsent_.Shrink(0);
  Flush();
  if (closed_) return;
  SetWrites(!unsent_.empty());  // which also asks to be told again
  if (!closed_ && was_full && unsent_bytes() <= kMaxUnsent) Continue();
  EndIfDone();
}

void Session::CheckOutputLimits() {
  if (state_ == State::kAway) return;
  // What is pushed to who does not read it grows with what others do: so with MONITOR too.
  const bool is_pushed_to = client_.subscribed() || client_.info->monitors;
  const auto kind = is_pushed_to ? ClientClass::kPubSub : ClientClass::kNormal;
  const OutputBufferLimit& limit = loop().dispatcher().config().client_output_buffer_limit.of(kind);
  if (limit.hard_bytes != 0 && unsent_.size() > limit.hard_bytes) {
    Cut();
    return;
  }
  if (limit.soft_bytes == 0 || unsent_.size() <= limit.soft_bytes) {
    over_soft_since_ms_ = 0;
    return;
  }
  if (over_soft_since_ms_ == 0) over_soft_since_ms_ = MonotonicMillis();
  if (MonotonicMillis() - over_soft_since_ms_ > limit.soft_seconds * int64_t{1000}) Cut();
}

}  // namespace replete
