#include "protocol/inline_request.h"

namespace replete {
namespace {

// isspace() of the C locale, whatever the process has set.
bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// An unquoted argument ends at these only: \v and \f are skipped between arguments but are ordinary
// inside one, as in Redis.
bool EndsWord(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

class Splitter {
 public:
  Splitter(std::string_view line, char* storage)
      : p_(line.data()), end_(line.data() + line.size()), to_(storage) {}

  bool Run(ArgList* args) {
    for (;;) {
      while (p_ != end_ && IsBlank(*p_)) {
        ++p_;
      }
      if (p_ == end_) {
        return true;
      }
      const char* const first = to_;
      if (!Argument()) {
        return false;
      }
      args->Append({first, static_cast<size_t>(to_ - first)});
    }
  }

 private:
  bool Argument() {
    while (p_ != end_ && !EndsWord(*p_)) {
      const char c = *p_++;
      if (c == '"') {
        return DoubleQuoted();
      }
      if (c == '\'') {
        return SingleQuoted();
      }
      *to_++ = c;
    }
    return true;
  }

  bool DoubleQuoted() {
    while (p_ != end_) {
      const char c = *p_++;
      if (c == '"') {
        return AtBoundary();
      }
      if (c != '\\' || p_ == end_) {
        *to_++ = c;
        continue;
      }
      if (*p_ == 'x' && end_ - p_ >= 3 && HexDigit(p_[1]) >= 0 && HexDigit(p_[2]) >= 0) {
        *to_++ = static_cast<char>(HexDigit(p_[1]) * 16 + HexDigit(p_[2]));
        p_ += 3;
      } else {
        *to_++ = Unescape(*p_++);
      }
    }
    return false;
  }

  bool SingleQuoted() {
    while (p_ != end_) {
      const char c = *p_++;
      if (c == '\'') {
        return AtBoundary();
      }
      if (c == '\\' && p_ != end_ && *p_ == '\'') {
        *to_++ = *p_++;
      } else {
        *to_++ = c;
      }
    }
    return false;
  }

  bool AtBoundary() const { return p_ == end_ || IsBlank(*p_); }

  const char* p_;
  const char* const end_;
  char* to_;
};

}  // namespace

bool SplitInlineRequest(std::string_view line, char* storage, ArgList* args) {
  return Splitter(line, storage).Run(args);
}

}  // namespace replete
