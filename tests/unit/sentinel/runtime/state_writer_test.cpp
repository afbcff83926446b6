#include "sentinel/runtime/state_writer.h"

#include "tests/unit/sentinel/runtime/fake_io.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::runtime {
namespace {

struct Fixture {
  FakeIo io;
  log::Logger logger;
  std::string newest = "one";
  bool renders = true;
  std::vector<std::pair<uint64_t, bool>> persisted;
  StateWriter writer{io, logger, "the/state",
                     [this]() -> base::Result<std::string> {
                       if (!renders) return base::Error{"cannot be read"};
                       return newest;
                     },
                     [this](core::Persisted p) { persisted.emplace_back(p.version, p.ok); }};
};

using Outcomes = std::vector<std::pair<uint64_t, bool>>;

TEST_CASE("state writer: the wishes of one turn are one write, private to its owner") {
  Fixture f;
  f.writer.Want(1);
  f.writer.Want(2);
  CHECK(f.io.writes.empty());
  f.writer.EndTurn();
  REQUIRE(f.io.writes.size() == 1);
  CHECK(f.io.writes[0].path == "the/state");
  CHECK(f.io.writes[0].bytes == "one");
  CHECK(f.io.writes[0].mode == 0600);
  CHECK(f.persisted.empty());
  f.io.writes[0].done({});
  CHECK(f.persisted == Outcomes{{2, true}});
  f.writer.EndTurn();
  CHECK(f.io.writes.size() == 1);
}

TEST_CASE("state writer: what is wanted during a write is written after it, the newest only") {
  Fixture f;
  f.writer.Want(1);
  f.writer.EndTurn();
  f.newest = "two";
  f.writer.Want(2);
  f.writer.EndTurn();
  f.newest = "three";
  f.writer.Want(3);
  f.writer.EndTurn();
  CHECK(f.io.writes.size() == 1);
  f.io.writes[0].done({});
  CHECK(f.persisted == Outcomes{{1, true}});
  f.writer.EndTurn();
  REQUIRE(f.io.writes.size() == 2);
  CHECK(f.io.writes[1].bytes == "three");
  f.io.writes[1].done({});
  CHECK(f.persisted == Outcomes{{1, true}, {3, true}});
}

TEST_CASE("state writer: failures are told, of the disk and of the text") {
  Fixture f;
  f.writer.Want(1);
  f.writer.EndTurn();
  f.io.writes[0].done(base::Error{"disk full"});
  CHECK(f.persisted == Outcomes{{1, false}});
  f.renders = false;
  f.writer.Want(2);
  f.writer.EndTurn();
  CHECK(f.persisted.size() == 1);  // never from inside the turn
  f.io.Advance({});
  CHECK(f.persisted == Outcomes{{1, false}, {2, false}});
}

}  // namespace
}  // namespace quorate::sentinel::runtime
