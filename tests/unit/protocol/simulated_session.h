#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request_parser.h"

namespace replete {

// What a parser made of a stream.
struct ParseEvent {
  ParseResult result;
  std::vector<std::string> args;
  std::string error;
  size_t stream_end;  // where in the stream the request ends; 0 for an error

  bool operator==(const ParseEvent&) const = default;
};

// Does with a RequestParser what a session has to do, without a socket. Each Parse sees the bytes
// in a new allocation of their exact size, so that a stale view or a read too far shows under ASan.
class SimulatedSession {
 public:
  explicit SimulatedSession(size_t big_bulk = RequestParser::kBigBulk) : parser(big_bulk) {}

  void Deliver(std::string_view bytes) {
    while (!bytes.empty() && !failed_) {
      if (parser.WantsBulk()) {
        const BulkSpan span = parser.BulkTail(bytes.size());
        const size_t n = std::min(span.size, bytes.size());
        std::memcpy(span.data, bytes.data(), n);
        parser.BulkArrived(n);
        bulk_bytes_ += n;
        bytes.remove_prefix(n);
        if (parser.WantsBulk()) {
          continue;
        }
      } else {
        buffer_.append(bytes);
        bytes = {};
      }
      ParseAll();
    }
  }

  RequestParser parser;
  std::vector<ParseEvent> events;
  size_t bulks_taken = 0;

 private:
  void ParseAll() {
    for (;;) {
      const auto input = std::make_unique<char[]>(buffer_.size());
      std::copy(buffer_.begin(), buffer_.end(), input.get());
      const ParseResult result = parser.Parse({input.get(), buffer_.size()}, &request_);
      if (result == ParseResult::kIncomplete) {
        if (parser.WantsBulk()) {
          bulk_bytes_ += buffer_.size() - parser.kept_prefix();
          buffer_.resize(parser.kept_prefix());
        }
        return;
      }
      if (result == ParseResult::kError) {
        events.push_back({result, {}, parser.error(), 0});
        failed_ = true;
        return;
      }
      stream_end_ += request_.wire_size + bulk_bytes_;
      bulk_bytes_ = 0;
      events.push_back({result, Args(), "", stream_end_});
      buffer_.erase(0, request_.wire_size);
    }
  }

  // Takes every second owned bulk, to see both the views and the adopted memory.
  std::vector<std::string> Args() {
    std::vector<std::string> args;
    for (size_t i = 0; i < request_.args.size(); ++i) {
      const BulkBuffer taken = i % 2 == 0 ? parser.TakeBulk(i) : BulkBuffer();
      bulks_taken += taken.data() != nullptr ? 1 : 0;
      args.emplace_back(taken.data() != nullptr ? taken.view() : request_.args[i]);
    }
    return args;
  }

  Request request_;
  std::string buffer_;
  size_t bulk_bytes_ = 0;  // of the current request, that are not in the buffer
  size_t stream_end_ = 0;
  bool failed_ = false;
};

// Cuts `bytes` into pieces of 1 to `longest` bytes.
template <typename Random, typename Sink>
void DeliverInPieces(std::string_view bytes, size_t longest, Random& random, Sink&& sink) {
  while (!bytes.empty()) {
    const size_t n = std::min<size_t>(bytes.size(), 1 + random() % longest);
    sink(bytes.substr(0, n));
    bytes.remove_prefix(n);
  }
}

}  // namespace replete
