#pragma once

#include <cstdint>

#include "protocol/request_parser.h"

namespace replete {

struct Command;

// A request that was parsed ahead of its turn, with what the look-ahead found out about it.
struct Ahead {
  Request request;
  const Command* command = nullptr;
  uint64_t hash = 0;  // of the first key; 0: not computed
};

}  // namespace replete
