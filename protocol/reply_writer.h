#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "protocol/decimal.h"
#include "protocol/output_buffer.h"

namespace replete {

// Appends replies to a buffer in the protocol version of the client. What RESP2 cannot express is
// written the way Redis 7.0 degrades it, so that a handler need not ask which version is spoken.
//
// Nothing is checked: an announced count must be followed by that many elements. Not thread-safe.
class ReplyWriter {
 public:
  ReplyWriter(OutputBuffer& buffer, bool resp3) : buffer_(buffer), resp3_(resp3) {}

  bool resp3() const { return resp3_; }
  void set_resp3(bool resp3) { resp3_ = resp3; }
  OutputBuffer& buffer() { return buffer_; }

  void Ok() { buffer_.Append("+OK\r\n"); }
  // `text` must hold no CR or LF.
  void Simple(std::string_view text) { Line('+', text); }
  // `line` begins with the code and has no dash: "ERR no such key". CR and LF at its ends are
  // dropped and inside it become blanks, since the text may quote what a client sent.
  void Error(std::string_view line);
  void Integer(int64_t value) {
    char* p = buffer_.Reserve(kHeaderSize);
    char* const first = p;
    *p++ = ':';
    p = Newline(WriteSigned(p, value));
    buffer_.Commit(static_cast<size_t>(p - first));
  }
  void Bulk(std::string_view bytes) { Block('$', bytes); }
  // A bulk string of the digits.
  void BulkInteger(int64_t value);
  void Null() { buffer_.Append(resp3_ ? "_\r\n" : "$-1\r\n"); }
  void NullArray() { buffer_.Append(resp3_ ? "_\r\n" : "*-1\r\n"); }

  void Array(size_t n) { Header('*', n); }
  void Map(size_t pairs) { Aggregate('%', pairs); }
  void Set(size_t n) { Aggregate('~', n); }
  void Push(size_t n) { Aggregate('>', n); }

  // 17 significant digits, as Redis 7.0 prints scores; a bulk string in RESP2.
  void Double(double value);
  void Boolean(bool value) {
    if (resp3_) {
      buffer_.Append(value ? "#t\r\n" : "#f\r\n");
    } else {
      buffer_.Append(value ? ":1\r\n" : ":0\r\n");
    }
  }
  // `format` is exactly three characters, such as "txt" or "mkd".
  void Verbatim(std::string_view format, std::string_view text);
  // `digits` is a decimal integer of any length.
  void BigNumber(std::string_view digits);
  // Bytes that are complete replies already.
  void Raw(std::string_view replies) { buffer_.Append(replies); }

  // For aggregates whose size is known only after their elements: Defer, write the elements, Finish
  // with the position. `type` is '*', '%' (then `n` counts pairs), '~' or '>'. The header is put in
  // by moving the elements up. Deferred aggregates may nest when the inner one is finished first;
  // nothing may be consumed from the buffer in between.
  size_t Defer() const { return buffer_.size(); }
  void Finish(size_t position, char type, size_t n);
  size_t DeferArray() const { return Defer(); }
  void FinishArray(size_t position, size_t n) { Finish(position, '*', n); }

 private:
  // Type byte, digits, CR LF.
  static constexpr size_t kHeaderSize = 1 + kMaxDecimalSize + 2;

  static char* Newline(char* p) {
    p[0] = '\r';
    p[1] = '\n';
    return p + 2;
  }
  static char* WriteHeader(char* p, char type, size_t n) {
    *p = type;
    return Newline(WriteUnsigned(p + 1, n));
  }
  void Header(char type, size_t n) {
    char* const first = buffer_.Reserve(kHeaderSize);
    buffer_.Commit(static_cast<size_t>(WriteHeader(first, type, n) - first));
  }
  void Aggregate(char type, size_t n) {
    if (resp3_) {
      Header(type, n);
    } else {
      Header('*', type == '%' ? n * 2 : n);
    }
  }
  // A length header with its payload.
  void Block(char type, std::string_view bytes) {
    char* const first = buffer_.Reserve(kHeaderSize + bytes.size() + 2);
    char* p = WriteHeader(first, type, bytes.size());
    if (!bytes.empty()) {
      std::memcpy(p, bytes.data(), bytes.size());
    }
    p = Newline(p + bytes.size());
    buffer_.Commit(static_cast<size_t>(p - first));
  }
  void Line(char type, std::string_view text);

  OutputBuffer& buffer_;
  bool resp3_;
};

}  // namespace replete
