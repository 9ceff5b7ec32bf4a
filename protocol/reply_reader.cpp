#include "protocol/reply_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace replete {
namespace {

// More than any server sends; keeps sums of sizes far from overflow.
constexpr int64_t kMaxCount = INT32_MAX;
constexpr int64_t kMaxPayload = int64_t{1} << 40;

template <typename Number>
bool ParseWhole(std::string_view text, Number* value) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) {
      return false;
    }
  }
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, *value);
  return problem == std::errc() && stop == end && !text.empty();
}

Reply::Type PayloadType(char type) {
  switch (type) {
    case '=':
      return Reply::Type::kVerbatim;
    case '!':
      return Reply::Type::kBulkError;
    default:
      return Reply::Type::kBulk;
  }
}

Reply::Type AggregateType(char type) {
  switch (type) {
    case '%':
      return Reply::Type::kMap;
    case '~':
      return Reply::Type::kSet;
    case '>':
      return Reply::Type::kPush;
    case '|':
      return Reply::Type::kAttribute;
    default:
      return Reply::Type::kArray;
  }
}

bool IsBigNumber(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Reply TextReply(Reply::Type type, std::string_view text) {
  Reply reply;
  reply.type = type;
  reply.text = text;
  return reply;
}

}  // namespace

ReplyReader::Result ReplyReader::Feed(std::string_view bytes, size_t* consumed) {
  std::string_view rest = bytes;
  while (state_ == State::kPayload || (state_ == State::kLine && !rest.empty())) {
    if (state_ == State::kLine) {
      const size_t end = rest.find('\n');
      line_.append(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (line_.size() > kMaxLine) {
        Fail("line too long");
      } else if (end != std::string_view::npos) {
        ReadLine();
      }
    } else {
      const uint64_t missing = payload_size_ - payload_.text.size();
      const std::string_view part = rest.substr(0, missing);
      payload_.text.append(part);
      rest.remove_prefix(part.size());
      if (payload_.text.size() < payload_size_) {
        break;
      }
      EndPayload();
    }
  }
  *consumed = bytes.size() - rest.size();
  switch (state_) {
    case State::kDone:
      return Result::kReply;
    case State::kFailed:
      return Result::kError;
    default:
      return Result::kIncomplete;
  }
}

Reply ReplyReader::Take() {
  state_ = State::kLine;
  return std::exchange(reply_, Reply());
}

void ReplyReader::Reset() { *this = ReplyReader(); }

// The line is complete but for its LF.
bool ReplyReader::ReadLine() {
  const std::string line = std::exchange(line_, {});
  std::string_view rest = line;
  if (!rest.ends_with('\r')) {
    return Fail("line without CR");
  }
  rest.remove_suffix(1);
  if (rest.empty()) {
    return Fail("empty line");
  }
  const char type = rest.front();
  rest.remove_prefix(1);
  switch (type) {
    case '$':
    case '=':
    case '!':
      return BeginPayload(type, rest);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      return BeginAggregate(type, rest);
    default:
      return ReadScalar(type, rest);
  }
}

bool ReplyReader::ReadScalar(char type, std::string_view rest) {
  Reply reply;
  switch (type) {
    case '+':
      return Finish(TextReply(Reply::Type::kSimple, rest));
    case '-':
      return Finish(TextReply(Reply::Type::kError, rest));
    case '(':
      return IsBigNumber(rest) ? Finish(TextReply(Reply::Type::kBigNumber, rest))
                               : Fail("invalid big number");
    case ':':
      reply.type = Reply::Type::kInteger;
      return ParseWhole(rest, &reply.integer) ? Finish(std::move(reply)) : Fail("invalid integer");
    case ',':
      reply.type = Reply::Type::kDouble;
      return ReadReal(rest, &reply.real) ? Finish(std::move(reply)) : Fail("invalid double");
    case '#':
      reply.type = Reply::Type::kBoolean;
      reply.integer = rest == "t" ? 1 : 0;
      return rest == "t" || rest == "f" ? Finish(std::move(reply)) : Fail("invalid boolean");
    case '_':
      return rest.empty() ? Finish(std::move(reply)) : Fail("invalid null");
    default:
      return Fail("unknown type");
  }
}

bool ReplyReader::ReadReal(std::string_view text, double* value) {
  using Limits = std::numeric_limits<double>;
  if (text == "inf" || text == "-inf") {
    *value = text == "inf" ? Limits::infinity() : -Limits::infinity();
    return true;
  }
  if (text == "nan" || text == "-nan") {
    *value = Limits::quiet_NaN();
    return true;
  }
  // Keeps out the other words and the hexadecimal forms that from_chars knows.
  return text.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
         ParseWhole(text, value);
}

bool ReplyReader::BeginPayload(char type, std::string_view length) {
  int64_t size = 0;
  if (!ParseWhole(length, &size) || size < -1 || size > kMaxPayload) {
    return Fail("invalid bulk length");
  }
  if (size == -1) {
    return type == '$' ? Finish(Reply()) : Fail("invalid bulk length");
  }
  payload_ = Reply();
  payload_.type = PayloadType(type);
  payload_size_ = static_cast<uint64_t>(size) + 2;
  state_ = State::kPayload;
  return true;
}

bool ReplyReader::EndPayload() {
  state_ = State::kLine;
  if (!payload_.text.ends_with("\r\n")) {
    return Fail("bulk without CR LF");
  }
  payload_.text.resize(payload_.text.size() - 2);
  if (payload_.type == Reply::Type::kVerbatim) {
    if (payload_.text.size() < 4 || payload_.text[3] != ':') {
      return Fail("invalid verbatim string");
    }
    std::copy_n(payload_.text.begin(), payload_.format.size(), payload_.format.begin());
    payload_.text.erase(0, 4);
  }
  return Finish(std::exchange(payload_, Reply()));
}

bool ReplyReader::BeginAggregate(char type, std::string_view count) {
  int64_t n = 0;
  if (!ParseWhole(count, &n) || n < -1 || n > kMaxCount || (n == -1 && type != '*')) {
    return Fail("invalid aggregate length");
  }
  Frame frame{};
  if (n == -1) {
    frame.reply.null_array = true;
    return Finish(std::move(frame.reply));
  }
  if (frames_.size() == kMaxDepth) {
    return Fail("nested too deep");
  }
  frame.reply.type = AggregateType(type);
  frame.missing = static_cast<uint64_t>(n);
  if (type == '%' || type == '|') {
    frame.missing *= 2;
  }
  if (type == '|') {
    ++frame.missing;
  }
  if (frame.missing == 0) {
    return Finish(std::move(frame.reply));
  }
  frames_.push_back(std::move(frame));
  return true;
}

// A reply is complete: so may be the aggregates around it.
bool ReplyReader::Finish(Reply reply) {
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    frame.reply.elements.push_back(std::move(reply));
    if (--frame.missing != 0) {
      return true;
    }
    reply = std::move(frame.reply);
    frames_.pop_back();
  }
  reply_ = std::move(reply);
  state_ = State::kDone;
  return true;
}

bool ReplyReader::Fail(std::string_view message) {
  error_ = message;
  state_ = State::kFailed;
  return false;
}

}  // namespace replete
