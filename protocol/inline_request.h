#pragma once

#include <string_view>

#include "protocol/arg_list.h"

namespace replete {

// Splits a line typed by a human into arguments by the quoting rules of Redis (its sdssplitargs):
// blanks separate; "..." knows \n \r \t \b \a \xHH and takes any other escaped character as it is;
// '...' knows only \'; a quote may open inside an argument but ends it when it closes, and must
// then be followed by a blank or the end.
//
// The arguments are appended to *args as views into `storage`, which needs line.size() bytes. False
// means unbalanced quotes; *args is then of no use. `line` has no NUL and no line end.
bool SplitInlineRequest(std::string_view line, char* storage, ArgList* args);

}  // namespace replete
