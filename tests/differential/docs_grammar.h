#pragma once

#include <string>
#include <vector>

#include "tests/differential/commands.h"
#include "tests/integration/connection.h"

namespace replete::test {

// Grammars from the argument trees that a server tells in COMMAND DOCS, of those commands that the
// table uses for data. Empty when the reply is none (an error, or nothing declared).
std::vector<NamedGrammar> GrammarsFromDocs(const Reply& docs);

}  // namespace replete::test
