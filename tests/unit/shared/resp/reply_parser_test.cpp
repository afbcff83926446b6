#include "shared/resp/reply_parser.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/random.h"

#include <doctest/doctest.h>

using quorate::base::Random;
using quorate::resp::ReplyParser;
using quorate::resp::Value;
using Outcome = ReplyParser::Outcome;
using Type = Value::Type;

namespace {

struct Parsed {
  std::vector<std::string> replies;
  std::string error;
  friend bool operator==(const Parsed&, const Parsed&) = default;
};

template <typename NextSize>
Parsed Feed(std::string_view stream, NextSize next_size,
            const ReplyParser::Limits& limits = ReplyParser::Limits()) {
  ReplyParser parser(limits);
  Parsed parsed;
  std::string pending;
  while (!stream.empty()) {
    const size_t size = std::min<size_t>(next_size(), stream.size());
    pending.append(stream.substr(0, size));
    stream.remove_prefix(size);
    for (;;) {
      const Outcome outcome = parser.Next(pending);
      pending = pending.substr(parser.consumed());
      if (outcome == Outcome::kNeedMore) break;
      if (outcome == Outcome::kError) {
        parsed.error = parser.error();
        return parsed;
      }
      parsed.replies.push_back(parser.value().ToString());
    }
  }
  return parsed;
}

Parsed FeedBoth(std::string_view stream,
                const ReplyParser::Limits& limits = ReplyParser::Limits()) {
  const Parsed whole = Feed(
      stream, [&] { return stream.size(); }, limits);
  CHECK(Feed(
            stream, [] { return size_t{1}; }, limits) == whole);
  return whole;
}

std::string ErrorOf(std::string_view stream,
                    const ReplyParser::Limits& limits = ReplyParser::Limits()) {
  return FeedBoth(stream, limits).error;
}

Value Parse(std::string_view stream) {
  ReplyParser parser;
  REQUIRE(parser.Next(stream) == Outcome::kReply);
  CHECK(parser.consumed() == stream.size());
  return std::move(parser.value());
}

using Replies = std::vector<std::string>;

}  // namespace

TEST_CASE("reply: every RESP2 type") {
  CHECK(Parse("+OK\r\n") == Value{.type = Type::kSimple, .text = "OK"});
  CHECK(Parse("+\r\n") == Value{.type = Type::kSimple});
  CHECK(Parse("-ERR no\r\n") == Value{.type = Type::kError, .text = "ERR no"});
  CHECK(Parse(":-42\r\n") == Value{.type = Type::kInteger, .integer = -42});
  CHECK(Parse("$4\r\na\r\nb\r\n") == Value{.type = Type::kBulk, .text = "a\r\nb"});
  CHECK(Parse("$0\r\n\r\n") == Value{.type = Type::kBulk});
  CHECK(Parse("$-1\r\n").is_null());
  CHECK(Parse("*-1\r\n").is_null());
  CHECK(Parse("*0\r\n").type == Type::kArray);
  CHECK(Parse("*2\r\n:1\r\n*1\r\n$1\r\nx\r\n").ToString() == "[1, [\"x\"]]");
}

TEST_CASE("reply: every RESP3 type") {
  CHECK(Parse("_\r\n").is_null());
  CHECK(Parse(",3.5\r\n").number == 3.5);
  CHECK(Parse(",inf\r\n").number > 1e308);
  CHECK(Parse(",nan\r\n").number != Parse(",nan\r\n").number);
  CHECK(Parse("#t\r\n") == Value{.type = Type::kBool, .integer = 1});
  CHECK(Parse("#f\r\n") == Value{.type = Type::kBool});
  CHECK(Parse("(-123456789012345678901234567890\r\n").text == "-123456789012345678901234567890");
  CHECK(Parse("!5\r\nERR x\r\n") == Value{.type = Type::kError, .text = "ERR x"});
  CHECK(Parse("=6\r\ntxt:hi\r\n") == Value{.type = Type::kVerbatim, .text = "hi", .format = "txt"});
  CHECK(Parse("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n").ToString() == "{a: 1, b: 2}");
  CHECK(Parse("~1\r\n+a\r\n").type == Type::kSet);
  CHECK(Parse(">2\r\n+message\r\n+x\r\n").is_push());
}

TEST_CASE("reply: attributes are read and dropped wherever they stand") {
  CHECK(FeedBoth("|1\r\n+ttl\r\n*2\r\n:1\r\n:2\r\n*2\r\n|1\r\n+k\r\n+v\r\n:7\r\n:8\r\n").replies ==
        Replies{"[7, 8]"});
  CHECK(FeedBoth("|0\r\n:1\r\n:2\r\n").replies == Replies{"1", "2"});
}

TEST_CASE("reply: empty aggregates complete their parents") {
  CHECK(FeedBoth("*3\r\n*0\r\n%0\r\n*1\r\n*0\r\n+next\r\n").replies ==
        Replies{"[[], {}, [[]]]", "next"});
}

TEST_CASE("reply: finished parts of an unfinished reply are consumed at once") {
  ReplyParser parser;
  CHECK(parser.Next("*2\r\n$3\r\nabc\r\n$100\r\nx") == Outcome::kNeedMore);
  CHECK(parser.consumed() == 13);
  CHECK(parser.needed() == 6 + 100 + 2);
  CHECK(parser.in_reply());
  REQUIRE(parser.Next("$100\r\n" + std::string(100, 'x') + "\r\n") == Outcome::kReply);
  CHECK(parser.value().items.size() == 2);
  CHECK_FALSE(parser.in_reply());
}

TEST_CASE("reply: rubbish is an error") {
  CHECK(ErrorOf("hello\r\n") == "unknown reply type");
  CHECK(ErrorOf(std::string_view("\0\r\n", 3)) == "unknown reply type");
  CHECK(ErrorOf("\r\n") == "unknown reply type");
  CHECK(ErrorOf("\n") == "unknown reply type");
  CHECK(ErrorOf("+OK\rX") == "CR without LF");
  CHECK(ErrorOf(":abc\r\n") == "bad integer");
  CHECK(ErrorOf(":\r\n") == "bad integer");
  CHECK(ErrorOf(":9223372036854775808\r\n") == "bad integer");
  CHECK(ErrorOf(",x\r\n") == "bad double");
  CHECK(ErrorOf("#x\r\n") == "bad boolean");
  CHECK(ErrorOf("(12a\r\n") == "bad big number");
  CHECK(ErrorOf("(-\r\n") == "bad big number");
  CHECK(ErrorOf("_x\r\n") == "bad null");
  CHECK(ErrorOf("$-2\r\n") == "bad bulk length");
  CHECK(ErrorOf("$?\r\n") == "bad bulk length");
  CHECK(ErrorOf("=-1\r\n") == "bad bulk length");
  CHECK(ErrorOf("=3\r\ntxt\r\n") == "verbatim string without format");
  CHECK(ErrorOf("$1\r\nxyz") == "bulk without CR LF");
  CHECK(ErrorOf("*-2\r\n") == "bad aggregate length");
  CHECK(ErrorOf("%-1\r\n") == "bad aggregate length");
  CHECK(ErrorOf("*?\r\n") == "bad aggregate length");
  CHECK(ErrorOf("*1\r\n>1\r\n+x\r\n") == "push inside a reply");
}

TEST_CASE("reply: limits on length, depth, values and bytes") {
  CHECK(ErrorOf("$536870913\r\n") == "bad bulk length");
  CHECK(ErrorOf("*9223372036854775807\r\n") == "bad aggregate length");
  CHECK(ErrorOf("%9223372036854775807\r\n") == "bad aggregate length");
  std::string deep;
  for (int i = 0; i < 32; ++i) deep += "*1\r\n";
  CHECK(ErrorOf(deep) == "");
  CHECK(ErrorOf(deep + "*1\r\n") == "nested too deeply");
  CHECK(ErrorOf("+" + std::string(70'000, 'x')) == "line too long");

  const ReplyParser::Limits few{.max_values = 4};
  CHECK(ErrorOf("*3\r\n:1\r\n:2\r\n:3\r\n", few) == "");
  CHECK(ErrorOf("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", few) == "too many values");
  const ReplyParser::Limits small{.max_bytes = 20};
  CHECK(ErrorOf("$50\r\n", small) == "reply too long");
  CHECK(ErrorOf("*9\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", small) == "reply too long");
}

TEST_CASE("reply: limits count per reply, not per connection") {
  const ReplyParser::Limits limits{.max_values = 2, .max_bytes = 20};
  std::string stream;
  for (int i = 0; i < 50; ++i) stream += "*1\r\n$1\r\nx\r\n";
  CHECK(FeedBoth(stream, limits).replies.size() == 50);
}

TEST_CASE("reply: keepalive newlines are skipped where allowed, between replies only") {
  const ReplyParser::Limits limits{.skip_newlines = true};
  CHECK(FeedBoth("\n\n\n+FULLRESYNC\r\n\n:1\r\n", limits).replies == Replies{"FULLRESYNC", "1"});
  CHECK(ErrorOf("*1\r\n\n+x\r\n", limits) == "unknown reply type");
}

TEST_CASE("reply: error codes match whole words") {
  const Value loading = Parse("-LOADING Redis is loading\r\n");
  CHECK(loading.IsError("LOADING"));
  CHECK_FALSE(loading.IsError("LOAD"));
  CHECK(Parse("-NOAUTH\r\n").IsError("NOAUTH"));
  CHECK_FALSE(Parse("+LOADING\r\n").IsError("LOADING"));
}

TEST_CASE("reply: map look-up works on maps and on flat arrays") {
  const Value map = Parse("%2\r\n$4\r\nrole\r\n$6\r\nmaster\r\n+n\r\n:3\r\n");
  const Value flat = Parse("*4\r\n$4\r\nrole\r\n$6\r\nmaster\r\n+n\r\n:3\r\n");
  for (const Value* value : {&map, &flat}) {
    REQUIRE(value->Find("role") != nullptr);
    CHECK(value->Find("role")->text == "master");
    CHECK(value->Find("n")->integer == 3);
    CHECK(value->Find("master") == nullptr);
  }
  CHECK(Parse(":1\r\n").Find("role") == nullptr);
}

TEST_CASE("reply: rendering escapes what is not printable") {
  CHECK(Parse("$7\r\n\"\\\n\r\x01\xffz\r\n").ToString() == "\"\\\"\\\\\\n\\r\\x01\\xffz\"");
  CHECK(Parse(">1\r\n_\r\n").ToString() == "<(nil)>");
  CHECK(Parse("-E x\r\n").ToString() == "(error) E x");
}

TEST_CASE("reply: any split gives the same replies") {
  static constexpr std::string_view kPieces[] = {
      "+OK\r\n", ":1\r\n",  "$5\r\nhello\r\n", "*2\r\n",   "%1\r\n", "~1\r\n",          "_\r\n",
      "$-1\r\n", "*-1\r\n", "|1\r\n",          ",1.5\r\n", "#t\r\n", "=5\r\ntxt:x\r\n", ">1\r\n"};
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::string stream;
    for (uint64_t n = random.Below(40); n > 0; --n) {
      stream += kPieces[random.Below(std::size(kPieces))];
    }
    if (random.Chance(1, 4) && !stream.empty()) {
      stream[random.Below(stream.size())] = static_cast<char>(random.Below(256));
    }
    const Parsed whole = Feed(stream, [&] { return stream.size(); });
    CHECK(Feed(stream, [] { return size_t{1}; }) == whole);
    CHECK(Feed(stream, [&] { return 1 + random.Below(9); }) == whole);
  }
}
