#include <string>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using quorate::testing::CommandFixture;
using Saving = server::engine::ShutdownRequest::Saving;

TEST_CASE("save and bgsave ask for files and say what became of it") {
  CommandFixture f;
  CHECK(f.Run("SAVE") == "+OK\r\n");
  CHECK(f.Run("BGSAVE") == "+Background saving started\r\n");
  CHECK(f.Run("BGSAVE SCHEDULE") == "+Background saving started\r\n");
  CHECK(f.host.files.saves == 1);
  CHECK(f.host.files.background_saves == 2);
  CHECK(f.Run("BGSAVE later") == "-ERR syntax error\r\n");
  CHECK(f.Run("BGSAVE schedule schedule") == "-ERR syntax error\r\n");
  f.host.files.save_answer = base::Error{"ERR Background save already in progress"};
  CHECK(f.Run("SAVE") == "-ERR Background save already in progress\r\n");
  CHECK(f.Run("BGSAVE") == "-ERR Background save already in progress\r\n");
}

TEST_CASE("bgsave inside a transaction waits for its end; save is not allowed there") {
  CommandFixture f;
  f.Run("MULTI");
  CHECK(f.Run("SAVE") == "-ERR Command not allowed inside a transaction\r\n");
  f.Run("DISCARD");
  f.Run("MULTI");
  f.Run("BGSAVE");
  CHECK(f.Run("EXEC") == "*1\r\n+Background saving scheduled\r\n");
}

TEST_CASE("writes and ping are refused after a failed save, while there are save points") {
  CommandFixture f;
  f.engine.snapshots_fail = true;
  CHECK(f.Run("SET k v").starts_with("-MISCONF Redis is configured to save RDB snapshots"));
  CHECK(f.Run("PING").starts_with("-MISCONF "));
  CHECK(f.Run("GET k") == "$-1\r\n");
  f.settings.stop_writes_on_bgsave_error = false;
  CHECK(f.Run("SET k v") == "+OK\r\n");
  f.settings.stop_writes_on_bgsave_error = true;
  f.replication.replica = true;
  CHECK(f.Run("SET k v").starts_with("-MISCONF "));
  CHECK(f.Run("PING").starts_with("-MISCONF "));
  f.settings.replica_read_only = false;
  CHECK(f.Run("SET k v").starts_with("-MISCONF "));
  f.replication.replica = false;
  f.settings.save.points.clear();
  CHECK(f.Run("SET k v") == "+OK\r\n");
}

TEST_CASE("while loading, most commands answer so") {
  CommandFixture f;
  f.engine.loading = true;
  CHECK(f.Run("GET k") == "-LOADING Redis is loading the dataset in memory\r\n");
  CHECK(f.Run("PING") == "-LOADING Redis is loading the dataset in memory\r\n");
  CHECK(f.Run("SAVE") == "-LOADING Redis is loading the dataset in memory\r\n");
  CHECK(f.Run("LASTSAVE") == ":0\r\n");
}

TEST_CASE("flushall tells the files; expiry and eviction count as changes") {
  CommandFixture f;
  f.Run("SET k v PX 10");
  CHECK(f.engine.unsaved_changes == 1);
  f.Advance(std::chrono::milliseconds(20));
  f.Run("GET k");
  CHECK(f.engine.unsaved_changes == 2);
  f.Run("FLUSHALL");
  CHECK(f.host.files.flushes == 1);
  f.Run("FLUSHDB");
  CHECK(f.host.files.flushes == 1);
}

TEST_CASE("shutdown: save, nosave, or as the save points say") {
  CommandFixture f;
  f.Run("SHUTDOWN SAVE");
  f.Run("SHUTDOWN NOSAVE FORCE");
  f.Run("SHUTDOWN");
  REQUIRE(f.host.shutdowns.size() == 3);
  CHECK(f.host.shutdowns[0].saving == Saving::kYes);
  CHECK(f.host.shutdowns[1].saving == Saving::kNo);
  CHECK(f.host.shutdowns[1].force);
  CHECK(f.host.shutdowns[2].saving == Saving::kIfSavePoints);
  CHECK(f.Run("SHUTDOWN SAVE NOSAVE") == "-ERR syntax error\r\n");
}

TEST_CASE("info persistence: the fields of Redis 7.0.15 in its order, and true figures") {
  CommandFixture f;
  f.host.files.shown.saving = true;
  f.host.files.shown.saving_keys_done = 25;
  f.host.files.shown.saving_keys_total = 200;
  f.host.files.shown.last_save_bytes_peak = 4096;
  const std::string info = f.Run("INFO persistence");
  size_t at = 0;
  for (const char* name : {"loading",
                           "async_loading",
                           "current_cow_peak",
                           "current_cow_size",
                           "current_cow_size_age",
                           "current_fork_perc",
                           "current_save_keys_processed",
                           "current_save_keys_total",
                           "rdb_changes_since_last_save",
                           "rdb_bgsave_in_progress",
                           "rdb_last_save_time",
                           "rdb_last_bgsave_status",
                           "rdb_last_bgsave_time_sec",
                           "rdb_current_bgsave_time_sec",
                           "rdb_saves",
                           "rdb_last_cow_size",
                           "rdb_last_load_keys_expired",
                           "rdb_last_load_keys_loaded",
                           "aof_enabled",
                           "aof_rewrite_in_progress",
                           "aof_rewrite_scheduled",
                           "aof_last_rewrite_time_sec",
                           "aof_current_rewrite_time_sec",
                           "aof_last_bgrewrite_status",
                           "aof_rewrites",
                           "aof_rewrites_consecutive_failures",
                           "aof_last_write_status",
                           "aof_last_cow_size",
                           "module_fork_in_progress",
                           "module_fork_last_cow_size"}) {
    CAPTURE(name);
    at = info.find("\n" + std::string(name) + ":", at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(info.find("current_fork_perc:12.50\r\n") != std::string::npos);
  CHECK(info.find("rdb_last_cow_size:4096\r\n") != std::string::npos);
  f.engine.loading = true;
  f.host.files.shown.loading_rdb_used_memory = 777;
  CHECK(f.Run("INFO persistence").find("loading_rdb_used_mem:777\r\n") != std::string::npos);
}
