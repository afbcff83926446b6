#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture,
                  "pubsub: messages reach channels and patterns, in both protocols") {
  Session& two = NewSession(2);
  Session& three = NewSession(3);
  CHECK(Run(two, "SUBSCRIBE a b") ==
        "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n");
  CHECK(Run(three, "PSUBSCRIBE [ab]") == ">3\r\n$10\r\npsubscribe\r\n$4\r\n[ab]\r\n:1\r\n");
  CHECK(Run("PUBLISH a x") == ":2\r\n");
  CHECK(TakeOutput(two) == "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n");
  CHECK(TakeOutput(three) == ">4\r\n$8\r\npmessage\r\n$4\r\n[ab]\r\n$1\r\na\r\n$1\r\nx\r\n");
  CHECK(Run("PUBLISH c x") == ":0\r\n");
  CHECK(TakeStream() == Lines{"0 PUBLISH a x", "0 PUBLISH c x"});
}

TEST_CASE_FIXTURE(CommandFixture, "pubsub: a RESP2 subscriber may only run a few commands") {
  Run("SUBSCRIBE a");
  CHECK(
      Run("GET a") ==
      "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
      "allowed in this context\r\n");
  CHECK(Run("UNSUBSCRIBE") == "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n");
  CHECK(Run("UNSUBSCRIBE") == "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
  CHECK(Run("PUNSUBSCRIBE x") == "*3\r\n$12\r\npunsubscribe\r\n$1\r\nx\r\n:0\r\n");
  CHECK(Run("GET a") == "$-1\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "pubsub: PUBSUB tells who listens") {
  Run(NewSession(), "SUBSCRIBE abc");
  Run(NewSession(), "SUBSCRIBE abc xyz");
  Run(NewSession(), "PSUBSCRIBE a* b*");
  CHECK(Run("PUBSUB CHANNELS a*") == "*1\r\n$3\r\nabc\r\n");
  CHECK(Run("PUBSUB NUMSUB abc q") == "*4\r\n$3\r\nabc\r\n:2\r\n$1\r\nq\r\n:0\r\n");
  CHECK(Run("PUBSUB NUMPAT") == ":2\r\n");
  CHECK(
      Run("PUBSUB CHANNELS a b") ==
      "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.\r\n");
  CHECK(Run("PUBSUB X") == "-ERR unknown subcommand 'X'. Try PUBSUB HELP.\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "pubsub: CLIENT REPLY OFF silences answers, never pushes") {
  client().writer = resp::Writer(client().output, 3);
  CHECK(Run("CLIENT REPLY OFF").empty());
  CHECK(Run("SUBSCRIBE a") == ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  CHECK(Run("PUBLISH a x") == ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n");
  Run(NewSession(), "PUBLISH a y");
  CHECK(TakeOutput(client()) == ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\ny\r\n");
  CHECK(Run("GET a").empty());
  CHECK(Run("CLIENT REPLY ON") == "+OK\r\n");
  CHECK(Run("CLIENT REPLY SKIP").empty());
  CHECK(Run("UNSUBSCRIBE a") == ">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n");
  CHECK(Run("GET a") == "_\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "pubsub: shard channels are a name space of their own") {
  Session& listener = NewSession(2);
  CHECK(Run(listener, "SSUBSCRIBE a") == "*3\r\n$10\r\nssubscribe\r\n$1\r\na\r\n:1\r\n");
  CHECK(Run(listener, "SUBSCRIBE a") == "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  CHECK(Run("SPUBLISH a x") == ":1\r\n");
  CHECK(TakeOutput(listener) == "*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$1\r\nx\r\n");
  CHECK(TakeStream() == Lines{"0 SPUBLISH a x"});
  CHECK(Run("PUBSUB SHARDCHANNELS") == "*1\r\n$1\r\na\r\n");
  CHECK(Run("PUBSUB SHARDNUMSUB a b") == "*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:0\r\n");
  CHECK(Run(listener, "UNSUBSCRIBE") == "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n");
  CHECK(Run(listener, "GET a").starts_with("-ERR Can't execute 'get'"));
  CHECK(Run(listener, "SUNSUBSCRIBE") == "*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n");
  CHECK(Run(listener, "GET a") == "$-1\r\n");
}

}  // namespace quorate::testing
