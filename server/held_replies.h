#pragma once

#include <cstddef>
#include <list>
#include <string_view>

#include "core/tier/tier.h"
#include "protocol/output_buffer.h"

namespace replete {

// Replies of one connection, in order, that may not be sent before a tier has stored the writes
// they speak of. A reply whose write fails becomes an error. One thread.
class HeldReplies {
 public:
  bool empty() const { return parts_.empty(); }
  size_t bytes() const { return bytes_; }

  // Replies that only wait for those before them.
  void Append(std::string_view replies) { Append(replies, {}); }
  // One reply.
  void Append(std::string_view reply, CommitTokens tokens);

  // Moves what may be sent to `output`.
  void Drain(OutputBuffer* output);
  // Not empty, after Drain: what the first has to wait for.
  CommitToken next() const;

 private:
  struct Part {
    OutputBuffer bytes;
    CommitTokens tokens;
  };

  std::list<Part> parts_;  // nothing is allocated while there is none
  size_t bytes_ = 0;
};

}  // namespace replete
