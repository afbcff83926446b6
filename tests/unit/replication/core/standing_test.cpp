#include "replication/core/standing.h"

#include <string>

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

ReplicationId Id(char digit) { return *ReplicationId::Parse(std::string(40, digit)); }

// 'a' up to 100, 'b' from there to 300.
History Sample() {
  History history(Id('a'), 1 << 20);
  history.Restore(Id('a'), Offset(100), {}, std::nullopt);
  history.Promote(Id('b'));
  history.Append(std::string(200, 'x'));
  return history;
}

}  // namespace

TEST_CASE("standing: of our own history what is applied is reached, the rest is ahead") {
  const History history = Sample();
  CHECK(StandingOf({Id('b'), Offset(0)}, history) == Standing::kReached);
  CHECK(StandingOf({Id('b'), Offset(300)}, history) == Standing::kReached);
  CHECK(StandingOf({Id('b'), Offset(301)}, history) == Standing::kAhead);
}

TEST_CASE("standing: of the history before, only what came before we left it") {
  const History history = Sample();
  CHECK(StandingOf({Id('a'), Offset(100)}, history) == Standing::kReached);
  CHECK(StandingOf({Id('a'), Offset(101)}, history) == Standing::kElsewhere);
}

TEST_CASE("standing: any other history is elsewhere, and so is an id that is not set") {
  const History history = Sample();
  CHECK(StandingOf({Id('c'), Offset(1)}, history) == Standing::kElsewhere);
  History alone(Id('a'), 1 << 20);
  CHECK(StandingOf({ReplicationId(), Offset(0)}, alone) == Standing::kElsewhere);
}
