#include "shared/config/default_user.h"

#include <doctest/doctest.h>

using namespace quorate::config;

namespace {

const Args kNoPassword = {"default", "on", "nopass", "~*", "&*", "+@all"};
const Args kSecret = {
    "default", "on", "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
    "~*",      "&*", "+@all"};

bool Agrees(const Args& line, std::string_view requirepass) {
  const quorate::base::Result<std::string> password = ReadDefaultUser(line);
  REQUIRE(password.ok());
  KeptValues kept = {{kUserDirective, *password}};
  const quorate::base::Status status = SettleDefaultUser(kept, requirepass);
  CHECK(kept.empty());
  return status.ok();
}

}  // namespace

TEST_CASE("default user: the line that Redis writes says what requirepass says") {
  CHECK(Agrees(kNoPassword, ""));
  CHECK_FALSE(Agrees(kNoPassword, "secret"));
  CHECK(Agrees(kSecret, "secret"));
  CHECK_FALSE(Agrees(kSecret, ""));
  CHECK_FALSE(Agrees(kSecret, "other"));
  CHECK(Agrees(
      {"default", "on", "sanitize-payload", ">secret", "allkeys", "allchannels", "allcommands"},
      "secret"));
  KeptValues none;
  CHECK(SettleDefaultUser(none, "secret").ok());
}

TEST_CASE("default user: less than every right, and other users, are refused") {
  CHECK_FALSE(ReadDefaultUser({}).ok());
  CHECK_FALSE(ReadDefaultUser({"alice", "on", "nopass", "~*", "&*", "+@all"}).ok());
  CHECK_FALSE(ReadDefaultUser({"default", "off", "nopass", "~*", "&*", "+@all"}).ok());
  CHECK_FALSE(ReadDefaultUser({"default", "on", "nopass", "~a*", "&*", "+@all"}).ok());
  CHECK_FALSE(ReadDefaultUser({"default", "on", "nopass", "~*", "&*"}).ok());
  CHECK_FALSE(ReadDefaultUser({"default", "on", "~*", "&*", "+@all"}).ok());
  CHECK_FALSE(ReadDefaultUser({"default", "on", "nopass", ">x", "~*", "&*", "+@all"}).ok());
  CHECK_FALSE(ReadDefaultUser({"default", "on", "nopass", "", "~*", "&*", "+@all"}).ok());
  CHECK_FALSE(ReadDefaultUser({"default", "on", "nopass", "~*", "&*", "+@all", "-@admin"}).ok());
}
