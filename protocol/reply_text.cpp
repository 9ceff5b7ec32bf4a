#include <charconv>

#include "protocol/reply_reader.h"

namespace replete {
namespace {

void AppendEscaped(std::string_view bytes, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\r') {
      out->append("\\r");
    } else if (c == '\n') {
      out->append("\\n");
    } else if (byte < 0x20 || byte > 0x7e) {
      out->append("\\x");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
}

void AppendQuoted(std::string_view prefix, std::string_view bytes, std::string* out) {
  out->append(prefix);
  out->push_back('"');
  AppendEscaped(bytes, out);
  out->push_back('"');
}

void Append(const Reply& reply, std::string* out);

void AppendPairs(const Reply& reply, size_t end, std::string* out) {
  out->push_back('{');
  for (size_t i = 0; i + 1 < end; i += 2) {
    out->append(i == 0 ? "" : ", ");
    Append(reply.elements[i], out);
    out->append(": ");
    Append(reply.elements[i + 1], out);
  }
  out->push_back('}');
}

void AppendElements(const Reply& reply, std::string* out) {
  out->push_back('[');
  for (size_t i = 0; i < reply.elements.size(); ++i) {
    out->append(i == 0 ? "" : ", ");
    Append(reply.elements[i], out);
  }
  out->push_back(']');
}

void AppendReal(double value, std::string* out) {
  if (value != value) {  // the sign of a NaN means nothing
    out->append("nan");
    return;
  }
  char digits[64];
  out->append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
}

void AppendAttribute(const Reply& reply, std::string* out) {
  const size_t count = reply.elements.size();
  out->push_back('|');
  AppendPairs(reply, count - count % 2, out);
  if (count % 2 == 1) {
    out->push_back(' ');
    Append(reply.elements.back(), out);
  }
}

void Append(const Reply& reply, std::string* out) {
  switch (reply.type) {
    case Reply::Type::kSimple:
      out->push_back('+');
      return AppendEscaped(reply.text, out);
    case Reply::Type::kError:
      out->push_back('-');
      return AppendEscaped(reply.text, out);
    case Reply::Type::kInteger:
      out->append(":" + std::to_string(reply.integer));
      return;
    case Reply::Type::kBulk:
      return AppendQuoted("", reply.text, out);
    case Reply::Type::kNull:
      out->append(reply.null_array ? "null-array" : "null");
      return;
    case Reply::Type::kArray:
      return AppendElements(reply, out);
    case Reply::Type::kMap:
      out->push_back('%');
      return AppendPairs(reply, reply.elements.size(), out);
    case Reply::Type::kSet:
      out->push_back('~');
      return AppendElements(reply, out);
    case Reply::Type::kPush:
      out->push_back('>');
      return AppendElements(reply, out);
    case Reply::Type::kDouble:
      out->push_back(',');
      return AppendReal(reply.real, out);
    case Reply::Type::kBoolean:
      out->append(reply.integer != 0 ? "#t" : "#f");
      return;
    case Reply::Type::kVerbatim:
      out->push_back('=');
      AppendEscaped({reply.format.data(), reply.format.size()}, out);
      return AppendQuoted(":", reply.text, out);
    case Reply::Type::kBigNumber:
      out->push_back('(');
      return AppendEscaped(reply.text, out);
    case Reply::Type::kBulkError:
      return AppendQuoted("!", reply.text, out);
    case Reply::Type::kAttribute:
      return AppendAttribute(reply, out);
  }
}

}  // namespace

std::string ToString(const Reply& reply) {
  std::string text;
  Append(reply, &text);
  return text;
}

}  // namespace replete
