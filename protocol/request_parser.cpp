#include "protocol/request_parser.h"

#include <algorithm>
#include <cstring>

#include "protocol/decimal.h"
#include "protocol/inline_request.h"

namespace replete {
namespace {

// Smallest first step of a big bulk's memory; later steps double what has arrived. Growing copies
// and for a moment holds both, so what has come this far gets all it announced: the system gives
// pages as they are written, and who stops here has cost no more than was sent.
constexpr size_t kBulkStep = size_t{16} * 1024;
constexpr size_t kLastBulkStep = size_t{1} * 1024 * 1024;
// What is kept between requests so that usual ones allocate nothing.
constexpr size_t kKeptPendingArgs = 256;
constexpr size_t kKeptInlineStorage = 4096;
// How far the announced count is believed when room for views is made.
constexpr size_t kReservedArgs = 64;
// "$0\r\n": no line and no request is shorter.
constexpr size_t kShortestHeader = 4;

// Reads the canonical digits, CR and one more byte of a header whose type byte was at p[-1];
// returns what follows, or null when the line is anything else or not complete: then the slow path
// looks at it. At least three bytes must be readable.
inline const char* ReadPlainLength(const char* p, const char* end, size_t* value) {
  const auto digit = [](char c) {
    return static_cast<unsigned>(static_cast<unsigned char>(c)) - '0';
  };
  const unsigned first = digit(p[0]);
  if (first > 9) {
    return nullptr;
  }
  if (p[1] == '\r') {
    *value = first;
    return p + 3;
  }
  const unsigned second = digit(p[1]);
  if (second > 9 || first == 0) {
    return nullptr;
  }
  size_t number = first * 10 + second;
  // The CR may be at end - 2 at most; ten digits are beyond every limit that is in use.
  const char* const last = end - p > 12 ? p + 10 : end - 2;
  for (p += 2; p <= last; ++p) {
    if (*p == '\r') {
      *value = number;
      return p + 2;
    }
    const unsigned next = digit(*p);
    if (next > 9) {
      return nullptr;
    }
    number = number * 10 + next;
  }
  return nullptr;
}

size_t NextCapacity(size_t arrived, size_t whole) {
  if (arrived >= kLastBulkStep) return whole;
  return std::min(whole, std::max(kBulkStep, arrived * 2));
}

}  // namespace

RequestParser::RequestParser(size_t big_bulk) : big_bulk_(big_bulk) {}

void RequestParser::set_authenticated(bool authenticated) {
  authenticated_ = authenticated;
  UpdateLimits();
}

void RequestParser::set_max_bulk(size_t bytes) {
  max_bulk_ = bytes;
  UpdateLimits();
}

void RequestParser::UpdateLimits() {
  count_limit_ = authenticated_ ? kMaxArgs : kUnauthenticatedMaxArgs;
  bulk_limit_ = authenticated_ ? max_bulk_ : std::min(max_bulk_, kUnauthenticatedMaxBulk);
}

ParseResult RequestParser::Parse(std::string_view input, Request* out) {
  if (state_ != State::kFresh) [[unlikely]] {
    return Resume(input, out);
  }
  const char* const base = input.data();
  const char* const end = base + input.size();
  out->args.Clear();
  out->wire_size = 0;
  if (input.size() < kShortestHeader || *base != '*') [[unlikely]] {
    return Start(input, out);
  }
  size_t count = 0;
  const char* p = ReadPlainLength(base + 1, end, &count);
  if (p == nullptr || count == 0 || count > count_limit_) [[unlikely]] {
    return Start(input, out);
  }
  out->args.Reserve(std::min(count, kReservedArgs));
  for (; count != 0; --count) {
    size_t size = 0;
    const char* body = nullptr;
    if (static_cast<size_t>(end - p) >= kShortestHeader && *p == '$') [[likely]] {
      body = ReadPlainLength(p + 1, end, &size);
    }
    if (body == nullptr || size > bulk_limit_ || static_cast<size_t>(end - body) < size + 2)
        [[unlikely]] {
      return Spill(input, static_cast<size_t>(p - base), count, out);
    }
    out->args.Append({body, size});
    p = body + size + 2;
  }
  out->wire_size = static_cast<size_t>(p - base);
  return ParseResult::kRequest;
}

// The fast path met something it does not know at the first line.
ParseResult RequestParser::Start(std::string_view input, Request* out) {
  if (input.empty()) {
    return ParseResult::kIncomplete;
  }
  position_ = scanned_ = 0;
  state_ = input.front() == '*' ? State::kCount : State::kInline;
  return Resume(input, out);
}

// Likewise in the middle: turns what it has into offsets, once for a request.
ParseResult RequestParser::Spill(std::string_view input, size_t position, size_t left,
                                 Request* out) {
  pending_.clear();
  pending_.reserve(out->args.size());
  for (const std::string_view arg : out->args) {
    pending_.push_back({static_cast<size_t>(arg.data() - input.data()), arg.size()});
  }
  out->args.Clear();
  position_ = scanned_ = position;
  args_left_ = left;
  bulk_size_ = kNoBulk;
  state_ = State::kArgs;
  return Resume(input, out);
}

ParseResult RequestParser::Resume(std::string_view input, Request* out) {
  out->wire_size = 0;
  switch (state_) {
    case State::kFresh:
    case State::kServed:
      ReleaseServed();
      state_ = State::kFresh;
      return Parse(input, out);
    case State::kInline:
      return ParseInline(input, out);
    case State::kCount:
      return ParseCount(input, out);
    case State::kArgs:
      return ParseArgs(input, out);
    case State::kFailed:
      break;
  }
  return ParseResult::kError;
}

// Redis looks for the end of a line with strchr, which stops at a NUL: such a line waits until it
// is too long. Looking at no more than the longest line makes the outcome independent of how the
// bytes are cut. *line_end is where the terminator is.
RequestParser::Line RequestParser::FindLineEnd(std::string_view input, char terminator,
                                               size_t* line_end) {
  const size_t most = position_ + kMaxLine + 1;
  const size_t end = std::min(input.size(), most);
  while (scanned_ < end && input[scanned_] != terminator && input[scanned_] != '\0') {
    ++scanned_;
  }
  if (scanned_ < end && input[scanned_] == terminator) {
    *line_end = scanned_;
    return Line::kComplete;
  }
  return input.size() >= most ? Line::kTooLong : Line::kIncomplete;
}

ParseResult RequestParser::ParseInline(std::string_view input, Request* out) {
  size_t line_end = 0;
  switch (FindLineEnd(input, '\n', &line_end)) {
    case Line::kIncomplete:
      return ParseResult::kIncomplete;
    case Line::kTooLong:
      return Fail("too big inline request");
    case Line::kComplete:
      break;
  }
  std::string_view line = input.substr(0, line_end);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  out->args.Clear();
  inline_storage_.Grow(line.size());
  if (!SplitInlineRequest(line, inline_storage_.data(), &out->args)) {
    out->args.Clear();
    return Fail("unbalanced quotes in request");
  }
  out->wire_size = line_end + 1;
  state_ = inline_storage_.capacity() > kKeptInlineStorage ? State::kServed : State::kFresh;
  return out->args.empty() ? ParseResult::kEmpty : ParseResult::kRequest;
}

ParseResult RequestParser::ParseCount(std::string_view input, Request* out) {
  size_t line_end = 0;
  const Line line = FindLineEnd(input, '\r', &line_end);
  if (line == Line::kTooLong) {
    return Fail("too big mbulk count string");
  }
  if (line == Line::kIncomplete || line_end + 2 > input.size()) {
    return ParseResult::kIncomplete;
  }
  int64_t count = 0;
  if (!ParseCanonicalInt64(input.substr(1, line_end - 1), &count) ||
      count > static_cast<int64_t>(kMaxArgs)) {
    return Fail("invalid multibulk length");
  }
  if (count > static_cast<int64_t>(kUnauthenticatedMaxArgs) && !authenticated_) {
    return Fail("unauthenticated multibulk length");
  }
  position_ = scanned_ = line_end + 2;
  if (count <= 0) {
    out->args.Clear();
    out->wire_size = position_;
    state_ = State::kFresh;
    return ParseResult::kEmpty;
  }
  pending_.clear();
  args_left_ = static_cast<size_t>(count);
  bulk_size_ = kNoBulk;
  state_ = State::kArgs;
  return ParseArgs(input, out);
}

ParseResult RequestParser::ParseArgs(std::string_view input, Request* out) {
  if (receiving_bulk_) {
    return ParseResult::kIncomplete;
  }
  while (args_left_ != 0) {
    if (bulk_size_ == kNoBulk) {
      const ParseResult result = ParseBulkLength(input);
      if (result != ParseResult::kRequest) {
        return result;
      }
    }
    if (input.size() - position_ < bulk_size_ + 2) {
      if (bulk_size_ >= big_bulk_) {
        BeginBulk(input.substr(position_));
      }
      return ParseResult::kIncomplete;
    }
    pending_.push_back({position_, bulk_size_});
    position_ += bulk_size_ + 2;
    scanned_ = position_;
    bulk_size_ = kNoBulk;
    --args_left_;
  }
  return Complete(input, out);
}

// kRequest means here that the header was read.
ParseResult RequestParser::ParseBulkLength(std::string_view input) {
  size_t line_end = 0;
  const Line line = FindLineEnd(input, '\r', &line_end);
  if (line == Line::kTooLong) {
    return Fail("too big bulk count string");
  }
  if (line == Line::kIncomplete || line_end + 2 > input.size()) {
    return ParseResult::kIncomplete;
  }
  const char type = input[position_];
  if (type != '$') {
    // The text goes into one reply line.
    const char shown = type == '\r' || type == '\n' ? ' ' : type;
    return Fail(std::string("expected '$', got '") + shown + "'");
  }
  int64_t size = 0;
  if (!ParseCanonicalInt64(input.substr(position_ + 1, line_end - position_ - 1), &size) ||
      size < 0 || static_cast<uint64_t>(size) > max_bulk_) {
    return Fail("invalid bulk length");
  }
  if (static_cast<uint64_t>(size) > kUnauthenticatedMaxBulk && !authenticated_) {
    return Fail("unauthenticated bulk length");
  }
  bulk_size_ = static_cast<size_t>(size);
  position_ = scanned_ = line_end + 2;
  return ParseResult::kRequest;
}

ParseResult RequestParser::Complete(std::string_view input, Request* out) {
  out->args.Clear();
  out->args.Reserve(pending_.size());
  size_t next_bulk = 0;
  for (const PendingArg& arg : pending_) {
    if (arg.offset == kOwned) {
      out->args.Append(bulks_[next_bulk++].buffer.view());
    } else {
      out->args.Append(input.substr(arg.offset, arg.size));
    }
  }
  pending_.clear();
  out->wire_size = position_;
  const bool holds_memory = !bulks_.empty() || pending_.capacity() > kKeptPendingArgs;
  state_ = holds_memory ? State::kServed : State::kFresh;
  return ParseResult::kRequest;
}

ParseResult RequestParser::Fail(std::string_view message) {
  error_ = "Protocol error: ";
  error_ += message;
  state_ = State::kFailed;
  return ParseResult::kError;
}

void RequestParser::BeginBulk(std::string_view arrived) {
  receiving_bulk_ = true;
  if (!arrived.empty()) {
    bulk_.Grow(NextCapacity(arrived.size(), bulk_size_ + 2));
    std::memcpy(bulk_.data(), arrived.data(), arrived.size());
    bulk_.Resize(arrived.size());
  }
}

BulkSpan RequestParser::BulkTail(size_t at_most) {
  const size_t whole = bulk_size_ + 2;
  if (bulk_.size() == bulk_.capacity()) {
    bulk_.Grow(NextCapacity(bulk_.size(), whole));
  }
  const size_t room = std::min(whole, bulk_.capacity()) - bulk_.size();
  return {bulk_.data() + bulk_.size(), std::min(at_most, room)};
}

void RequestParser::BulkArrived(size_t n) {
  bulk_.Resize(bulk_.size() + n);
  if (bulk_.size() < bulk_size_ + 2) {
    return;
  }
  bulk_.Resize(bulk_size_);
  bulks_bytes_ += bulk_.capacity();
  bulks_.push_back({pending_.size(), std::move(bulk_)});
  pending_.push_back({kOwned, bulk_size_});
  bulk_size_ = kNoBulk;
  receiving_bulk_ = false;
  --args_left_;
}

BulkBuffer RequestParser::TakeBulk(size_t arg_index) {
  const auto found =
      std::lower_bound(bulks_.begin(), bulks_.end(), arg_index,
                       [](const OwnedBulk& bulk, size_t i) { return bulk.arg_index < i; });
  if (state_ != State::kServed || found == bulks_.end() || found->arg_index != arg_index) {
    return {};
  }
  bulks_bytes_ -= found->buffer.capacity();
  return std::move(found->buffer);
}

void RequestParser::ReleaseServed() {
  if (pending_.capacity() > kKeptPendingArgs) {
    std::vector<PendingArg>().swap(pending_);
  }
  if (!bulks_.empty()) {
    std::vector<OwnedBulk>().swap(bulks_);
    bulks_bytes_ = 0;
  }
  if (inline_storage_.capacity() > kKeptInlineStorage) {
    inline_storage_ = BulkBuffer();
  }
}

size_t RequestParser::owned_bytes() const {
  return pending_.capacity() * sizeof(PendingArg) + bulks_.capacity() * sizeof(OwnedBulk) +
         bulks_bytes_ + std::min(bulk_.capacity(), std::max(bulk_.size(), 2 * kLastBulkStep)) +
         inline_storage_.capacity();
}

void RequestParser::Reset() {
  state_ = State::kFresh;
  receiving_bulk_ = false;
  std::vector<PendingArg>().swap(pending_);
  std::vector<OwnedBulk>().swap(bulks_);
  bulks_bytes_ = 0;
  bulk_ = BulkBuffer();
  inline_storage_ = BulkBuffer();
  error_.clear();
}

}  // namespace replete
