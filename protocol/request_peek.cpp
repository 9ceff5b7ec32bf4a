#include "protocol/request_peek.h"

#include <cstddef>

namespace replete {
namespace {

// Takes `mark`, a number of up to seven digits and CR LF from the front; -1: something else.
int TakeHeader(std::string_view* bytes, char mark) {
  if (bytes->empty() || bytes->front() != mark) return -1;
  int number = 0;
  size_t at = 1;
  for (; at < bytes->size() && at <= 7; ++at) {
    const char digit = (*bytes)[at];
    if (digit < '0' || digit > '9') break;
    number = number * 10 + (digit - '0');
  }
  if (at == 1 || bytes->size() < at + 2 || (*bytes)[at] != '\r') return -1;
  bytes->remove_prefix(at + 2);
  return number;
}

}  // namespace

std::string_view PeekSecondArgument(std::string_view bytes) {
  if (TakeHeader(&bytes, '*') < 2) return {};
  const int name = TakeHeader(&bytes, '$');
  if (name < 0 || bytes.size() < static_cast<size_t>(name) + 2) return {};
  bytes.remove_prefix(static_cast<size_t>(name) + 2);
  const int size = TakeHeader(&bytes, '$');
  if (size < 0 || bytes.size() < static_cast<size_t>(size)) return {};
  return bytes.substr(0, static_cast<size_t>(size));
}

}  // namespace replete
