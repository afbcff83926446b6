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

TEST_CASE_FIXTURE(CommandFixture,
                  "cron: active expiry ends when its budget is spent, and goes on the next time") {
  for (int i = 0; i < 5000; ++i) Run("SET key:" + std::to_string(i) + " v PX 10");
  Advance(std::chrono::milliseconds(11));
  host.work_takes = std::chrono::seconds(1);
  engine.Cron();
  const size_t left = databases[0].size();
  CHECK(left > 0);
  CHECK(left < 5000);
  CHECK(engine.stats().expired_time_cap_reached == 1);
  host.work_takes = {};
  engine.Cron();
  CHECK(databases[0].size() == 0);
  CHECK(engine.stats().expired_time_cap_reached == 1);
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

TEST_CASE_FIXTURE(CommandFixture,
                  "eviction: a figure that does not move evicts no more than was asked") {
  for (int i = 0; i < 100; ++i) Run("SET key:" + std::to_string(i) + " value");
  settings.maxmemory_policy = server::config::EvictionPolicy::kAllKeysRandom;
  settings.maxmemory = host.memory_used - 100;  // a few keys' worth
  CHECK(Run("SET more 1") == "+OK\r\n");
  const size_t left = databases[0].size();
  CHECK(left > 80);
  CHECK(left < 101);
  for (int i = 0; i < 50; ++i) CHECK(Run("SET again 1") == "+OK\r\n");
  CHECK(databases[0].size() >= left);
  host.memory_used += 50;  // a new figure: what was evicted is in it
  CHECK(Run("SET again 2") == "+OK\r\n");
  CHECK(databases[0].size() < left + 1);
}

}  // namespace quorate::testing
