#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using quorate::testing::CommandFixture;

TEST_CASE("ping and echo") {
  CommandFixture f;
  CHECK(f.Run("PING") == "+PONG\r\n");
  CHECK(f.Run("PING hello") == "$5\r\nhello\r\n");
  CHECK(f.Run("PING a b") == "-ERR wrong number of arguments for 'ping' command\r\n");
  CHECK(f.Run("ECHO hi") == "$2\r\nhi\r\n");
}

TEST_CASE("ping in subscriber mode answers in its own form") {
  CommandFixture f;
  f.Run("SUBSCRIBE ch");
  CHECK(f.Run("PING") == "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  CHECK(f.Run("GET a").starts_with("-ERR Can't execute 'get': only (P|S)SUBSCRIBE"));
}

TEST_CASE("auth: a password opens the door, and nothing else does") {
  CommandFixture f;
  CHECK(f.Run("AUTH x").starts_with("-ERR AUTH <password> called without any password configured"));
  f.settings.requirepass = "secret";
  auto& client = f.NewSession();
  CHECK(f.Run(client, "GET a") == "-NOAUTH Authentication required.\r\n");
  CHECK(f.Run(client, "AUTH wrong").starts_with("-WRONGPASS "));
  CHECK(f.Run(client, "AUTH secretx").starts_with("-WRONGPASS "));
  CHECK(f.Run(client, "AUTH other secret").starts_with("-WRONGPASS "));
  CHECK(f.Run(client, "AUTH default secret") == "+OK\r\n");
  CHECK(f.Run(client, "GET a") == "$-1\r\n");
}

TEST_CASE("hello: switches the protocol, and refuses what it does not know") {
  CommandFixture f;
  CHECK(f.Run("HELLO 4") == "-NOPROTO unsupported protocol version\r\n");
  CHECK(f.Run("HELLO x") == "-ERR Protocol version is not an integer or out of range\r\n");
  CHECK(f.Run("HELLO 3 FOO") == "-ERR Syntax error in HELLO option 'FOO'\r\n");
  CHECK(f.Run("HELLO 3 SETNAME \"a b\"").starts_with("-ERR Client names cannot contain spaces"));
  CHECK(f.Run("GET a") == "$-1\r\n");
  CHECK(f.Run("HELLO 3 SETNAME me").starts_with("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n"));
  CHECK(f.client().name == "me");
  CHECK(f.Run("GET a") == "_\r\n");
  CHECK(f.Run("HELLO 2").starts_with("*14\r\n"));
}

TEST_CASE("quit and reset") {
  CommandFixture f;
  f.Run("SELECT 3");
  f.Run("MULTI");
  CHECK(f.Run("RESET") == "+RESET\r\n");
  CHECK(f.client().db == 0);
  CHECK(f.client().transaction == nullptr);
  CHECK(f.Run("QUIT") == "+OK\r\n");
  CHECK(f.client().close_after_reply);
}

TEST_CASE("a protocol error is answered and ends the connection") {
  CommandFixture f;
  f.engine.Feed(f.client(), "*1\r\nx\r\n");
  CHECK(f.TakeOutput(f.client()) == "-ERR Protocol error: expected '$', got 'x'\r\n");
  CHECK(f.client().close_after_reply);
}
