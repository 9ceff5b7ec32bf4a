#pragma once

namespace replete {

class Server;

// The first lines of the log: version, limits, namespaces, paths, and what an operator should know
// of the machine.
void TellBanner(const Server& server);

}  // namespace replete
