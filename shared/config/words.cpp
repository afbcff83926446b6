#include "shared/config/words.h"

#include <cstdint>

#include "shared/base/quoted.h"

namespace quorate::config {

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    lines.emplace_back(text.substr(0, newline));
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  return lines;
}

std::optional<std::vector<std::string>> SplitWords(std::string_view line) {
  std::string bytes;
  std::vector<size_t> ends;
  if (!base::SplitQuoted(line, &bytes, &ends)) return std::nullopt;
  std::vector<std::string> words;
  size_t begin = 0;
  for (const size_t end : ends) {
    words.push_back(bytes.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

std::string QuoteWord(std::string_view word) {
  std::string quoted;
  base::AppendQuoted(quoted, word);
  return quoted;
}

std::string QuoteWordIfNeeded(std::string_view word) {
  bool plain = !word.empty() && word[0] != '#';
  for (const char c : word) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '\'' || c == '\\') plain = false;
  }
  return plain ? std::string(word) : QuoteWord(word);
}

}  // namespace quorate::config
