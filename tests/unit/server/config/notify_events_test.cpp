#include "server/config/notify_events.h"

#include <doctest/doctest.h>

using namespace quorate::server::config;

namespace {

std::string Canonical(std::string_view letters) {
  return FormatNotifyEvents(*ParseNotifyEvents(letters));
}

}  // namespace

TEST_CASE("notify: letters come back in Redis' order") {
  CHECK(Canonical("") == "");
  CHECK(Canonical("KEA") == "AKE");
  CHECK(Canonical("KEAmn") == "AKEm");
  CHECK(Canonical("nKg") == "gnK");
  CHECK(Canonical("KExm") == "xKEm");
  CHECK(Canonical("dt") == "td");
  CHECK(Canonical("g$lshzxetd") == "A");
  CHECK(Canonical("mEKntdexzhsl$") == "$lshzxetdnKEm");
}

TEST_CASE("notify: an unknown letter is refused") {
  CHECK_FALSE(ParseNotifyEvents("KQ").has_value());
  CHECK_FALSE(ParseNotifyEvents("a").has_value());
  CHECK_FALSE(ParseNotifyEvents(" ").has_value());
}

TEST_CASE("notify: A is every class but key misses and new keys") {
  CHECK((kNotifyAll & (kNotifyKeyMiss | kNotifyNewKey | kNotifyKeyspace | kNotifyKeyevent)) == 0);
  CHECK(*ParseNotifyEvents("g$lshzxetd") == kNotifyAll);
}
