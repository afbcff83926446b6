#include "scripts/ops/temporary_settings.h"

#include "tests/unit/scripts/ops/config_peer.h"

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

using Changes = std::vector<std::string>;

}  // namespace

TEST_CASE("temporary settings: what was set is set back, the last first, and written to the file") {
  Foreground foreground;
  ConfigPeer peer(foreground.io(), {{"a", "1"}, {"b", ""}});
  TemporarySettings settings(foreground);
  CHECK(settings.Set(peer.endpoint(), "a", "2").ok());
  CHECK(settings.Set(peer.endpoint(), "a", "3").ok());
  CHECK(*settings.TurnOn(peer.endpoint(), "b", "", "3600 1") == TemporarySettings::Before::kOff);
  CHECK(peer["a"] == "3");
  CHECK(peer["b"] == "3600 1");
  CHECK(settings.Rewrite().ok());
  CHECK(settings.Restore().ok());
  CHECK(peer.changes() == Changes{"SET a 2", "SET a 3", "SET b 3600 1", "REWRITE", "SET b ",
                                  "SET a 2", "SET a 1", "REWRITE"});
  CHECK(settings.Restore().ok());  // once
  CHECK(peer.changes().size() == 8);
}

TEST_CASE("temporary settings: what is on already, or not known, is left alone") {
  Foreground foreground;
  ConfigPeer peer(foreground.io(), {{"a", "5"}});
  TemporarySettings settings(foreground);
  CHECK(*settings.TurnOn(peer.endpoint(), "a", "0", "9") == TemporarySettings::Before::kOn);
  CHECK(*settings.TurnOn(peer.endpoint(), "unknown", "0", "9") ==
        TemporarySettings::Before::kUnknown);
  CHECK(settings.Rewrite().ok());
  CHECK(settings.Restore().ok());
  CHECK(peer.changes().empty());
}

TEST_CASE("temporary settings: an unknown directive, a refused value and a silence are errors") {
  Foreground foreground;
  ConfigPeer peer(foreground.io(), {{"a", "1"}, {"b", "1"}});
  TemporarySettings settings(foreground);
  CHECK(settings.Set(peer.endpoint(), "unknown", "2").error().message ==
        peer.endpoint().ToString() + " has no directive unknown");
  peer.Refuse("a");
  CHECK(settings.Set(peer.endpoint(), "a", "2").error().message == "CONFIG SET a 2: ERR refused");
  CHECK_FALSE(settings.Set({"127.0.0.1", 1}, "a", "2").ok());
  CHECK(settings.Restore().ok());
  CHECK(peer.changes().empty());
}

TEST_CASE("temporary settings: one that cannot be set back is an error, the others are set back") {
  Foreground foreground;
  ConfigPeer peer(foreground.io(), {{"a", "1"}, {"b", "1"}});
  TemporarySettings settings(foreground);
  REQUIRE(settings.Set(peer.endpoint(), "a", "2").ok());
  REQUIRE(settings.Set(peer.endpoint(), "b", "2").ok());
  peer.Refuse("b");
  CHECK_FALSE(settings.Restore().ok());
  CHECK(peer["a"] == "1");
}

}  // namespace quorate::ops
