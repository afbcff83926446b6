#include "shared/resp/errors.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace errors = quorate::resp::errors;

namespace {

std::string Unknown(std::vector<std::string_view> args) { return errors::UnknownCommand(args); }

}  // namespace

TEST_CASE("errors: unknown command quotes the arguments") {
  CHECK(Unknown({"foo"}) == "ERR unknown command 'foo', with args beginning with: ");
  CHECK(Unknown({"foo", "bar", "x y"}) ==
        "ERR unknown command 'foo', with args beginning with: 'bar' 'x y' ");
}

TEST_CASE("errors: unknown command cuts what it quotes at 128 bytes") {
  const std::string long_text(140, 'c');
  CHECK(Unknown({long_text}) ==
        "ERR unknown command '" + long_text.substr(0, 128) + "', with args beginning with: ");
  // 4 bytes are taken by 'a' and its space, so the next argument gets 124 and a third none.
  CHECK(Unknown({"foo", "a", long_text, "b"}) ==
        "ERR unknown command 'foo', with args beginning with: 'a' '" + long_text.substr(0, 124) +
            "' ");
  CHECK(Unknown({"foo", long_text.substr(0, 124), "bcd", "ee"}) ==
        "ERR unknown command 'foo', with args beginning with: '" + long_text.substr(0, 124) +
            "' 'b' ");
}

TEST_CASE("errors: quoted text ends at a NUL byte") {
  CHECK(Unknown({std::string_view("f\0o", 3), std::string_view("\0", 1)}) ==
        "ERR unknown command 'f', with args beginning with: '' ");
}

TEST_CASE("errors: subcommands, arity, expiry and subscribed clients") {
  CHECK(errors::UnknownSubcommand("config", "foo") ==
        "ERR unknown subcommand 'foo'. Try CONFIG HELP.");
  CHECK(errors::UnknownSubcommand("config", std::string(130, 'z')) ==
        "ERR unknown subcommand '" + std::string(128, 'z') + "'. Try CONFIG HELP.");
  CHECK(errors::WrongArity("client|setname") ==
        "ERR wrong number of arguments for 'client|setname' command");
  CHECK(errors::InvalidExpire("set") == "ERR invalid expire time in 'set' command");
  CHECK(errors::SubscribeContext("get") ==
        "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
        "allowed in this context");
}
