#include "server/persistence/saver.h"

#include "tests/unit/server/persistence/saver_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using testing::SavingHost;
using testing::SavingServer;

TEST_CASE("saver: two servers that save into one directory do not touch each other's files") {
  SavingHost h(1);
  SavingServer second(*h.process, 2);
  h.server->Fill(3000);
  second.Fill(10);
  CHECK(h.server->saver.SaveInBackground(false).ok());
  CHECK(second.saver.SaveInBackground(false).ok());
  CHECK(h.Temporaries().size() == 2);
  second.Settle();
  h.server->Settle();
  CHECK_FALSE(h.server->command.engine.snapshots_fail);
  CHECK_FALSE(second.command.engine.snapshots_fail);
  CHECK(h.Temporaries().empty());
  // SIGTERM to both: the last to rename wins, and its file is whole.
  CHECK(h.server->saver.SaveAtExit().ok());
  CHECK(second.saver.SaveAtExit().ok());
  const auto loaded = h.Restart(/*power_cut=*/true);
  REQUIRE(loaded.ok());
  CHECK(loaded->keys == 10);
}

TEST_CASE("saver: a save goes where it began, whatever the working directory is by then") {
  SavingHost h(2);
  h.disk().Put("/elsewhere/other", "x");
  h.server->Fill(3000);
  CHECK(h.server->saver.SaveInBackground(false).ok());
  h.process->ChangeDirectory("/elsewhere");
  h.server->Settle();
  CHECK_FALSE(h.server->command.engine.snapshots_fail);
  CHECK(h.disk().List() == std::vector<std::string>{"/elsewhere/other", "/server/dump.rdb"});
  CHECK(h.server->Run("SAVE") == "+OK\r\n");
  CHECK(h.disk().Exists("/elsewhere/dump.rdb"));
}

TEST_CASE("saver: the file that a flushall leaves goes on behind the flushall") {
  for (const bool in_transaction : {false, true}) {
    CAPTURE(in_transaction);
    SavingHost h(3);
    h.server->Run("SET a 1");
    if (in_transaction) h.server->Run("MULTI");
    h.server->Run("FLUSHALL");
    if (in_transaction) {
      h.server->Run("SET b 2");
      h.server->Run("EXEC");
    }
    const base::Offset offset = h.server->history.offset();
    CHECK(h.server->command.engine.unsaved_changes == 0);
    const auto loaded = h.Restart(/*power_cut=*/true);
    REQUIRE(loaded.ok());
    CHECK(loaded->keys == (in_transaction ? 1 : 0));
    CHECK(loaded->meta.replication_offset == offset);
  }
}

TEST_CASE("saver: a flushall ends the save in the making; without save points nothing is written") {
  SavingHost h(4);
  h.server->Fill(3000);
  CHECK(h.server->saver.SaveInBackground(false).ok());
  h.world.RunFor(100us);
  h.server->command.settings.save.points.clear();
  h.server->Run("FLUSHALL");
  CHECK_FALSE(h.server->saving());
  h.world.RunFor(10s);
  CHECK(h.disk().List().empty());
}

TEST_CASE("saver: a save that begins in the turn of a flushall comes after the flushall's file") {
  SavingHost h(5);
  h.server->Fill(3000);
  h.server->Align();
  h.server->command.Run("FLUSHALL");
  h.server->command.Run("SET b 2");
  h.server->command.Run("BGSAVE");
  h.server->saver.EndTurn();
  CHECK(h.server->saver.status().saves == 1);
  h.server->Run("SET c 3");
  h.server->Settle();
  CHECK(h.server->saver.status().saves == 2);
  CHECK(h.server->command.engine.unsaved_changes == 1);
  CHECK(h.Restart(/*power_cut=*/true)->keys == 1);
}

TEST_CASE("saver: a scheduled save that cannot begin is tried again after a pause") {
  SavingHost h(6);
  h.server->command.settings.save.points.clear();
  h.server->Run("SET a 1");
  CHECK(*h.server->saver.SaveInBackground(true) ==
        server::engine::PersistencePort::Background::kScheduled);
  h.disk().SetFull(true);
  h.server->Cron();
  CHECK(h.server->command.engine.snapshots_fail);
  h.disk().SetFull(false);
  h.world.RunFor(1s);
  h.server->Cron();
  CHECK_FALSE(h.server->saving());
  h.world.RunFor(server::persistence::Saver::kRetryPause);
  h.server->Cron();
  CHECK(h.server->saving());
  h.server->Settle();
  CHECK_FALSE(h.server->command.engine.snapshots_fail);
  h.world.RunFor(10s);
  h.server->Cron();
  CHECK_FALSE(h.server->saving());  // it was asked for once
}
