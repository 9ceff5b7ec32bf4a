#pragma once

#include <string>
#include <vector>

#include "config/config_sources.h"

namespace replete {

class Server;

// What the daemon runs with now, as its sources could say it: settings, named namespaces, and
// numbered databases that have settings of their own.
Configuration LiveConfiguration(const Server& server);

// CONFIG REWRITE. The problem is a text for the client.
[[nodiscard]] Problem RewriteConfiguration(const Server& server);

// SIGHUP: reads the sources anew; what may change while the daemon runs becomes what a restart
// would make it, the rest is told. With a mistake anywhere nothing changes, and what would have
// changed is told. All of it in the log. Takes as long as namespaces take to be altered: not on a
// loop.
void ReloadConfiguration(Server& server);

}  // namespace replete
