#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace replete {

// One reply of RESP2 or RESP3, in a form made for convenience, not for speed.
struct Reply {
  enum class Type : uint8_t {
    kSimple,     // text
    kError,      // text, without the dash
    kInteger,    // integer
    kBulk,       // text
    kNull,       // null_array tells "*-1" from "$-1" and "_"
    kArray,      // elements
    kMap,        // elements: key, value, key, value, ...
    kSet,        // elements
    kPush,       // elements
    kDouble,     // real
    kBoolean,    // integer is 0 or 1
    kVerbatim,   // format and text
    kBigNumber,  // text
    kBulkError,  // text
    kAttribute,  // elements: the attributes as in a map, then last the reply that they describe
  };

  Type type = Type::kNull;
  bool null_array = false;
  std::array<char, 3> format{};
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<Reply> elements;

  bool IsError() const { return type == Type::kError || type == Type::kBulkError; }
};

// A stable one-line text in which every type can be told from every other; bytes that are not
// printable ASCII are escaped. For comparing and showing replies.
std::string ToString(const Reply& reply);

// Incremental reader of replies, for outgoing connections and for tests. Works in whatever pieces
// the bytes come, looks at each once, and allocates in proportion to what has arrived, whatever
// counts and lengths are announced. Nesting is limited to kMaxDepth. Not thread-safe.
class ReplyReader {
 public:
  static constexpr size_t kMaxDepth = 64;
  // Of a line; bulks have no limit here, whoever feeds decides how much is too much.
  static constexpr size_t kMaxLine = size_t{1024} * 1024;

  enum class Result : uint8_t { kReply, kIncomplete, kError };

  // Reads up to the end of one reply. *consumed is how many of the bytes were taken: all of them
  // unless the result is kReply (then Take it and feed the rest) or kError. After an error the
  // stream cannot be made sense of any more: only Reset helps.
  Result Feed(std::string_view bytes, size_t* consumed);
  // After kReply: the reply.
  Reply Take();
  // After kError: what was wrong.
  const std::string& error() const { return error_; }
  void Reset();

 private:
  enum class State : uint8_t { kLine, kPayload, kDone, kFailed };
  struct Frame {
    Reply reply;
    uint64_t missing;  // elements
  };

  bool ReadLine();
  bool ReadScalar(char type, std::string_view rest);
  bool ReadReal(std::string_view text, double* value);
  bool BeginPayload(char type, std::string_view length);
  bool EndPayload();
  bool BeginAggregate(char type, std::string_view count);
  bool Finish(Reply reply);
  bool Fail(std::string_view message);

  State state_ = State::kLine;
  std::string line_;           // the part of a line that has come
  Reply payload_;              // the bulk whose bytes are coming, CR LF included
  uint64_t payload_size_ = 0;  // with CR LF
  std::vector<Frame> frames_;  // aggregates that miss elements, outermost first
  Reply reply_;
  std::string error_;
};

}  // namespace replete
