#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/arg_list.h"
#include "protocol/bulk_buffer.h"

namespace replete {

// One parsed request.
struct Request {
  // Views into the input given to Parse or into memory of the parser. They are valid until the
  // input moves or the parser's next Parse or Reset, whichever is first.
  ArgList args;
  // How many bytes of the input Parse took.
  size_t wire_size = 0;
};

enum class ParseResult : uint8_t {
  kRequest,     // a request is in *out
  kIncomplete,  // more bytes are needed; nothing is in *out
  kError,       // see error(); the connection is to be closed after the reply
  kEmpty,       // an empty line or a multibulk of no elements was taken; there is nothing to run
};

// Writable memory for the next bytes of a big bulk.
struct BulkSpan {
  char* data;
  size_t size;
};

// Incremental parser of what clients send: RESP multibulk requests and inline commands, with the
// limits, leniencies and error texts of redis-server 7.0.15 (processMultibulkBuffer and
// processInlineBuffer in its networking.c). Among the leniencies: the byte after a CR and the two
// bytes after a bulk are not looked at, and a NUL in a line keeps it from ever ending.
//
// The session owns the input buffer and calls Parse with all its bytes from the first byte of the
// current request on. After kRequest and kEmpty it goes on `wire_size` bytes later. After
// kIncomplete it calls again when more bytes have come, beginning with the same request; the bytes
// may have moved to another address meanwhile. Unfinished work is kept as offsets and nothing is
// looked at twice, so that the whole work is linear in the bytes received however they are cut.
//
// Big bulks. A bulk of at least `big_bulk` bytes that is not wholly in the input yet is received
// into memory of its own, which a value may adopt (TakeBulk). Its bytes are then *absent* from the
// input. After kIncomplete the session asks WantsBulk(); when it is true, the parser has copied the
// bytes of the bulk that had come, and the session
//   1. truncates its buffer to kept_prefix() bytes from the start of the request,
//   2. receives into BulkTail() and reports BulkArrived() for as long as WantsBulk() is true
//      (BulkTail never reaches beyond the bulk's trailing CR LF),
//   3. then calls Parse with the buffer (at once: the request may be complete), receives into the
//      buffer again, and so on.
// Example, with big_bulk = 8, for SET k <10 bytes> NX:
//   buffer "*4|$3|SET|$1|k|$10|0123"   ('|' stands for CR LF)  Parse: kIncomplete, WantsBulk()
//   session truncates to kept_prefix(): "*4|$3|SET|$1|k|$10|"  (the parser holds "0123")
//   BulkTail(4096) spans 8 bytes; "456789|" fills 8: WantsBulk() is false
//   Parse of the unchanged buffer: kIncomplete
//   buffer "*4|$3|SET|$1|k|$10|$2|NX|PING|"  Parse: kRequest, args[2] is "0123456789" in memory of
//   the parser, wire_size covers all up to "NX|", and "PING|" is the next request.
//
// Memory: never allocated because of an announced length, only in proportion to what has arrived.
// Running out of it throws std::bad_alloc. Not thread-safe: one session, one parser.
class RequestParser {
 public:
  static constexpr size_t kBigBulk = size_t{32} * 1024;
  static constexpr size_t kDefaultMaxBulk = size_t{512} * 1024 * 1024;
  static constexpr size_t kMaxLine = size_t{64} * 1024;
  static constexpr size_t kMaxArgs = INT32_MAX;
  static constexpr size_t kUnauthenticatedMaxArgs = 10;
  static constexpr size_t kUnauthenticatedMaxBulk = 16384;

  // Starts authenticated.
  explicit RequestParser(size_t big_bulk = kBigBulk);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Before authentication requests are kept small. Both take effect for headers parsed afterwards.
  void set_authenticated(bool authenticated);
  void set_max_bulk(size_t bytes);

  ParseResult Parse(std::string_view input, Request* out);
  // After kError: the text behind "-ERR ", such as "Protocol error: invalid bulk length".
  const std::string& error() const { return error_; }

  bool WantsBulk() const { return receiving_bulk_; }
  size_t kept_prefix() const { return position_; }
  // Between 1 and `at_most` (not 0) writable bytes; only while WantsBulk().
  BulkSpan BulkTail(size_t at_most);
  // `n` bytes were written to the front of the last BulkTail.
  void BulkArrived(size_t n);
  // After kRequest: the memory of an argument that was received as a big bulk; its view stays good
  // for as long as the new owner keeps that memory. Empty when the argument is not one of these or
  // was taken already.
  BulkBuffer TakeBulk(size_t arg_index);

  // Memory held beside the object itself.
  size_t owned_bytes() const;
  // Forgets the current request, its memory and any error; limits stay.
  void Reset();

 private:
  enum class State : uint8_t {
    kFresh,   // at the start of a request, nothing held
    kServed,  // likewise, but the last request's memory is still held
    kInline,
    kCount,  // in the line of the multibulk count
    kArgs,
    kFailed,
  };
  enum class Line : uint8_t { kComplete, kIncomplete, kTooLong };
  struct PendingArg {
    size_t offset;  // in the input, or kOwned
    size_t size;
  };
  struct OwnedBulk {
    size_t arg_index;
    BulkBuffer buffer;
  };
  static constexpr size_t kOwned = SIZE_MAX;
  static constexpr size_t kNoBulk = SIZE_MAX;

  ParseResult Start(std::string_view input, Request* out);
  ParseResult Spill(std::string_view input, size_t position, size_t left, Request* out);
  ParseResult Resume(std::string_view input, Request* out);
  ParseResult ParseInline(std::string_view input, Request* out);
  ParseResult ParseCount(std::string_view input, Request* out);
  ParseResult ParseArgs(std::string_view input, Request* out);
  ParseResult ParseBulkLength(std::string_view input);
  ParseResult Complete(std::string_view input, Request* out);
  ParseResult Fail(std::string_view message);
  Line FindLineEnd(std::string_view input, char terminator, size_t* line_end);
  void BeginBulk(std::string_view arrived);
  void UpdateLimits();
  void ReleaseServed();

  State state_ = State::kFresh;
  bool authenticated_ = true;
  bool receiving_bulk_ = false;
  const size_t big_bulk_;
  size_t max_bulk_ = kDefaultMaxBulk;
  // What the fast path accepts; it leaves telling which limit was broken to the slow one.
  size_t count_limit_ = kMaxArgs;
  size_t bulk_limit_ = kDefaultMaxBulk;

  // An unfinished request. Offsets are from the start of the request in the input.
  size_t position_ = 0;  // everything before it is parsed
  size_t scanned_ = 0;   // the current line has no end before it
  size_t args_left_ = 0;
  size_t bulk_size_ = kNoBulk;  // of the current argument, when its header is parsed
  std::vector<PendingArg> pending_;
  BulkBuffer bulk_;  // being received; grows to bulk_size_ and CR LF

  std::vector<OwnedBulk> bulks_;  // complete ones, by ascending arg_index
  size_t bulks_bytes_ = 0;
  BulkBuffer inline_storage_;
  std::string error_;
};

}  // namespace replete
