#include "sentinel/config/journal.h"

#include "tests/unit/sentinel/config/samples.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::config {
namespace {

// The sample, after its first group was failed over.
core::DurableState Moved() {
  core::DurableState state = SampleState();
  state.current_epoch = base::Epoch(9);
  core::DurableGroup& group = state.groups[0];
  group.vote = {base::Epoch(9), Id('c')};
  group.config_epoch = base::Epoch(9);
  std::swap(group.primary, group.replicas[0]);
  return state;
}

std::string JournalOf(const core::DurableState& from, const core::DurableState& to) {
  const auto entry = Difference(from, to);
  REQUIRE(entry.has_value());
  return JournalHeader(from.journal, from.myid) + JournalLine(*entry);
}

TEST_CASE("journal: a failover is a line that holds its group alone, and is read back") {
  const auto entry = Difference(SampleState(), Moved());
  REQUIRE(entry.has_value());
  CHECK(entry->groups.size() == 1);
  core::DurableState state = SampleState();
  REQUIRE(ApplyJournal(JournalOf(SampleState(), Moved()), state).ok());
  CHECK(state == Moved());
}

TEST_CASE("journal: a vote without a leader, and several lines") {
  core::DurableState first = SampleState();
  first.groups[1].vote.epoch = base::Epoch(8);
  first.current_epoch = base::Epoch(8);
  core::DurableState second = Moved();
  second.groups[1].vote.epoch = base::Epoch(8);
  const std::string journal =
      JournalOf(SampleState(), first) + JournalLine(*Difference(first, second));
  core::DurableState state = SampleState();
  REQUIRE(ApplyJournal(journal, state).ok());
  CHECK(state == second);
}

TEST_CASE("journal: what is more than an election or a failover has no difference") {
  const auto differs = [](auto change) {
    core::DurableState state = SampleState();
    change(state);
    return Difference(SampleState(), state).has_value();
  };
  CHECK(differs([](core::DurableState&) {}));
  CHECK_FALSE(differs([](core::DurableState& s) { s.groups[0].options.quorum = 7; }));
  CHECK_FALSE(differs([](core::DurableState& s) { s.groups[0].electorate_met = 7; }));
  CHECK_FALSE(differs([](core::DurableState& s) { s.groups[0].peers.pop_back(); }));
  CHECK_FALSE(differs([](core::DurableState& s) {
    s.groups[0].shared["quorum"] = {9, {"quorum", "2"}};
  }));
  CHECK_FALSE(differs([](core::DurableState& s) { s.groups[0].name = "other"; }));
  // Removed, and monitored anew with another address.
  CHECK_FALSE(differs([](core::DurableState& s) { s.groups[0].primary = {"10.0.0.77", 6379}; }));
  CHECK_FALSE(differs([](core::DurableState& s) { s.groups.pop_back(); }));
  CHECK_FALSE(differs([](core::DurableState& s) { s.retired.clear(); }));
  CHECK_FALSE(differs([](core::DurableState& s) { s.retired_vote_floor = base::Epoch(); }));
}

TEST_CASE("journal: of an earlier state only votes and epochs count, of another sentinel nothing") {
  // A second process was started on the files, and has written the state anew; the first goes on.
  core::DurableState later = SampleState();
  ++later.journal;
  core::DurableState expected = later;
  expected.current_epoch = base::Epoch(9);
  expected.groups[0].vote = Moved().groups[0].vote;
  REQUIRE(ApplyJournal(JournalOf(SampleState(), Moved()), later).ok());
  CHECK(later == expected);
  core::DurableState other = SampleState();
  other.myid = Id('f');
  const core::DurableState same = other;
  REQUIRE(ApplyJournal(JournalOf(SampleState(), Moved()), other).ok());
  CHECK(other == same);
}

TEST_CASE("journal: no epoch falls, and an address changes only with a later one") {
  CHECK_FALSE(Difference(Moved(), SampleState()).has_value());  // it is another group of the name
  core::DurableState state = Moved();
  core::DurableState later = SampleState();
  later.groups[0].replicas.pop_back();
  REQUIRE(ApplyJournal(JournalOf(SampleState(), later), state).ok());
  CHECK(state == Moved());
  // The operator has written another address into the file: the journal's is that of before.
  core::DurableState edited = SampleState();
  edited.groups[0].primary = {"10.0.0.77", 6379};
  REQUIRE(ApplyJournal(JournalOf(SampleState(), later), edited).ok());
  CHECK(edited.groups[0].primary.host == "10.0.0.77");
}

TEST_CASE("journal: that of a later state, than a copy that was put back, counts whole") {
  core::DurableState from = SampleState();
  from.journal = 99;
  core::DurableState to = Moved();
  to.journal = 99;
  core::DurableState state = SampleState();
  REQUIRE(ApplyJournal(JournalOf(from, to), state).ok());
  CHECK(state == to);
}

TEST_CASE("journal: a torn end is dropped, damage before it is refused") {
  core::DurableState between = SampleState();
  between.groups[1].vote.epoch = base::Epoch(7);
  const std::string kept = JournalOf(SampleState(), between);
  core::DurableState moved = between;
  moved.groups[0] = Moved().groups[0];
  moved.current_epoch = base::Epoch(9);
  const std::string last = JournalLine(*Difference(between, moved));
  for (size_t size = 0; size < last.size(); ++size) {
    core::DurableState state = SampleState();
    REQUIRE(ApplyJournal(kept + last.substr(0, size), state).ok());
    CHECK(state == between);
  }
  core::DurableState state = SampleState();
  std::string garbled = last;
  garbled[20] ^= 1;
  CHECK(ApplyJournal(kept + garbled, state).ok());
  CHECK(state == between);
  state = SampleState();
  const base::Status status = ApplyJournal(kept + garbled + last, state);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message.starts_with("its journal is damaged in line 3"));
  for (size_t i = 0; i < kept.size() - 1; ++i) {
    std::string flipped = kept + last;
    flipped[i] ^= 1;
    state = SampleState();
    CHECK_FALSE(ApplyJournal(flipped, state).ok());
  }
  CHECK_FALSE(ApplyJournal("x", state).ok());
  CHECK(ApplyJournal("", state).ok());
}

TEST_CASE("journal: it is read at start behind the state, in both syntaxes") {
  Sources sources;
  const ProcessTable table = MakeDirectiveTable();
  Configuration configuration;
  configuration.durable = SampleState();
  configuration.durable.journal = 4;
  core::DurableState moved = Moved();
  core::DurableState from = SampleState();
  from.journal = moved.journal = 4;
  sources.journal = JournalOf(from, moved);
  SUBCASE("Redis'") {
    sources.startup.file = {"s.conf", RenderState("s.conf", "port 5000\n", table, configuration)};
  }
  SUBCASE("YAML") {
    sources.startup.file = {"s.yaml", "port: 5000\n"};
    sources.state = RenderState("s.yaml", "", table, configuration);
  }
  const base::Result<Configuration> loaded = LoadConfiguration(sources, table);
  REQUIRE_MESSAGE(loaded.ok(), (loaded.ok() ? "" : loaded.error().message));
  CHECK(loaded->durable.groups[0].vote == moved.groups[0].vote);
  CHECK(loaded->durable.groups[0].primary == moved.groups[0].primary);
  CHECK(loaded->durable.current_epoch == base::Epoch(9));
  sources.journal->insert(3, "x");
  const base::Result<Configuration> refused = LoadConfiguration(sources, table);
  REQUIRE_FALSE(refused.ok());
  CHECK(Contains(refused.error().message, "journal is damaged in line 1"));
}

}  // namespace
}  // namespace quorate::sentinel::config
