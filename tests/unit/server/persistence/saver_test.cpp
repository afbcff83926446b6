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
