// Calls and headers that the project does not use, each with what to use instead and where the
// exception is.
#pragma once

#include <string>
#include <vector>

#include "tests/tidy/sources.h"

namespace quorate::tidy {

// "path:line: <what> is banned here: <instead>" for every use.
std::vector<std::string> CheckBanned(const std::vector<Source>& sources);

// Headers: '#pragma once', an opening comment that says what the file is, and no heavy library
// headers.
std::vector<std::string> CheckHeaders(const std::vector<Source>& sources);

}  // namespace quorate::tidy
