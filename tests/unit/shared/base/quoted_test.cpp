#include "shared/base/quoted.h"

#include <string>
#include <string_view>
#include <vector>

#include "shared/base/hex.h"

#include <doctest/doctest.h>

using namespace quorate::base;

TEST_CASE("quotes: SplitQuoted appends to what is there and keeps NUL bytes") {
  std::string bytes;
  std::vector<size_t> ends;
  REQUIRE(SplitQuoted(std::string_view("a\0b c", 5), &bytes, &ends));
  CHECK(bytes == std::string_view("a\0bc", 4));
  CHECK(ends == std::vector<size_t>{3, 4});
  CHECK(SplitQuoted("   ", &bytes, &ends));
  CHECK(ends.size() == 2);
}

TEST_CASE("quotes: every byte comes back from what AppendQuoted writes, which is printable") {
  std::string word;
  for (int byte = 0; byte < 256; ++byte) word += static_cast<char>(byte);
  std::string line = "first ";
  AppendQuoted(line, word);
  for (const char c : line) CHECK((c >= 0x20 && c < 0x7f));
  std::string bytes;
  std::vector<size_t> ends;
  REQUIRE(SplitQuoted(line, &bytes, &ends));
  REQUIRE(ends.size() == 2);
  CHECK(bytes.substr(ends[0]) == word);
}

TEST_CASE("quotes: AppendQuoted has Redis' letters for the bytes that have one") {
  std::string line;
  AppendQuoted(line, "\"\\\n\r\t\a\b\x01\xff");
  CHECK(line == R"("\"\\\n\r\t\a\b\x01\xff")");
}

TEST_CASE("hex: two lower-case digits a byte, and digits of either case are read") {
  CHECK(ToHex(std::string_view("\x00\x9f\xff", 3)) == "009fff");
  CHECK(HexDigitValue('7') == 7);
  CHECK(HexDigitValue('b') == 11);
  CHECK(HexDigitValue('F') == 15);
  CHECK(HexDigitValue('g') == -1);
}
