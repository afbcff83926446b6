// The quoting of Redis' inline commands, configuration lines and MONITOR: words separated by
// blanks, "..." with \xHH, \n, \r, \t, \b, \a and \" escapes, '...' with \' only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quorate::base {

// Appends the words' bytes to `bytes` and their end offsets in it to `ends`. False when quotes are
// unbalanced or a closing quote is not followed by a blank.
bool SplitQuoted(std::string_view line, std::string* bytes, std::vector<size_t>* ends);

// Appends `word` in double quotes, in printable ASCII whatever its bytes are. SplitQuoted gives it
// back.
void AppendQuoted(std::string& out, std::string_view word);

}  // namespace quorate::base
