// SENTINEL SET ... PROPAGATE.
#include "sentinel/core/shared_settings.h"

#include <string>

#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

struct Shared {
  Shared() : world(3, 2) { world.RunFor(seconds(8)); }
  std::string Set(int sentinel, std::vector<std::string> arguments, int64_t wall_ms = 0) {
    world.Command(sentinel, ++client,
                  SetRequested{ClientId{}, "mymaster", std::move(arguments), {}, {wall_ms}});
    world.RunFor(milliseconds(50));
    const CommandReply* reply = world.ReplyTo(sentinel, client);
    REQUIRE(reply != nullptr);
    if (const auto* error = std::get_if<ErrorReply>(reply)) return error->text;
    return std::holds_alternative<OkReply>(*reply) ? "OK" : "?";
  }
  std::vector<uint32_t> Syncs() {
    std::vector<uint32_t> syncs;
    for (int i = 0; i < 3; ++i) syncs.push_back(world.group(i).options.parallel_syncs);
    return syncs;
  }
  using Values = std::vector<uint32_t>;

  World world;
  uint64_t client = 100;
};

TEST_CASE("propagate: every sentinel gets it, and it is durable") {
  Shared t;
  CHECK(t.Set(0, {"parallel-syncs", "4", "auth-pass", "x", "rename-command", "config", "guarded",
                  "Propagate"}) == "OK");
  CHECK(t.Syncs() == Shared::Values{4, 4, 4});
  CHECK(t.world.group(2).options.renamed_commands.at("CONFIG") == "guarded");
  CHECK(t.world.Happened("s2 +set master mymaster 10.0.0.1 6379 auth-pass ******"));
  t.world.RunFor(seconds(1));
  t.world.KillSentinel(1);
  t.world.StartSentinel(1);
  t.world.RunFor(seconds(1));
  CHECK(t.Syncs() == Shared::Values{4, 4, 4});
  CHECK(t.world.group(1).shared == t.world.group(0).shared);
}

TEST_CASE("propagate: one that was away gets it when it is back") {
  Shared t;
  t.world.KillSentinel(2);
  CHECK(t.Set(0, {"parallel-syncs", "4", "PROPAGATE"}) == "OK");
  t.world.StartSentinel(2);
  CHECK(t.world.group(2).options.parallel_syncs == 1);
  t.world.RunFor(seconds(3));
  CHECK(t.Syncs() == Shared::Values{4, 4, 4});
}

TEST_CASE(
    "propagate: without it an option is changed here alone, and stays so until it is shared") {
  Shared t;
  CHECK(t.Set(0, {"parallel-syncs", "4", "PROPAGATE"}) == "OK");
  CHECK(t.Set(1, {"parallel-syncs", "2"}) == "OK");
  CHECK(t.Syncs() == Shared::Values{4, 2, 4});
  CHECK(t.Set(2, {"failover-timeout", "70000", "PROPAGATE"}) == "OK");
  CHECK(t.Syncs() == Shared::Values{4, 2, 4});
  CHECK(t.world.group(1).options.failover_timeout == seconds(70));
  CHECK(t.Set(2, {"parallel-syncs", "3", "PROPAGATE"}) == "OK");
  CHECK(t.Syncs() == Shared::Values{3, 3, 3});
}

TEST_CASE("propagate: of two that were said apart the later one wins, wherever it was said") {
  Shared t;
  CHECK(t.Set(0, {"parallel-syncs", "9", "PROPAGATE"}, 1000) == "OK");
  for (int i : {0, 1}) t.world.Cut(t.world.sentinel(i).address, t.world.sentinel(2).address);
  t.world.RunFor(seconds(40));
  CHECK(t.Set(2, {"parallel-syncs", "5", "PROPAGATE"}, 9000) == "OK");
  CHECK(t.Set(0, {"parallel-syncs", "6", "PROPAGATE"}, 2000) == "OK");
  CHECK(t.Set(1, {"parallel-syncs", "7", "PROPAGATE"}, 3000) == "OK");
  CHECK(t.Syncs() == Shared::Values{7, 7, 5});
  t.world.Heal();
  t.world.RunFor(seconds(40));
  CHECK(t.Syncs() == Shared::Values{5, 5, 5});
}

TEST_CASE("propagate: of different options, said apart, all are kept") {
  Shared t;
  t.world.Cut(t.world.sentinel(0).address, t.world.sentinel(1).address);
  t.world.RunFor(seconds(40));
  CHECK(t.Set(0, {"parallel-syncs", "6", "PROPAGATE"}, 2000) == "OK");
  CHECK(t.Set(1, {"failover-timeout", "70000", "PROPAGATE"}, 3000) == "OK");
  t.world.RunFor(seconds(2));
  // The third passes on what the two cannot tell each other.
  for (int i = 0; i < 3; ++i) {
    CHECK(t.world.group(i).options.parallel_syncs == 6);
    CHECK(t.world.group(i).options.failover_timeout == seconds(70));
  }
}

TEST_CASE("propagate: what a peer does not know is passed over, the rest is taken") {
  Shared t;
  CHECK(t.Set(0, {"VERSION", "9", "2", "new-in-some-version", "1", "version", "8", "2",
                  "parallel-syncs", "5"}) == "OK");
  CHECK(t.Syncs() == Shared::Values{5, 5, 5});
  CHECK(t.world.Happened("s0 -set-refused master mymaster 10.0.0.1 6379 #new-in-some-version"));
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"VERSION", "9"},
           {"VERSION", "0", "2", "quorum", "1"},
           {"VERSION", "9", "3", "quorum", "1"},
           {"VERSION", "9", "1", "quorum"},
           {"VERSION", "99999999999999999999", "2", "quorum", "1"},
           {"VERSION", "9", "2", "quorum", "1", "more"}})
    CHECK(t.Set(0, bad) == "ERR Invalid version");
}

TEST_CASE("propagate: what is known already costs nothing") {
  Shared t;
  CHECK(t.Set(0, {"parallel-syncs", "5", "PROPAGATE"}) == "OK");
  t.world.RunFor(seconds(1));
  const uint64_t version = t.world.group(1).shared.begin()->second.version;
  const uint64_t writes = t.world.sentinel(1).core->state().persist_version;
  CHECK(t.Set(1, {"VERSION", std::to_string(version), "2", "parallel-syncs", "5"}) == "OK");
  CHECK(t.world.sentinel(1).core->state().persist_version == writes);
}

TEST_CASE("propagate: said at the same time at two sentinels, all end with the same") {
  Shared t;
  t.world.Cut(t.world.sentinel(0).address, t.world.sentinel(1).address);
  t.world.RunFor(seconds(40));
  CHECK(t.Set(0, {"parallel-syncs", "6", "PROPAGATE"}, 2000) == "OK");
  CHECK(t.Set(1, {"parallel-syncs", "7", "PROPAGATE"}, 2000) == "OK");
  t.world.Heal();
  t.world.RunFor(seconds(40));
  CHECK(t.Syncs() == Shared::Values{7, 7, 7});
}

TEST_CASE(
    "propagate: what cannot be shared is refused whole, and what a peer cannot take is said") {
  Shared t;
  CHECK(t.Set(0, {"parallel-syncs", "4", "notification-script", "/bin/true", "PROPAGATE"}) ==
        "ERR 'notification-script' is a file of this machine and cannot be propagated");
  CHECK(t.Syncs() == Shared::Values{1, 1, 1});
  CHECK(t.Set(0, {"PROPAGATE"}) ==
        "ERR Unknown option or number of arguments for SENTINEL SET 'PROPAGATE'");
  CHECK(t.Set(0, {"parallel-syncs", "4", "quorum", "0", "PROPAGATE"}) ==
        "ERR Invalid argument '0' for SENTINEL SET 'quorum'");
  CHECK(t.Syncs() == Shared::Values{1, 1, 1});
  CHECK(t.world.group(1).shared.empty());
  // As the value of an option it is a value.
  CHECK(t.Set(0, {"auth-pass", "PROPAGATE"}) == "OK");
  CHECK(t.world.group(1).options.auth_pass.empty());
  CHECK(t.world.group(0).options.auth_pass == "PROPAGATE");
  // An electorate below the sentinels that a peer sees.
  t.world.Cut(t.world.sentinel(0).address, t.world.sentinel(2).address);
  t.world.RunFor(seconds(40));
  CHECK(t.Set(0, {"electorate", "2", "PROPAGATE"}) == "OK");
  t.world.RunFor(seconds(1));
  CHECK(t.world.Happened("s1 -set-refused master mymaster 10.0.0.1 6379 electorate"));
}

}  // namespace
}  // namespace quorate::sentinel::core::test
