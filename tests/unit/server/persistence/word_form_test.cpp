#include "server/persistence/word_form.h"

#include <string>

#include <doctest/doctest.h>

using namespace quorate;
using namespace quorate::server::persistence;
using server::engine::Fencing;

TEST_CASE("the sentinels' word is read as it was written") {
  for (const auto role :
       {Fencing::Role::kPrimary, Fencing::Role::kReplica, Fencing::Role::kReleased}) {
    for (const uint64_t epoch : {uint64_t{0}, uint64_t{7}, uint64_t{INT64_MAX}}) {
      for (const uint32_t electorate : {0U, 3U, UINT32_MAX}) {
        const Fencing::Word word{base::Epoch(epoch), role, electorate};
        CHECK(ParseWord(FormatWord(word)) == word);
      }
    }
  }
  CHECK(FormatWord({base::Epoch(7), Fencing::Role::kReleased, 3}) == "7 released 3\n");
}

TEST_CASE("a word of the earlier form has no electorate") {
  CHECK(ParseWord("7 primary\n") == Fencing::Word{base::Epoch(7), Fencing::Role::kPrimary, 0});
  CHECK(ParseWord("7 replica\n") == Fencing::Word{base::Epoch(7), Fencing::Role::kReplica, 0});
}

TEST_CASE("a damaged word is none") {
  const std::string whole = "17 primary 3\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(ParseWord(whole.substr(0, size)));
  }
  for (const char* text : {"\n",
                           " \n",
                           "17\n",
                           "17 \n",
                           "17 primary \n",
                           "17 primary  3\n",
                           "17  primary 3\n",
                           " 17 primary 3\n",
                           "17 primary 3 \n",
                           "17 primary 3\n\n",
                           "17 primary 3\n17 primary 3\n",
                           "017 primary 3\n",
                           "17 primary 03\n",
                           "+17 primary 3\n",
                           "-1 primary 3\n",
                           "17 primary -3\n",
                           "17 Primary 3\n",
                           "17 master 3\n",
                           "17 primary x\n",
                           "17 primary 4294967296\n",
                           "18446744073709551616 primary 3\n"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseWord(text));
  }
  CHECK_FALSE(ParseWord(std::string("17 primary 3\0\n", 14)));
}
