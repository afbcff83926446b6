#include "shared/resp/request_parser.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/buffer.h"
#include "shared/base/random.h"
#include "shared/resp/writer.h"

#include <doctest/doctest.h>

using quorate::base::Buffer;
using quorate::base::Random;
using quorate::resp::AppendCommand;
using quorate::resp::RequestParser;
using Outcome = RequestParser::Outcome;

namespace {

struct Request {
  std::vector<std::string> args;
  std::string raw;
  bool canonical = false;
  bool is_inline = false;
  friend bool operator==(const Request&, const Request&) = default;
};

struct Parsed {
  std::vector<Request> requests;
  std::string error;
  size_t unconsumed = 0;
  friend bool operator==(const Parsed&, const Parsed&) = default;
};

// Feeds `stream` in pieces of the sizes that `next_size` gives. The unconsumed bytes live in a
// fresh heap block for every call, so that a parser that keeps pointers into old input is caught.
template <typename NextSize>
Parsed Feed(std::string_view stream, NextSize next_size,
            const RequestParser::Limits& limits = RequestParser::Limits()) {
  RequestParser parser(limits);
  Parsed parsed;
  std::string pending;
  size_t fed = 0;
  while (fed < stream.size()) {
    const size_t size = std::min<size_t>(next_size(), stream.size() - fed);
    std::string moved;
    moved.reserve(pending.size() + size);
    moved.append(pending).append(stream.substr(fed, size));
    pending.assign(pending.size(), '!');
    pending.swap(moved);
    fed += size;
    for (bool more = true; more;) {
      const Outcome outcome = parser.Next(pending);
      if (outcome == Outcome::kRequest) {
        Request request;
        for (const std::string_view arg : parser.args()) request.args.emplace_back(arg);
        request.raw = parser.raw();
        request.canonical = parser.canonical();
        request.is_inline = parser.is_inline();
        parsed.requests.push_back(std::move(request));
      } else if (outcome == Outcome::kError) {
        parsed.error = parser.error();
        return parsed;
      } else {
        more = false;
      }
      pending = pending.substr(parser.consumed());
    }
  }
  parsed.unconsumed = pending.size();
  return parsed;
}

Parsed FeedAll(std::string_view stream,
               const RequestParser::Limits& limits = RequestParser::Limits()) {
  return Feed(
      stream, [&] { return stream.size(); }, limits);
}

Parsed FeedBytes(std::string_view stream,
                 const RequestParser::Limits& limits = RequestParser::Limits()) {
  return Feed(
      stream, [] { return size_t{1}; }, limits);
}

std::string ErrorOf(std::string_view stream,
                    const RequestParser::Limits& limits = RequestParser::Limits()) {
  const Parsed whole = FeedAll(stream, limits);
  CHECK(FeedBytes(stream, limits) == whole);
  return whole.error;
}

std::string Command(std::vector<std::string_view> args) {
  Buffer out;
  AppendCommand(out, args);
  return std::string(out.view());
}

using Args = std::vector<std::string>;

}  // namespace

TEST_CASE("request: an array of bulks becomes its arguments, zero copy and canonical") {
  const std::string input = "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nva\r\nl\r\n";
  RequestParser parser;
  REQUIRE(parser.Next(input) == Outcome::kRequest);
  REQUIRE(parser.args().size() == 3);
  CHECK(parser.args()[0] == "SET");
  CHECK(parser.args()[1] == "key");
  CHECK(parser.args()[2] == "va\r\nl");
  CHECK(parser.args()[1].data() == input.data() + 17);
  CHECK(parser.consumed() == input.size());
  CHECK(parser.raw() == input);
  CHECK(parser.canonical());
  CHECK_FALSE(parser.is_inline());
}

TEST_CASE("request: pipelined requests come one by one") {
  const std::string stream = Command({"PING"}) + Command({"GET", "k"}) + Command({"ECHO", ""});
  const Parsed parsed = FeedAll(stream);
  REQUIRE(parsed.requests.size() == 3);
  CHECK(parsed.requests[0].args == Args{"PING"});
  CHECK(parsed.requests[1].args == Args{"GET", "k"});
  CHECK(parsed.requests[2].args == Args{"ECHO", ""});
  CHECK(parsed.unconsumed == 0);
  CHECK(FeedBytes(stream) == parsed);
}

TEST_CASE("request: an unfinished request waits and tells how much it needs") {
  RequestParser parser;
  std::string input = "*2\r\n$3\r\nGET\r\n$1000\r\nabc";
  CHECK(parser.Next(input) == Outcome::kNeedMore);
  CHECK(parser.consumed() == 0);
  CHECK(parser.needed() == 20 + 1000 + 2);
  input.resize(input.size() + 997, 'x');
  CHECK(parser.Next(input) == Outcome::kNeedMore);
  input += "\r\n";
  CHECK(input.size() == parser.needed());
  REQUIRE(parser.Next(input) == Outcome::kRequest);
  CHECK(parser.args()[1].size() == 1000);
  CHECK(parser.Next("*1\r\n$4") == Outcome::kNeedMore);
  CHECK(parser.needed() == 0);
}

TEST_CASE("request: skipped empty requests are consumed even while more is needed") {
  RequestParser parser;
  const std::string input = "\r\n\n*0\r\n*-1\r\n*-7\r\n   \r\n*1\r\n$4\r\nPI";
  CHECK(parser.Next(input) == Outcome::kNeedMore);
  CHECK(parser.consumed() == input.size() - 10);
  const std::string rest = "*1\r\n$4\r\nPING\r\n";
  REQUIRE(parser.Next(rest) == Outcome::kRequest);
  CHECK(parser.raw() == rest);
  CHECK(parser.args()[0] == "PING");
}

TEST_CASE("request: raw bytes exclude what was skipped before") {
  const Parsed parsed = FeedAll("*0\r\n\r\n*1\r\n$4\r\nPING\r\n");
  REQUIRE(parsed.requests.size() == 1);
  CHECK(parsed.requests[0].raw == "*1\r\n$4\r\nPING\r\n");
}

TEST_CASE("request: wrong line ends are tolerated like Redis does but are not canonical") {
  const std::string stream = "*1\rX$4\rYPINGZZ*1\r\n$4\r\nPINGZZ*1\r\n$4\r\nPING\r\n";
  const Parsed parsed = FeedAll(stream);
  REQUIRE(parsed.requests.size() == 3);
  CHECK_FALSE(parsed.requests[0].canonical);
  CHECK_FALSE(parsed.requests[1].canonical);
  CHECK(parsed.requests[2].canonical);
  CHECK(parsed.requests[0].args == Args{"PING"});
  CHECK(FeedBytes(stream) == parsed);
}

TEST_CASE("request: multibulk lengths that are no numbers or too big") {
  const std::string invalid = "ERR Protocol error: invalid multibulk length";
  CHECK(ErrorOf("*\r\n") == invalid);
  CHECK(ErrorOf("*abc\r\n") == invalid);
  CHECK(ErrorOf("*03\r\n") == invalid);
  CHECK(ErrorOf("*+3\r\n") == invalid);
  CHECK(ErrorOf("* 3\r\n") == invalid);
  CHECK(ErrorOf("*3 \r\n") == invalid);
  CHECK(ErrorOf("*1048577\r\n") == invalid);
  CHECK(ErrorOf("*3000000000\r\n") == invalid);
  CHECK(ErrorOf("*99999999999999999999999\r\n") == invalid);
  CHECK(ErrorOf("*1048576\r\n") == "");
}

TEST_CASE("request: bulk lengths that are no numbers, negative or too big") {
  const std::string invalid = "ERR Protocol error: invalid bulk length";
  CHECK(ErrorOf("*1\r\n$\r\n") == invalid);
  CHECK(ErrorOf("*1\r\n$-1\r\n") == invalid);
  CHECK(ErrorOf("*1\r\n$04\r\n") == invalid);
  CHECK(ErrorOf("*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n") == invalid);
  CHECK(ErrorOf("*1\r\n$536870913\r\n") == invalid);
  CHECK(ErrorOf("*1\r\n$536870912\r\n") == "");
  CHECK(ErrorOf("*2\r\n$3\r\nSET\r\n$blabla\r\n") == invalid);
}

TEST_CASE("request: something else where a bulk should be") {
  CHECK(ErrorOf("*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n") ==
        "ERR Protocol error: expected '$', got 'f'");
  CHECK(ErrorOf("*1\r\n:4\r\n") == "ERR Protocol error: expected '$', got ':'");
  CHECK(ErrorOf("*1\r\n\r\n") == "ERR Protocol error: expected '$', got '\r'");
  CHECK(ErrorOf(std::string_view("*1\r\n\0abc\r\n", 10)) ==
        "ERR Protocol error: expected '$', got '");
}

TEST_CASE("request: endless lines are cut off at 64 KiB") {
  const std::string ones(65'537, '1');
  CHECK(ErrorOf("*" + ones.substr(1)) == "ERR Protocol error: too big mbulk count string");
  CHECK(ErrorOf("*" + ones.substr(2)) == "");
  CHECK(ErrorOf("*1\r\n$" + ones.substr(1)) == "ERR Protocol error: too big bulk count string");
  CHECK(ErrorOf("*1\r\n$" + ones.substr(2)) == "");
  CHECK(ErrorOf(std::string(65'537, 'a')) == "ERR Protocol error: too big inline request");
  CHECK(ErrorOf(std::string(65'536, 'a')) == "");
  CHECK(ErrorOf(std::string(65'536, 'a') + "\n") == "");
  CHECK(ErrorOf(std::string(65'537, 'a') + "\n") == "ERR Protocol error: too big inline request");
  CHECK(ErrorOf(std::string(1, '\0') + std::string(70'000, 'p')) ==
        "ERR Protocol error: too big inline request");
}

TEST_CASE("request: clients that have not authenticated get 10 arguments of 16 KiB") {
  RequestParser::Limits limits;
  limits.unauthenticated = true;
  CHECK(ErrorOf("*11\r\n", limits) == "ERR Protocol error: unauthenticated multibulk length");
  CHECK(ErrorOf("*10\r\n", limits) == "");
  CHECK(ErrorOf("*1\r\n$16385\r\n", limits) == "ERR Protocol error: unauthenticated bulk length");
  CHECK(ErrorOf("*1\r\n$16384\r\n", limits) == "");
  CHECK(ErrorOf("*1\r\n$536870913\r\n", limits) == "ERR Protocol error: invalid bulk length");
  CHECK(ErrorOf("*2147483648\r\n", limits) == "ERR Protocol error: invalid multibulk length");

  RequestParser parser(limits);
  parser.set_unauthenticated(false);
  CHECK(parser.Next("*11\r\n") == Outcome::kNeedMore);
}

TEST_CASE("request: inline commands follow Redis' quoting") {
  const Parsed parsed = FeedAll(
      "set  k\tv \r\n"
      "\"a b\" 'c d' \"\\x41\\n\\r\\t\\b\\a\\\"\\\\\\q\" 'it\\'s \\n'\n"
      "a\"b c\" \"\" ''\r\n"
      "\"\\x4\" \"\\xzz\"\n");
  REQUIRE(parsed.requests.size() == 4);
  CHECK(parsed.requests[0].args == Args{"set", "k", "v"});
  CHECK(parsed.requests[0].raw == "set  k\tv \r\n");
  CHECK(parsed.requests[0].is_inline);
  CHECK_FALSE(parsed.requests[0].canonical);
  CHECK(parsed.requests[1].args == Args{"a b", "c d", "A\n\r\t\b\a\"\\q", "it's \\n"});
  CHECK(parsed.requests[2].args == Args{"ab c", "", ""});
  CHECK(parsed.requests[3].args == Args{"x4", "xzz"});
}

TEST_CASE("request: unbalanced quotes are an error") {
  const std::string unbalanced = "ERR Protocol error: unbalanced quotes in request";
  CHECK(ErrorOf("set \"\"\"test-key\"\"\" test-value\r\n") == unbalanced);
  CHECK(ErrorOf("get \"x\r\n") == unbalanced);
  CHECK(ErrorOf("get 'x\r\n") == unbalanced);
  CHECK(ErrorOf("get \"x\"y\r\n") == unbalanced);
  CHECK(ErrorOf("get 'x'y\r\n") == unbalanced);
  CHECK(ErrorOf("get \"x\\\r\n") == unbalanced);
}

TEST_CASE("request: after Reset an error or an unfinished request is forgotten") {
  RequestParser parser;
  CHECK(parser.Next("*x\r\n") == Outcome::kError);
  parser.Reset();
  CHECK(parser.Next("*2\r\n$3\r\nGET\r\n") == Outcome::kNeedMore);
  parser.Reset();
  REQUIRE(parser.Next("*1\r\n$4\r\nPING\r\n") == Outcome::kRequest);
  CHECK(parser.args().size() == 1);
}

TEST_CASE("request: announced lengths reserve nothing, and big argument storage is given back") {
  RequestParser parser;
  CHECK(parser.Next("*1048576\r\n$500000000\r\n") == Outcome::kNeedMore);
  CHECK(parser.memory_usage() < 4096);

  parser.Reset();
  std::vector<std::string_view> many(100'000, "x");
  const std::string big = Command(many);
  REQUIRE(parser.Next(big) == Outcome::kRequest);
  CHECK(parser.args().size() == 100'000);
  CHECK(parser.memory_usage() > 1'000'000);
  REQUIRE(parser.Next("*1\r\n$4\r\nPING\r\n") == Outcome::kRequest);
  CHECK(parser.memory_usage() < 4096);
}

TEST_CASE("request: any split of any stream gives the same requests") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::string stream;
    const uint64_t pieces = 1 + random.Below(12);
    for (uint64_t i = 0; i < pieces; ++i) {
      switch (random.Below(8)) {
        case 0:
          stream += "\r\n";
          break;
        case 1:
          stream += "*0\r\n";
          break;
        case 2:
          stream += "set \"a b\" 'c' d\r\n";
          break;
        case 3:
          // Rubbish, sometimes an error.
          for (uint64_t n = random.Below(6); n > 0; --n) stream += "*$1\r\n x\"\0"[random.Below(9)];
          break;
        default: {
          std::vector<std::string> args(1 + random.Below(40));
          for (std::string& arg : args) {
            arg.resize(random.Below(4) == 0 ? random.Below(3000) : random.Below(20));
            for (char& c : arg) c = static_cast<char>(random.Below(256));
          }
          stream += Command({args.begin(), args.end()});
        }
      }
    }
    const Parsed whole = FeedAll(stream);
    CHECK(FeedBytes(stream) == whole);
    CHECK(Feed(stream, [&] { return 1 + random.Below(50); }) == whole);
    CHECK(Feed(stream, [&] { return 1 + random.Below(2000); }) == whole);
  }
}
