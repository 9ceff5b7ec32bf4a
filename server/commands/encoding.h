#pragma once

#include <string_view>

#include "core/keyspace/entry.h"

namespace replete {

// How a value is held, in Redis' word for what is nearest to it here ("embstr", "listpack").
std::string_view EncodingOf(const Entry& entry);

}  // namespace replete
