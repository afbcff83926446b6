#include "shared/base/glob.h"

#include <doctest/doctest.h>

#include <string>

using quorate::base::GlobMatch;

TEST_CASE("glob: literals, stars and question marks") {
  CHECK(GlobMatch("", ""));
  CHECK(GlobMatch("*", ""));
  CHECK(GlobMatch("h?llo", "hello"));
  CHECK_FALSE(GlobMatch("h?llo", "hllo"));
  CHECK(GlobMatch("h*llo", "heeeello"));
  CHECK(GlobMatch("*a*b*", "xxaxxbxx"));
  CHECK_FALSE(GlobMatch("*a*b", "xxaxxbxx"));
}

TEST_CASE("glob: classes, negation, ranges and escapes") {
  CHECK(GlobMatch("h[ae]llo", "hallo"));
  CHECK_FALSE(GlobMatch("h[ae]llo", "hillo"));
  CHECK(GlobMatch("h[^e]llo", "hallo"));
  CHECK_FALSE(GlobMatch("h[^e]llo", "hello"));
  CHECK(GlobMatch("h[a-c]llo", "hbllo"));
  CHECK(GlobMatch("h[c-a]llo", "hbllo"));
  CHECK(GlobMatch("a\\*b", "a*b"));
  CHECK_FALSE(GlobMatch("a\\*b", "axb"));
  CHECK(GlobMatch("[\\]]", "]"));
}

TEST_CASE("glob: case folding is asked for") {
  CHECK_FALSE(GlobMatch("ABC*", "abcd"));
  CHECK(GlobMatch("ABC*", "abcd", true));
  CHECK(GlobMatch("[A-C]x", "bX", true));
}

TEST_CASE("glob: a hostile pattern stays cheap") {
  const std::string text(20000, 'a');
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  CHECK_FALSE(GlobMatch(pattern + "b", text));
}
