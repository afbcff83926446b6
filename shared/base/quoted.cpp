#include "shared/base/quoted.h"

#include "shared/base/hex.h"

namespace quorate::base {

namespace {

// The C locale's isspace.
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

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

// After a closing quote only a space or the end may follow.
bool ClosesArgument(std::string_view rest) { return rest.empty() || IsSpace(rest[0]); }

// Both take the text after the opening quote, append the content and return the length with the
// closing quote; npos if unbalanced.
size_t ReadDoubleQuoted(std::string_view text, std::string* bytes) {
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '"') return ClosesArgument(text.substr(i + 1)) ? i + 1 : std::string_view::npos;
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' &&
        HexDigitValue(text[i + 2]) >= 0 && HexDigitValue(text[i + 3]) >= 0) {
      bytes->push_back(
          static_cast<char>(HexDigitValue(text[i + 2]) * 16 + HexDigitValue(text[i + 3])));
      i += 4;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      bytes->push_back(Unescape(text[i + 1]));
      i += 2;
    } else {
      bytes->push_back(text[i++]);
    }
  }
  return std::string_view::npos;
}

size_t ReadSingleQuoted(std::string_view text, std::string* bytes) {
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\'') return ClosesArgument(text.substr(i + 1)) ? i + 1 : std::string_view::npos;
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '\'') {
      bytes->push_back('\'');
      i += 2;
    } else {
      bytes->push_back(text[i++]);
    }
  }
  return std::string_view::npos;
}

}  // namespace

bool SplitQuoted(std::string_view line, std::string* bytes, std::vector<size_t>* ends) {
  size_t i = 0;
  for (;;) {
    while (i < line.size() && IsSpace(line[i])) ++i;
    if (i == line.size()) return true;
    // A quote may also open in the middle of an argument: a"b c" is one argument.
    while (i < line.size() && !IsSpace(line[i])) {
      if (line[i] != '"' && line[i] != '\'') {
        bytes->push_back(line[i++]);
        continue;
      }
      const std::string_view rest = line.substr(i + 1);
      const size_t length =
          line[i] == '"' ? ReadDoubleQuoted(rest, bytes) : ReadSingleQuoted(rest, bytes);
      if (length == std::string_view::npos) return false;
      i += 1 + length;
    }
    ends->push_back(bytes->size());
  }
}

namespace {

// What follows the backslash; 0 if `c` is not written so.
char EscapeLetter(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    default:
      return 0;
  }
}

}  // namespace

void AppendQuoted(std::string& out, std::string_view word) {
  out += '"';
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (const char letter = EscapeLetter(c); letter != 0) {
      out += '\\';
      out += letter;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      AppendHex(out, byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace quorate::base
