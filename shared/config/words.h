// The quoting of Redis' configuration lines: words separated by blanks, "..." with \n \r \t \b \a
// \xHH escapes, '...' with \' only. The same rules serve configuration files and the inline command
// protocol of Redis.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quorate::config {

// The lines of a text, without their '\n'.
std::vector<std::string> SplitLines(std::string_view text);

// nullopt when quotes are unbalanced, or a closing quote is not followed by a blank or the end.
std::optional<std::vector<std::string>> SplitWords(std::string_view line);

// The double-quoted form: printable ASCII as it is, everything else escaped. SplitWords gives the
// word back, whatever bytes it holds.
std::string QuoteWord(std::string_view word);

// The word as it is where SplitWords would read it back unchanged, else QuoteWord(word).
std::string QuoteWordIfNeeded(std::string_view word);

}  // namespace quorate::config
