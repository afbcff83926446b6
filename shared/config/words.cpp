#include "shared/config/words.h"

#include <cstdint>

namespace quorate::config {

namespace {

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads one line from front to back. Every Read* returns false on unbalanced quotes.
class WordReader {
 public:
  explicit WordReader(std::string_view line) : line_(line) {}

  bool SkipBlanks() {
    while (at_ < line_.size() && IsBlank(line_[at_])) ++at_;
    return at_ < line_.size();
  }

  bool ReadWord(std::string& word) {
    while (at_ < line_.size() && !IsBlank(line_[at_])) {
      const char c = line_[at_++];
      if (c == '"') return ReadDoubleQuoted(word);
      if (c == '\'') return ReadSingleQuoted(word);
      word.push_back(c);
    }
    return true;
  }

 private:
  bool ReadDoubleQuoted(std::string& word) {
    while (at_ < line_.size()) {
      const char c = line_[at_++];
      if (c == '"') return AtWordEnd();
      if (c != '\\' || at_ == line_.size()) {
        word.push_back(c);
      } else if (const int byte = HexEscape(); byte >= 0) {
        word.push_back(static_cast<char>(byte));
        at_ += 3;
      } else {
        word.push_back(Unescape(line_[at_++]));
      }
    }
    return false;
  }

  bool ReadSingleQuoted(std::string& word) {
    while (at_ < line_.size()) {
      const char c = line_[at_++];
      if (c == '\'') return AtWordEnd();
      if (c == '\\' && at_ < line_.size() && line_[at_] == '\'') {
        word.push_back('\'');
        ++at_;
      } else {
        word.push_back(c);
      }
    }
    return false;
  }

  // The byte of an "xHH" at the current position, or -1.
  int HexEscape() const {
    if (line_.size() - at_ < 3 || line_[at_] != 'x') return -1;
    const int high = HexDigit(line_[at_ + 1]);
    const int low = HexDigit(line_[at_ + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
  }
  bool AtWordEnd() const { return at_ == line_.size() || IsBlank(line_[at_]); }

  std::string_view line_;
  size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<std::string>> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  WordReader reader(line);
  while (reader.SkipBlanks()) {
    std::string word;
    if (!reader.ReadWord(word)) return std::nullopt;
    words.push_back(std::move(word));
  }
  return words;
}

std::string QuoteWord(std::string_view word) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : word) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\r') {
      quoted += "\\r";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (c == '\a') {
      quoted += "\\a";
    } else if (c == '\b') {
      quoted += "\\b";
    } else if (byte >= 0x20 && byte < 0x7f) {
      quoted += c;
    } else {
      quoted += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return quoted + '"';
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
