#pragma once

#include <span>
#include <string>
#include <string_view>

namespace replete {

class Server;

// The reply to INFO: what the daemon knows of itself, under Redis' names where Redis has them.
// Sections come in a fixed order whatever the order asked for; unknown ones are passed over; "all"
// and "everything" are all of them, "default" and none asked for all but those that tell of every
// command. Any thread; takes no lock of a shard.
std::string InfoText(Server& server, std::span<const std::string_view> sections);

// Whether a loop had better leave it to another thread: it takes about a millisecond, or waits for
// locks that are held for as long as that.
bool InfoTakesLong(const Server& server, std::span<const std::string_view> sections);

// CONFIG RESETSTAT: what INFO counts begins at zero again.
void ResetInfoStatistics(Server& server);

}  // namespace replete
