#include "sentinel/runtime/history_keeper.h"

#include "tests/unit/sentinel/runtime/fake_io.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::runtime {
namespace {

struct Fixture {
  FakeIo io;
  log::Logger logger;
  HistoryKeeper keeper{io, logger, "the/conf.history"};

  void Record(const std::string& group, uint64_t epoch, const std::string& outcome = "promoted") {
    core::FailoverRecord record;
    record.group = group;
    record.epoch = base::Epoch(epoch);
    record.outcome = outcome;
    record.from = {"a", 1};
    record.to = base::Endpoint{"b", 2};
    keeper.Take(core::RecordFailover{std::move(record)});
  }
};

TEST_CASE("history: newest first, and what is said again of the last failover takes its place") {
  Fixture f;
  f.Record("a", 1);
  f.Record("a", 2);
  f.Record("b", 1);
  f.Record("a", 2, "done");
  const auto view = f.keeper.View("a", 10);
  REQUIRE(view.size() == 2);
  CHECK(view[0].failover.epoch == base::Epoch(2));
  CHECK(view[0].failover.outcome == "done");
  // With the state lost epochs begin anew: an entry of long ago stays what it is.
  f.Record("a", 1, "again");
  CHECK(f.keeper.View("a", 10).size() == 3);
  CHECK(f.keeper.View("a", 1).size() == 1);
  CHECK(f.keeper.View("c", 1).empty());
}

TEST_CASE("history: what the leader of a failover knew stays when it hears of it from others") {
  Fixture f;
  core::FailoverRecord led;
  led.group = "a";
  led.epoch = base::Epoch(1);
  led.led = true;
  led.outcome = "given-up";
  led.evidence = {"gone"};
  f.keeper.Take(core::RecordFailover{led});
  f.Record("a", 1, "observed");
  const auto view = f.keeper.View("a", 10);
  REQUIRE(view.size() == 1);
  CHECK(view[0].failover.outcome == "observed");
  CHECK(view[0].failover.to.has_value());
  CHECK(view[0].failover.evidence.size() == 1);
}

TEST_CASE("history: what fails in the same way again and again is one entry with a count") {
  Fixture f;
  f.Record("a", 1);
  for (uint64_t epoch = 2; epoch < 3000; ++epoch) {
    core::FailoverRecord failed;
    failed.group = "a";
    failed.epoch = base::Epoch(epoch);
    failed.led = true;
    failed.outcome = "failover-abort-no-good-slave";
    f.keeper.Take(core::RecordFailover{failed});
  }
  const auto view = f.keeper.View("a", 10);
  REQUIRE(view.size() == 2);
  CHECK(view[0].attempts == 2998);
  CHECK(view[0].failover.epoch == base::Epoch(2999));
}

TEST_CASE("history: what a server discarded belongs to the last failover up to then") {
  Fixture f;
  f.Record("a", 1);
  f.Record("a", 3);
  f.Record("b", 2);
  f.keeper.Take(core::RecordDiscarded{"a", base::Epoch(2), {{"a", 1}, "r1", 1, 2}});
  f.keeper.Take(core::RecordDiscarded{"a", base::Epoch(3), {{"a", 1}, "r2", 1, 2}});
  f.keeper.Take(core::RecordDiscarded{"c", base::Epoch(3), {{"a", 1}, "r3", 1, 2}});
  const auto view = f.keeper.View("a", 10);
  REQUIRE(view[0].discarded.size() == 1);
  CHECK(view[0].discarded[0].record == "r2");
  REQUIRE(view[1].discarded.size() == 1);
  CHECK(view[1].discarded[0].record == "r1");
}

TEST_CASE("history: it is bounded, and the oldest go") {
  Fixture f;
  for (uint64_t epoch = 1; epoch <= kMaxHistoryEntries + 5; ++epoch) f.Record("a", epoch);
  const auto view = f.keeper.View("a", 2 * kMaxHistoryEntries);
  CHECK(view.size() == kMaxHistoryEntries);
  CHECK(view.back().failover.epoch == base::Epoch(6));
}

TEST_CASE("history: one write at a time, of the newest; nothing changed is nothing written") {
  Fixture f;
  f.keeper.EndTurn();
  CHECK(f.io.writes.empty());
  f.Record("a", 1);
  f.keeper.EndTurn();
  f.Record("a", 2);
  f.keeper.EndTurn();
  REQUIRE(f.io.writes.size() == 1);
  CHECK(f.io.writes[0].path == "the/conf.history");
  CHECK(f.io.writes[0].mode == 0600);
  CHECK(config::ReadHistory(f.io.writes[0].bytes).entries.size() == 1);
  f.io.writes[0].done(base::Error{"full"});
  f.keeper.EndTurn();
  REQUIRE(f.io.writes.size() == 2);
  CHECK(config::ReadHistory(f.io.writes[1].bytes).entries.size() == 2);
}

}  // namespace
}  // namespace quorate::sentinel::runtime
