// What the engine does by itself, seen through commands: active expiry and eviction.
#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "cron: what expired is deleted unasked, each for itself") {
  Run("SET a 1 PX 10");
  Run("SET b 1 PX 10");
  Run("SET c 1 PX 1000");
  Advance(std::chrono::milliseconds(11));
  TakeStream();
  RecordEvents();
  engine.Cron();
  CHECK(Run("DBSIZE") == ":1\r\n");
  CHECK(TakeStream().size() == 2);
  CHECK(TakeEvents().size() == 2);
  CHECK(engine.stats().expired_keys == 2);
}

TEST_CASE_FIXTURE(CommandFixture, "cron: a replica expires nothing by itself") {
  Run("SET a 1 PX 10");
  Advance(std::chrono::milliseconds(11));
  replication.replica = true;
  engine.Cron();
  CHECK(Run("DBSIZE") == ":1\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "cron: a lowered maxmemory evicts unasked") {
  Run("SET a 1");
  TakeStream();
  RecordEvents();
  settings.maxmemory = host.memory_used - 1;
  engine.Cron();
  CHECK(Run("DBSIZE") == ":1\r\n");
  CHECK(Run("SET b 1") == "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  settings.maxmemory_policy = server::config::EvictionPolicy::kAllKeysLru;
  engine.Cron();
  CHECK(Run("DBSIZE") == ":0\r\n");
  CHECK(TakeStream() == Lines{"0 DEL a"});
  CHECK(TakeEvents() == Lines{"0 evicted a"});
}

}  // namespace quorate::testing
