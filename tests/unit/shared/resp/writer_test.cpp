#include "shared/resp/writer.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/buffer.h"

#include <doctest/doctest.h>

using quorate::base::Buffer;
using quorate::resp::AppendCommand;
using quorate::resp::CommandSize;
using quorate::resp::Writer;

namespace {

template <typename Write>
std::string Written(int protocol, Write write) {
  Buffer out;
  Writer writer(out, protocol);
  write(writer);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("writer: integers and headers at every width") {
  const auto integer = [](int64_t n) { return Written(2, [n](Writer& w) { w.Integer(n); }); };
  CHECK(integer(0) == ":0\r\n");
  CHECK(integer(1) == ":1\r\n");
  CHECK(integer(9) == ":9\r\n");
  CHECK(integer(10) == ":10\r\n");
  CHECK(integer(99) == ":99\r\n");
  CHECK(integer(100) == ":100\r\n");
  CHECK(integer(-1) == ":-1\r\n");
  CHECK(integer(std::numeric_limits<int64_t>::min()) == ":-9223372036854775808\r\n");
  CHECK(integer(std::numeric_limits<int64_t>::max()) == ":9223372036854775807\r\n");
}

TEST_CASE("writer: bulks of every header width") {
  for (const size_t size : {0, 1, 9, 10, 64, 99, 100, 1000, 70'000}) {
    const std::string body(size, 'b');
    CHECK(Written(2, [&](Writer& w) { w.Bulk(body); }) ==
          "$" + std::to_string(size) + "\r\n" + body + "\r\n");
  }
  CHECK(Written(2, [](Writer& w) { w.BulkInteger(-12); }) == "$3\r\n-12\r\n");
  CHECK(Written(2, [](Writer& w) {
          w.BulkHeader(4);
          w.buffer().Append("ab");
          w.buffer().Append("cd");
          w.BulkEnd();
        }) == "$4\r\nabcd\r\n");
}

TEST_CASE("writer: errors never contain line ends") {
  CHECK(Written(2, [](Writer& w) { w.Error("ERR a\r\nb\n\r\n"); }) == "-ERR a  b\r\n");
  CHECK(Written(2, [](Writer& w) { w.Error(""); }) == "-\r\n");
}

TEST_CASE("writer: what RESP2 lacks is downgraded as Redis does") {
  const auto both = [](auto write) { return Written(2, write) + "|" + Written(3, write); };
  CHECK(both([](Writer& w) { w.Null(); }) == "$-1\r\n|_\r\n");
  CHECK(both([](Writer& w) { w.NullArray(); }) == "*-1\r\n|_\r\n");
  CHECK(both([](Writer& w) { w.ArrayHeader(3); }) == "*3\r\n|*3\r\n");
  CHECK(both([](Writer& w) { w.MapHeader(3); }) == "*6\r\n|%3\r\n");
  CHECK(both([](Writer& w) { w.SetHeader(3); }) == "*3\r\n|~3\r\n");
  CHECK(both([](Writer& w) { w.PushHeader(3); }) == "*3\r\n|>3\r\n");
  CHECK(both([](Writer& w) { w.Bool(true); }) == ":1\r\n|#t\r\n");
  CHECK(both([](Writer& w) { w.Bool(false); }) == ":0\r\n|#f\r\n");
  CHECK(both([](Writer& w) { w.Double(3.3); }) ==
        "$18\r\n3.2999999999999998\r\n|,3.2999999999999998\r\n");
  CHECK(both([](Writer& w) { w.Double(-INFINITY); }) == "$4\r\n-inf\r\n|,-inf\r\n");
  CHECK(both([](Writer& w) { w.Double(2); }) == "$1\r\n2\r\n|,2\r\n");
  CHECK(both([](Writer& w) { w.Verbatim("hi"); }) == "$2\r\nhi\r\n|=6\r\ntxt:hi\r\n");
  CHECK(both([](Writer& w) { w.BigNumber("123"); }) == "$3\r\n123\r\n|(123\r\n");
  CHECK(both([](Writer& w) { w.SimpleString("PONG"); }) == "+PONG\r\n|+PONG\r\n");
}

TEST_CASE("writer: deferred headers are inserted before what was written since") {
  for (const size_t n : {0, 5, 12, 150}) {
    Buffer out;
    out.Append("before");
    Writer w(out, 3);
    const Writer::Mark outer = w.Defer();
    w.Integer(7);
    const Writer::Mark inner = w.Defer();
    for (size_t i = 0; i < n; ++i) w.Bulk("x");
    w.FinishArray(inner, n);
    w.FinishMap(outer, 1);
    std::string expected = "before%1\r\n:7\r\n*" + std::to_string(n) + "\r\n";
    for (size_t i = 0; i < n; ++i) expected += "$1\r\nx\r\n";
    CHECK(out.view() == expected);
  }
  CHECK(Written(2, [](Writer& w) { w.FinishMap(w.Defer(), 4); }) == "*8\r\n");
  CHECK(Written(2, [](Writer& w) { w.FinishSet(w.Defer(), 4); }) == "*4\r\n");
  CHECK(Written(3, [](Writer& w) { w.FinishSet(w.Defer(), 4); }) == "~4\r\n");
}

TEST_CASE("writer: commands are arrays of bulks of the announced size") {
  Buffer out;
  AppendCommand(out, {"SET", "k", ""});
  CHECK(out.view() == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
  for (const size_t size : {0, 9, 10, 99, 100, 12'345}) {
    const std::string value(size, 'v');
    const std::vector<std::string_view> args(size % 13 + 1, value);
    Buffer encoded;
    AppendCommand(encoded, args);
    CHECK(encoded.size() == CommandSize(args));
  }
}
