#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/random.h"

namespace replete::test {

// The typed words that requests are made of: keys from a small set, so that types collide, and
// values, numbers, deadlines and names that are mostly right and sometimes hostile.

bool IsPiece(std::string_view name);
std::string MakePiece(std::string_view name, Random& random);

// Every key and field name that MakePiece("key") can give.
const std::vector<std::string>& AllKeys();
bool IsKey(std::string_view word);

}  // namespace replete::test
