#pragma once

#include <string>

namespace replete {

// The reference of all commands in Markdown, made from their rows: what --commands prints and
// server/commands/REFERENCE.md holds.
std::string CommandReference();

}  // namespace replete
