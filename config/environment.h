#pragma once

#include <string>
#include <vector>

#include "config/configuration.h"

namespace replete {

// The variables REPLETE__SECTION__NAME and REPLETE__NAMESPACE__NAME__OPTION among `variables`
// ("NAME=value", as environ, up to null). Lists are separated by blanks; an empty value counts as
// not set. Names are in capitals. Returns what is wrong, a line each, naming the variable.
std::vector<std::string> ReadEnvironment(const char* const* variables, ConfigSource* source);

}  // namespace replete
