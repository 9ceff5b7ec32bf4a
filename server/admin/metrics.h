#pragma once

#include <string>

namespace replete {

class Server;

// All metrics in the text format of Prometheus (exposition format 0.0.4). Any thread; takes no lock
// of a shard.
std::string MetricsText(Server& server);

}  // namespace replete
