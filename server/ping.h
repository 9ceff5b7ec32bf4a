#pragma once

#include <string>

#include "config/config.h"

namespace replete {

// --ping: asks the daemon that runs with this configuration. Empty when it answers, even if it
// wants a password first or is loading; else why not. Waits 3 seconds at most.
std::string PingProblem(const Config& config);

}  // namespace replete
