#pragma once

#include <string>

namespace replete {

// The manual page replete-server(8) in roff (man 7 man), made from the tables.
std::string ManPage();

}  // namespace replete
