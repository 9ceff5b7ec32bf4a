#include "protocol/reply_writer.h"

#include <charconv>
#include <cmath>

namespace replete {
namespace {

// %.17g needs at most sign, 17 digits, point and "e-308".
constexpr size_t kMaxDoubleSize = 32;

// What printf("%.17g") gives in the C locale, except that every NaN is "nan".
std::string_view FormatDouble(double value, char (&text)[kMaxDoubleSize]) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value > 0 ? "inf" : "-inf";
  }
  // Whole numbers are the usual scores; below 2^53 they have no exponent and no rounding. Minus
  // zero keeps its sign in printf and so does not qualify.
  constexpr double kExact = 9007199254740992.0;
  if (value > -kExact && value < kExact) {
    const auto whole = static_cast<int64_t>(value);
    if (static_cast<double>(whole) == value && (whole != 0 || !std::signbit(value))) {
      return {text, static_cast<size_t>(WriteSigned(text, whole) - text)};
    }
  }
  const auto end =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::general, 17).ptr;
  return {text, static_cast<size_t>(end - text)};
}

}  // namespace

void ReplyWriter::Line(char type, std::string_view text) {
  char* const first = buffer_.Reserve(text.size() + 3);
  *first = type;
  if (!text.empty()) {
    std::memcpy(first + 1, text.data(), text.size());
  }
  Newline(first + 1 + text.size());
  buffer_.Commit(text.size() + 3);
}

void ReplyWriter::Error(std::string_view line) {
  const auto is_break = [](char c) { return c == '\r' || c == '\n'; };
  while (!line.empty() && is_break(line.back())) {
    line.remove_suffix(1);
  }
  while (!line.empty() && is_break(line.front())) {
    line.remove_prefix(1);
  }
  const size_t position = buffer_.size();
  Line('-', line);
  char* text = buffer_.data() + position + 1;
  for (size_t i = 0; i < line.size(); ++i) {
    if (is_break(text[i])) {
      text[i] = ' ';
    }
  }
}

void ReplyWriter::BulkInteger(int64_t value) {
  char digits[kMaxDecimalSize];
  const char* end = WriteSigned(digits, value);
  Bulk({digits, static_cast<size_t>(end - digits)});
}

void ReplyWriter::Double(double value) {
  char digits[kMaxDoubleSize];
  const std::string_view text = FormatDouble(value, digits);
  if (resp3_) {
    Line(',', text);
  } else {
    Bulk(text);
  }
}

void ReplyWriter::Verbatim(std::string_view format, std::string_view text) {
  if (!resp3_) {
    Bulk(text);
    return;
  }
  Header('=', text.size() + 4);
  buffer_.Append(format.substr(0, 3));
  buffer_.Append(':');
  buffer_.Append(text);
  buffer_.Append("\r\n");
}

void ReplyWriter::BigNumber(std::string_view digits) {
  if (resp3_) {
    Line('(', digits);
  } else {
    Bulk(digits);
  }
}

void ReplyWriter::Finish(size_t position, char type, size_t n) {
  if (!resp3_) {
    n = type == '%' ? n * 2 : n;
    type = '*';
  }
  char header[kHeaderSize];
  const auto size = static_cast<size_t>(WriteHeader(header, type, n) - header);
  std::memcpy(buffer_.Insert(position, size), header, size);
}

}  // namespace replete
