#pragma once

#include <span>
#include <string>
#include <string_view>

namespace replete {

class Server;

// The reply to INFO: what the daemon knows of itself, under Redis' names where Redis has them.
// Sections come in a fixed order whatever the order asked for; unknown ones are passed over; none
// asked for, "default", "all" and "everything" are all of them. Any thread; takes no lock of a
// shard.
std::string InfoText(Server& server, std::span<const std::string_view> sections);

// CONFIG RESETSTAT: what INFO counts begins at zero again.
void ResetInfoStatistics(Server& server);

}  // namespace replete
