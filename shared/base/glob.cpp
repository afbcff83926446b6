#include "shared/base/glob.h"

#include <cstddef>

namespace quorate::base {

namespace {

char Fold(char c, bool ignore_case) {
  return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Matches one pattern element at `p` against `c`; on return `p` is past the element.
bool MatchOne(std::string_view pattern, size_t& p, char c, bool ignore_case) {
  switch (pattern[p]) {
    case '?':
      ++p;
      return true;
    case '[': {
      ++p;
      const bool negate = p < pattern.size() && pattern[p] == '^';
      if (negate) ++p;
      bool matched = false;
      const auto folded = static_cast<unsigned char>(Fold(c, ignore_case));
      // As Redis: a ']' always closes the class, and an unclosed class ends with the pattern.
      while (p < pattern.size() && pattern[p] != ']') {
        if (pattern[p] == '\\' && p + 1 < pattern.size()) {
          ++p;
          matched |= pattern[p] == c;
          ++p;
        } else if (p + 2 < pattern.size() && pattern[p + 1] == '-') {
          auto low = static_cast<unsigned char>(Fold(pattern[p], ignore_case));
          auto high = static_cast<unsigned char>(Fold(pattern[p + 2], ignore_case));
          if (low > high) std::swap(low, high);
          matched |= folded >= low && folded <= high;
          p += 3;
        } else {
          matched |= static_cast<unsigned char>(Fold(pattern[p], ignore_case)) == folded;
          ++p;
        }
      }
      if (p < pattern.size()) ++p;
      return matched != negate;
    }
    case '\\':
      if (p + 1 < pattern.size()) ++p;
      [[fallthrough]];
    default: {
      const bool equal = Fold(pattern[p], ignore_case) == Fold(c, ignore_case);
      ++p;
      return equal;
    }
  }
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, bool ignore_case) {
  size_t p = 0;
  size_t t = 0;
  size_t retry_p = std::string_view::npos;  // position after the last '*', where a mismatch resumes
  size_t retry_t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      retry_p = ++p;
      retry_t = t;
      continue;
    }
    size_t next = p;
    if (p < pattern.size() && MatchOne(pattern, next, text[t], ignore_case)) {
      p = next;
      ++t;
      continue;
    }
    if (retry_p == std::string_view::npos) return false;
    p = retry_p;
    t = ++retry_t;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace quorate::base
