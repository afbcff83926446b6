#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture,
                  "transactions: queued commands run together and replicate as one") {
  CHECK(Run("MULTI") == "+OK\r\n");
  CHECK(Run("SET a 1") == "+QUEUED\r\n");
  CHECK(Run("INCR a") == "+QUEUED\r\n");
  CHECK(Run("GET a") == "+QUEUED\r\n");
  CHECK(TakeStream().empty());
  CHECK(Run("EXEC") == "*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n");
  CHECK(TakeStream() == Lines{"0 MULTI", "0 SET a 1", "0 INCR a", "EXEC"});
  CHECK(Run("EXEC") == "-ERR EXEC without MULTI\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "transactions: one effect needs no frame, none leaves no trace") {
  Run("MULTI");
  Run("SET a 1");
  Run("GET a");
  Run("EXEC");
  CHECK(TakeStream() == Lines{"0 SET a 1"});
  Run("MULTI");
  Run("GET a");
  Run("EXEC");
  CHECK(TakeStream().empty());
}

TEST_CASE_FIXTURE(CommandFixture, "transactions: a command refused while queueing aborts EXEC") {
  Run("MULTI");
  CHECK(Run("NOSUCH").starts_with("-ERR unknown command"));
  CHECK(Run("SET a 1") == "+QUEUED\r\n");
  CHECK(Run("EXEC") == "-EXECABORT Transaction discarded because of previous errors.\r\n");
  CHECK(Run("EXISTS a") == ":0\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "transactions: an error while running aborts nothing") {
  Run("SET a x");
  Run("MULTI");
  Run("INCR a");
  Run("SET b 1");
  CHECK(Run("EXEC") == "*2\r\n-ERR value is not an integer or out of range\r\n+OK\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "transactions: EXEC is refused as its commands would be") {
  Run("MULTI");
  Run("SET a 1");
  replication.replica = true;
  CHECK(Run("EXEC") ==
        "-EXECABORT Transaction discarded because of: READONLY You can't write against a read only "
        "replica.\r\n");
  replication.replica = false;
  CHECK(Run("EXEC") == "-ERR EXEC without MULTI\r\n");
  CHECK(Run("EXEC x") ==
        "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
        "command\r\n");
  Run("MULTI");
  Run("SET a 1");
  settings.maxmemory = 1;
  CHECK(Run("EXEC").starts_with("-EXECABORT Transaction discarded because of: OOM "));
}

TEST_CASE_FIXTURE(CommandFixture, "transactions: MULTI does not nest, WATCH comes before it") {
  Run("MULTI");
  CHECK(Run("MULTI") == "-ERR MULTI calls can not be nested\r\n");
  CHECK(Run("WATCH a") == "-ERR WATCH inside MULTI is not allowed\r\n");
  CHECK(Run("EXEC") == "*0\r\n");
  CHECK(Run("DISCARD") == "-ERR DISCARD without MULTI\r\n");
}

namespace {

// EXEC's reply of a session that watched `a`, after another session's `act`.
std::string ExecAfter(CommandFixture& fixture, std::string_view act) {
  fixture.Run("WATCH a");
  fixture.Run(fixture.NewSession(), act);
  fixture.Run("MULTI");
  fixture.Run("GET a");
  std::string reply = fixture.Run("EXEC");
  return reply == "*-1\r\n" ? "failed" : "ran";
}

}  // namespace

TEST_CASE_FIXTURE(CommandFixture, "watch: EXEC fails if a watched key was changed") {
  Run("SET a 1");
  CHECK(ExecAfter(*this, "GET a") == "ran");
  CHECK(ExecAfter(*this, "SET a 1") == "failed");
  CHECK(ExecAfter(*this, "SET b 1") == "ran");
  CHECK(ExecAfter(*this, "RENAME b a") == "failed");
  CHECK(ExecAfter(*this, "FLUSHALL") == "failed");
  CHECK(ExecAfter(*this, "FLUSHALL") == "ran");  // it was not there
  CHECK(ExecAfter(*this, "SWAPDB 0 1") == "ran");
  Run("SET a 1");
  CHECK(ExecAfter(*this, "SWAPDB 0 1") == "failed");
  CHECK(ExecAfter(*this, "SWAPDB 0 1") == "failed");
  CHECK(ExecAfter(*this, "SWAPDB 3 4") == "ran");
}

TEST_CASE_FIXTURE(CommandFixture, "watch: a key that expires meanwhile is changed, once") {
  engine.active_expire_enabled = false;
  Run("SET a 1 PX 10");
  Run("WATCH a");
  Advance(std::chrono::milliseconds(11));
  Run("MULTI");
  CHECK(Run("EXEC") == "*-1\r\n");
  // Now it is expired, but still there: its deletion changes nothing for who watches it.
  CHECK(ExecAfter(*this, "GET a") == "ran");
  CHECK(ExecAfter(*this, "SET a 1") == "failed");
}

TEST_CASE_FIXTURE(CommandFixture, "watch: UNWATCH and DISCARD forget") {
  Session& other = NewSession();
  Run("WATCH a");
  Run(other, "SET a 1");
  CHECK(Run("UNWATCH") == "+OK\r\n");
  Run("MULTI");
  CHECK(Run("EXEC") == "*0\r\n");
  Run("WATCH a");
  Run(other, "SET a 1");
  Run("MULTI");
  CHECK(Run("DISCARD") == "+OK\r\n");
  Run("MULTI");
  CHECK(Run("EXEC") == "*0\r\n");
}

}  // namespace quorate::testing
