#include <string>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using quorate::testing::CommandFixture;
using replication::core::History;

namespace {

const std::string kA(40, 'a');
const std::string kB(40, 'b');
const std::string kC(40, 'c');

base::ReplicationId Id(const std::string& text) { return *base::ReplicationId::Parse(text); }

// The fixture's engine over a history with id `a` at offset 100.
struct HistoryFixture : CommandFixture {
  HistoryFixture() : history(Id(kA), 1 << 20) {
    history.Restore(Id(kA), base::Offset(100), {}, std::nullopt);
    replication.shown_history = &history;
    replication.bytes = 100;
  }
  void Apply(size_t bytes) {
    history.Append(std::string(bytes, 'x'));
    replication.bytes = history.offset().bytes();
    engine.ResolveOffsetWaits();
  }
  std::string Offset(const std::string& id, int64_t offset) {
    return "*2\r\n$40\r\n" + id + "\r\n:" + std::to_string(offset) + "\r\n";
  }
  std::string WaitOffset(const std::string& id, int64_t offset, int64_t ms = 0) {
    return Run("QUORATE WAITOFFSET " + id + " " + std::to_string(offset) + " " +
               std::to_string(ms));
  }

  History history;
};

}  // namespace

TEST_CASE("quorate offset: where the history stood after the connection's last command") {
  HistoryFixture f;
  CHECK(f.Run("QUORATE OFFSET") == f.Offset(kA, 100));  // has run nothing: the current one
  f.replication.bytes = 150;
  CHECK(f.Run("PING") == "+PONG\r\n");
  f.replication.bytes = 200;  // others wrote
  CHECK(f.Run("QUORATE OFFSET") == f.Offset(kA, 150));
}

TEST_CASE("quorate offset: a history that went on under another id still has it") {
  HistoryFixture f;
  f.Run("PING");
  f.history.Promote(Id(kB));
  CHECK(f.Run("QUORATE OFFSET") == f.Offset(kB, 100));
}

TEST_CASE("quorate offset: after a full resync it is said once that the writes may be lost") {
  HistoryFixture f;
  f.Run("PING");
  f.history.AdoptSnapshot(Id(kB), base::Offset(90));
  f.replication.bytes = 90;
  f.engine.OnKeyspaceReplaced();
  CHECK(f.Run("QUORATE OFFSET").starts_with("-NOHISTORY The data was replaced"));
  CHECK(f.Run("QUORATE OFFSET") == f.Offset(kB, 90));
}

TEST_CASE("quorate offset: not inside MULTI, whose writes are not in the history yet") {
  HistoryFixture f;
  f.Run("MULTI");
  CHECK(f.Run("QUORATE OFFSET") == "-ERR Command not allowed inside a transaction\r\n");
}

TEST_CASE("quorate waitoffset: what is applied is answered at once") {
  HistoryFixture f;
  CHECK(f.WaitOffset(kA, 100) == ":1\r\n");
  f.history.Promote(Id(kB));
  CHECK(f.WaitOffset(kA, 100) == ":1\r\n");
  CHECK(f.WaitOffset(kB, 100) == ":1\r\n");
}

TEST_CASE("quorate waitoffset: blocks until the offset is applied") {
  HistoryFixture f;
  f.replication.replica = true;
  CHECK(f.WaitOffset(kA, 150).empty());
  CHECK(f.engine.waiting_count() == 1);
  f.Apply(49);
  CHECK(f.TakeOutput(f.client()).empty());
  f.Apply(1);
  CHECK(f.TakeOutput(f.client()) == ":1\r\n");
  CHECK(f.engine.waiting_count() == 0);
}

TEST_CASE("quorate waitoffset: the deadline answers 0, and 0 ms is no deadline") {
  HistoryFixture f;
  CHECK(f.WaitOffset(kA, 150, 50).empty());
  CHECK(f.engine.NextDeadline() == f.engine.now() + 50ms);
  f.Advance(50ms);
  f.engine.Cron();
  CHECK(f.TakeOutput(f.client()) == ":0\r\n");

  CHECK(f.WaitOffset(kA, 150, 0).empty());
  CHECK(f.engine.NextDeadline() == base::Instant::max());
}

TEST_CASE("quorate waitoffset: inside MULTI it never blocks") {
  HistoryFixture f;
  f.Run("MULTI");
  f.WaitOffset(kA, 150);
  CHECK(f.Run("EXEC") == "*1\r\n:0\r\n");
}

TEST_CASE("quorate waitoffset: a history that cannot come is an error that tells the state") {
  HistoryFixture f;
  CHECK(f.WaitOffset(kC, 1) == "-NOHISTORY Offset 1 of history " + kC +
                                   " does not come here: this primary is at offset 100 of "
                                   "history " +
                                   kA + "\r\n");
  f.history.Promote(Id(kB));
  f.replication.replica = true;
  CHECK(f.WaitOffset(kA, 101) == "-NOHISTORY Offset 101 of history " + kA +
                                     " does not come here: this replica in sync is at offset "
                                     "100 of history " +
                                     kB + ", which shares history " + kA + " up to offset 100\r\n");
}

TEST_CASE("quorate waitoffset: a replica out of sync, or a node that loads, may get the history") {
  HistoryFixture f;
  f.replication.replica = true;
  f.replication.link_up = false;
  CHECK(f.WaitOffset(kC, 150).empty());
  f.engine.ResolveOffsetWaits();
  CHECK(f.TakeOutput(f.client()).empty());
  f.replication.link_up = true;
  f.history.AdoptSnapshot(Id(kC), base::Offset(150));
  f.engine.ResolveOffsetWaits();
  CHECK(f.TakeOutput(f.client()) == ":1\r\n");

  f.engine.loading = true;
  f.replication.replica = false;
  CHECK(f.WaitOffset(kB, 10).empty());
  f.engine.loading = false;
  f.engine.ResolveOffsetWaits();
  CHECK(f.TakeOutput(f.client()).starts_with("-NOHISTORY "));
}

TEST_CASE("quorate waitoffset: a change of role ends WAIT, not this") {
  HistoryFixture f;
  f.replication.replica = true;
  CHECK(f.WaitOffset(kA, 150).empty());
  f.engine.OnRoleChanged();
  CHECK(f.TakeOutput(f.client()).empty());
  f.Apply(50);
  CHECK(f.TakeOutput(f.client()) == ":1\r\n");

  // Promoted before it got there: the new history leaves the old one at 150.
  CHECK(f.WaitOffset(kA, 160).empty());
  f.replication.replica = false;
  f.history.Promote(Id(kB));
  f.engine.OnRoleChanged();
  f.Apply(20);
  CHECK(f.TakeOutput(f.client()).starts_with("-NOHISTORY Offset 160 "));
}

TEST_CASE("quorate waitoffset: CLIENT UNBLOCK ends it") {
  HistoryFixture f;
  auto& other = f.NewSession();
  const std::string id = std::to_string(f.client().id);
  CHECK(f.WaitOffset(kA, 150).empty());
  CHECK(f.Run(other, "CLIENT UNBLOCK " + id) == ":1\r\n");
  CHECK(f.TakeOutput(f.client()) == ":0\r\n");
  CHECK(f.WaitOffset(kA, 150).empty());
  CHECK(f.Run(other, "CLIENT UNBLOCK " + id + " ERROR") == ":1\r\n");
  CHECK(f.TakeOutput(f.client()).starts_with("-UNBLOCKED "));
}

TEST_CASE("quorate waitoffset: bad arguments") {
  HistoryFixture f;
  CHECK(f.WaitOffset("short", 1) == "-ERR Invalid replication ID\r\n");
  CHECK(f.WaitOffset(kA, -1) == "-ERR offset is out of range\r\n");
  CHECK(f.WaitOffset(kA, 1, -1) == "-ERR timeout is negative\r\n");
  CHECK(f.Run("QUORATE WAITOFFSET " + kA + " x 0") ==
        "-ERR value is not an integer or out of range\r\n");
  CHECK(f.Run("QUORATE WAITOFFSET " + kA + " 1 x") ==
        "-ERR timeout is not an integer or out of range\r\n");
  CHECK(f.Run("QUORATE NOSUCH") == "-ERR unknown subcommand 'NOSUCH'. Try QUORATE HELP.\r\n");
}
