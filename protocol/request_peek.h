#pragma once

#include <string_view>

namespace replete {

// The second argument of the multibulk request at the front of `bytes`, which is the key of most
// commands; empty when there is none or it is not all there. A cheap guess before the request is
// parsed, for fetching memory ahead: it checks no limit, and nothing else may depend on it.
std::string_view PeekSecondArgument(std::string_view bytes);

}  // namespace replete
