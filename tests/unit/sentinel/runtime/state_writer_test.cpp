#include "sentinel/runtime/state_writer.h"

#include "sentinel/config/journal.h"
#include "tests/unit/sentinel/runtime/fake_io.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::runtime {
namespace {

using Outcomes = std::vector<std::pair<uint64_t, bool>>;

struct Fixture {
  FakeIo io;
  log::Logger logger;
  StateWriter::Saved newest = First();
  std::string text = "one";
  bool renders = true;
  std::vector<std::pair<uint64_t, bool>> persisted;
  StateWriter writer{io,
                     logger,
                     {"the/state", "the/journal"},
                     [this] { return newest; },
                     [this](const StateWriter::Saved& saved) -> base::Result<std::string> {
                       if (!renders) return base::Error{"cannot be read"};
                       return text + " of " + std::to_string(saved.durable.journal);
                     },
                     [this](core::Persisted p) { persisted.emplace_back(p.version, p.ok); }};

  static StateWriter::Saved First() {
    StateWriter::Saved saved;
    saved.durable.groups.resize(1);
    saved.durable.groups[0].name = "a";
    saved.durable.groups[0].primary = {"10.0.0.1", 6379};
    saved.durable.journal = 7;
    return saved;
  }
  void WithJournal() {
    io.can_create = true;
    writer.Start(newest);
    io.RunOffloaded();
  }
  void VoteIn(uint64_t epoch) {
    newest.durable.current_epoch = base::Epoch(epoch);
    newest.durable.groups[0].vote.epoch = base::Epoch(epoch);
    writer.Want({.version = epoch});
    writer.EndTurn();
  }
  // What a restart would read of the journal that goes on from `generation`.
  core::DurableState Reread(uint64_t generation) {
    core::DurableState state = First().durable;
    state.journal = generation;
    REQUIRE(config::ApplyJournal(*io.created.at("the/journal"), state).ok());
    return state;
  }
};

TEST_CASE("state writer: the wishes of one turn are one write, private to its owner") {
  Fixture f;
  f.writer.Want({.version = 1});
  f.writer.Want({.version = 2});
  CHECK(f.io.writes.empty());
  f.writer.EndTurn();
  REQUIRE(f.io.writes.size() == 1);
  CHECK(f.io.writes[0].path == "the/state");
  CHECK(f.io.writes[0].bytes == "one of 1");
  CHECK(f.io.writes[0].mode == 0600);
  CHECK(f.persisted.empty());
  f.io.writes[0].done({});
  CHECK(f.persisted == Outcomes{{2, true}});
  f.io.RunOffloaded();
  f.writer.EndTurn();
  CHECK(f.io.writes.size() == 1);
}

TEST_CASE("state writer: what nobody waits for is gathered") {
  Fixture f;
  const auto write_at = [&f](base::Duration later) {
    f.io.Advance(later);
    f.writer.EndTurn();
    return f.io.writes.size();
  };
  f.writer.Want({.version = 1, .soon = true});
  CHECK(write_at({}) == 0);
  f.writer.Want({.version = 2, .soon = true});
  CHECK(write_at(kGather / 2) == 0);
  SUBCASE("for a while") { CHECK(write_at(kGather / 2) == 1); }
  SUBCASE("until something is waited for") {
    f.writer.Want({.version = 2});
    CHECK(write_at({}) == 1);
  }
  SUBCASE("and not lost by an end in good order") {
    f.writer.Finish();
    CHECK(f.io.replaced.size() == 1);
    return;
  }
  f.io.writes[0].done({});
  CHECK(f.persisted == Outcomes{{2, true}});
  f.io.RunOffloaded();
  CHECK(write_at(kGather) == 1);
}

TEST_CASE("state writer: what is wanted during a write is written after it, the newest only") {
  Fixture f;
  f.writer.Want({.version = 1});
  f.writer.EndTurn();
  f.text = "two";
  f.writer.Want({.version = 2});
  f.writer.EndTurn();
  f.text = "three";
  f.writer.Want({.version = 3});
  f.writer.EndTurn();
  CHECK(f.io.writes.size() == 1);
  f.io.writes[0].done({});
  CHECK(f.persisted == Outcomes{{1, true}});
  f.io.RunOffloaded();
  f.writer.EndTurn();
  REQUIRE(f.io.writes.size() == 2);
  CHECK(f.io.writes[1].bytes == "three of 2");
  f.io.writes[1].done({});
  CHECK(f.persisted == Outcomes{{1, true}, {3, true}});
}

TEST_CASE("state writer: failures are told, of the disk and of the text") {
  Fixture f;
  f.writer.Want({.version = 1});
  f.writer.EndTurn();
  f.io.writes[0].done(base::Error{"disk full"});
  CHECK(f.persisted == Outcomes{{1, false}});
  f.renders = false;
  f.writer.Want({.version = 2});
  f.writer.EndTurn();
  CHECK(f.persisted.size() == 1);  // never from inside the turn
  f.io.Advance({});
  CHECK(f.persisted == Outcomes{{1, false}, {2, false}});
}

TEST_CASE("state writer: a vote is an append, and the state is written a second later") {
  Fixture f;
  f.WithJournal();
  f.VoteIn(5);
  CHECK(f.io.writes.empty());
  CHECK(f.persisted.empty());
  f.io.RunOffloaded();
  CHECK(f.persisted == Outcomes{{5, true}});
  f.VoteIn(6);
  f.io.RunOffloaded();
  CHECK(f.io.writes.empty());
  CHECK(f.Reread(7).groups[0].vote.epoch == base::Epoch(6));
  f.io.Advance(kConsolidateAfter);
  f.writer.EndTurn();
  REQUIRE(f.io.writes.size() == 1);
  CHECK(f.io.writes[0].bytes == "one of 8");
  f.io.writes[0].done({});
  f.io.RunOffloaded();
  f.VoteIn(9);
  f.io.RunOffloaded();
  CHECK(f.io.writes.size() == 1);
  CHECK(f.Reread(8).groups[0].vote.epoch == base::Epoch(9));
}

TEST_CASE("state writer: what a journal does not hold is a rewrite") {
  Fixture f;
  f.WithJournal();
  SUBCASE("an option") { f.newest.durable.groups[0].options.quorum = 9; }
  SUBCASE("a group") { f.newest.durable.groups.resize(2); }
  SUBCASE("a peer") { f.newest.durable.groups[0].peers.resize(1); }
  SUBCASE("a setting") { f.newest.settings.announce_port = 9; }
  SUBCASE("the log level") { f.newest.loglevel = config::LogLevel::kDebug; }
  f.VoteIn(5);
  CHECK(f.io.writes.size() == 1);
  CHECK(f.io.offloaded.empty());
}

TEST_CASE("state writer: an operator who flushes the configuration finds it in its file") {
  Fixture f;
  f.WithJournal();
  f.writer.Want({.version = 5, .whole = true});
  f.writer.EndTurn();
  CHECK(f.io.writes.size() == 1);
  CHECK(f.io.offloaded.empty());
}

TEST_CASE("state writer: at a good end the state's own file says what the journal does") {
  Fixture f;
  f.WithJournal();
  f.writer.Finish();
  CHECK(f.io.replaced.empty());
  f.VoteIn(5);
  f.writer.Finish();
  CHECK(f.io.replaced.empty());  // it is being appended
  f.io.RunOffloaded();
  f.writer.Finish();
  REQUIRE(f.io.replaced.size() == 1);
  CHECK(f.io.replaced[0] == "the/state");
}

TEST_CASE("state writer: after an append that failed nothing is appended any more") {
  Fixture f;
  f.WithJournal();
  f.io.can_append = false;
  f.VoteIn(5);
  f.io.RunOffloaded();
  CHECK(f.persisted == Outcomes{{5, false}});
  f.io.can_append = true;
  f.VoteIn(6);
  CHECK(f.io.offloaded.empty());
  REQUIRE(f.io.writes.size() == 1);
  f.io.writes[0].done({});
  CHECK(f.persisted == Outcomes{{5, false}, {6, true}});
}

TEST_CASE("state writer: without a journal every write is a rewrite") {
  Fixture f;
  f.writer.Start(f.newest);
  f.io.RunOffloaded();
  f.VoteIn(5);
  CHECK(f.io.writes.size() == 1);
}

}  // namespace
}  // namespace quorate::sentinel::runtime
