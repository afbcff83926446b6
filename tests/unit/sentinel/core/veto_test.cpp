// pre-failover-script.
#include "sentinel/core/veto.h"

#include <algorithm>
#include <string>

#include "sentinel/core/explain.h"
#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

struct Vetoed {
  explicit Vetoed(std::optional<Verdict> verdict, NoVerdict on_timeout = NoVerdict::kProceed)
      : world(3, 3, Options(on_timeout)) {
    for (int i = 0; i < 3; ++i) world.sentinel(i).verdict = verdict;
    world.RunFor(seconds(11));  // INFO of the replicas is fresh: who would follow is known
    world.KillServer(0);
  }
  static GroupOptions Options(NoVerdict on_timeout) {
    GroupOptions options;
    options.down_after = seconds(1);
    options.pre_failover_script = "/bin/ask";
    options.pre_failover_timeout = milliseconds(700);
    options.pre_failover_on_timeout = on_timeout;
    return options;
  }
  size_t Asked() {
    size_t asked = 0;
    for (int i = 0; i < 3; ++i) asked += world.sentinel(i).vetoes.size();
    return asked;
  }
  bool Moves() {
    return world.RunUntil([&] { return world.Happened("+switch-master"); }, seconds(5));
  }

  World world;
};

TEST_CASE("veto: the script is told who fails and who would follow, and its yes is a failover") {
  Vetoed t(Verdict::kProceed);
  REQUIRE(t.Moves());
  t.world.RunFor(seconds(1));  // whoever led, all know
  REQUIRE(t.Asked() >= 1);
  const AskVeto* asked = nullptr;
  for (int i = 0; i < 3; ++i)
    if (!t.world.sentinel(i).vetoes.empty()) asked = &t.world.sentinel(i).vetoes.front();
  CHECK(asked->argv == std::vector<std::string>{"/bin/ask", "mymaster", "10.0.0.1", "6379",
                                                t.world.PrimaryOf(0).host, "6379"});
  CHECK(asked->timeout == milliseconds(700));
}

TEST_CASE("veto: while it says no there is no failover, and it is asked again") {
  Vetoed t(Verdict::kVeto);
  CHECK_FALSE(t.Moves());
  CHECK(t.world.Happened("-failover-vetoed master mymaster 10.0.0.1 6379 #exit code 3"));
  CHECK_FALSE(t.world.Happened("+try-failover"));
  CHECK(t.Asked() <= 3);
  t.world.RunFor(seconds(31));
  CHECK(t.Asked() >= 9);
  CHECK(t.Asked() <= 12);
  for (int i = 0; i < 3; ++i) t.world.sentinel(i).verdict = Verdict::kProceed;
  CHECK(t.world.RunUntil([&] { return t.world.Happened("+switch-master"); }, seconds(15)));
}

TEST_CASE("veto: a script that says nothing decides by directive") {
  SUBCASE("go on") {
    Vetoed t(Verdict::kNone);
    CHECK(t.Moves());
    CHECK(t.world.Happened("-no-verdict master mymaster 10.0.0.1 6379 #exit code 3, going on"));
  }
  SUBCASE("veto") {
    Vetoed t(Verdict::kNone, NoVerdict::kVeto);
    CHECK_FALSE(t.Moves());
    CHECK(t.world.Happened("-failover-vetoed"));
  }
}

TEST_CASE("veto: an answer that comes when the primary is back is of no use") {
  Vetoed t(std::nullopt);
  CHECK_FALSE(t.Moves());
  REQUIRE(t.Asked() == 3);
  const auto obstacles =
      Explain(t.world.sentinel(0).core->state(), t.world.group(0), t.world.now()).obstacles;
  CHECK(std::ranges::count(obstacles, "pre-failover-script is being asked") == 1);
  t.world.StartServer(0);
  t.world.RunFor(seconds(5));
  for (int i = 0; i < 3; ++i)
    t.world.Command(i, 1,
                    VetoAnswered{t.world.sentinel(i).vetoes[0].question, Verdict::kProceed, ""});
  t.world.RunFor(seconds(3));
  CHECK_FALSE(t.world.Happened("+try-failover"));
  // The next loss is asked for anew.
  t.world.KillServer(0);
  CHECK_FALSE(t.Moves());
  CHECK(t.Asked() == 6);
}

TEST_CASE("veto: what comes too late changes nothing, nor does a script that was taken out") {
  Vetoed t(std::nullopt);
  t.world.RunFor(seconds(3));
  REQUIRE(t.Asked() == 3);
  t.world.StartServer(0);
  t.world.RunFor(seconds(5));
  const auto late = [&](int i) {
    t.world.Command(i, 1,
                    VetoAnswered{t.world.sentinel(i).vetoes[0].question, Verdict::kVeto, "x"});
  };
  late(0);
  CHECK(t.world.group(0).may_stand_at <= t.world.now());
  t.world.KillServer(0);
  t.world.RunFor(seconds(3));
  late(1);
  CHECK_FALSE(t.world.Happened("-failover-vetoed"));
}

TEST_CASE("veto: what is ordered is not asked for") {
  Vetoed t(Verdict::kVeto);
  t.world.RunFor(seconds(3));
  t.world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
  CHECK(t.Moves());
}

}  // namespace
}  // namespace quorate::sentinel::core::test
