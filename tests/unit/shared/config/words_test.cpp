#include "shared/config/words.h"

#include "shared/base/random.h"

#include <doctest/doctest.h>

using namespace quorate::config;
using Words = std::vector<std::string>;

TEST_CASE("words: blanks separate, quotes keep together") {
  CHECK(*SplitWords("port  6379\t ") == Words{"port", "6379"});
  CHECK(*SplitWords("") == Words{});
  CHECK(*SplitWords(R"(a "b c" 'd e')") == Words{"a", "b c", "d e"});
  CHECK(*SplitWords(R"(save "")") == Words{"save", ""});
  CHECK(*SplitWords(R"(foo"bar")") == Words{"foobar"});
}

TEST_CASE("words: escapes") {
  CHECK(*SplitWords(R"("\n\r\t\b\a\x00\xff\q\\\"")") ==
        Words{std::string("\n\r\t\b\a\0\xff", 7) + "q\\\""});
  CHECK(*SplitWords(R"('\n\'')") == Words{"\\n'"});
  CHECK(*SplitWords(R"("\xg1")") == Words{"xg1"});
}

TEST_CASE("words: unbalanced quotes are refused") {
  for (const char* line : {"\"a", "'a", "a \"b", R"("a"b)", R"('a'b)", "\"a\\", "'a\\'"})
    CHECK_FALSE(SplitWords(line).has_value());
}

TEST_CASE("words: any bytes survive quoting") {
  quorate::base::Random random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string word;
    for (uint64_t i = random.Below(12); i > 0; --i) word += static_cast<char>(random.Below(256));
    CHECK(*SplitWords(QuoteWord(word)) == Words{word});
    CHECK(*SplitWords("x " + QuoteWordIfNeeded(word) + " y") == Words{"x", word, "y"});
  }
}

TEST_CASE("words: only what needs quotes gets them") {
  CHECK(QuoteWordIfNeeded("-::*") == "-::*");
  CHECK(QuoteWordIfNeeded("") == "\"\"");
  CHECK(QuoteWordIfNeeded("a b") == "\"a b\"");
  CHECK(QuoteWordIfNeeded("#a") == "\"#a\"");
  CHECK(QuoteWord("x\xff\"") == R"("x\xff\"")");
}
