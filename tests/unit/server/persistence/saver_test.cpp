#include "server/persistence/saver.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/server/persistence/saver_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using testing::SavingHost;
using testing::SavingServer;

namespace {

constexpr int kOldKeys = 10;
constexpr int kNewKeys = 2000;
constexpr int kMoments = 60;

// A file with the old keys is in place; a background save of the new ones has gone on for `moment`
// of kMoments parts of the time that it takes.
struct MidSave : SavingHost {
  explicit MidSave(int moment) : SavingHost(8) {
    server->Fill(kOldKeys);
    CHECK(server->Run("SAVE") == "+OK\r\n");
    server->Fill(kNewKeys);
    CHECK(server->Run("BGSAVE") == "+Background saving started\r\n");
    if (moment > 0) world.RunFor(Takes() * moment / kMoments);
  }
  static base::Duration Takes() {
    static const base::Duration taken = [] {
      MidSave whole(0);
      const base::Instant begin = whole.world.Now();
      whole.server->Settle();
      return whole.world.Now() - begin;
    }();
    return taken;
  }
  bool Published() { return disk().Peek("/server/dump.rdb")->size() > 10000; }
};

}  // namespace

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

TEST_CASE("saver: a power cut at any moment of a save leaves a whole file, the old or the new") {
  std::set<uint64_t> seen;
  for (int moment = 0; moment <= kMoments; ++moment) {
    CAPTURE(moment);
    MidSave h(moment);
    const bool done = !h.server->saving();
    const auto loaded = h.Restart(/*power_cut=*/true);
    REQUIRE(loaded.ok());
    CHECK((loaded->keys == kOldKeys || loaded->keys == kNewKeys));
    if (done) CHECK(loaded->keys == kNewKeys);
    seen.insert(loaded->keys);
  }
  CHECK(seen.size() == 2);
}

TEST_CASE("saver: of a save that a flushall ended nothing is published afterwards") {
  std::set<std::pair<bool, bool>> seen;  // was it in the making, was it in place already
  for (int moment = 0; moment <= kMoments; ++moment) {
    CAPTURE(moment);
    MidSave h(moment);
    h.server->command.settings.save.points.clear();
    const bool saving = h.server->saving();
    const bool published = h.Published();
    seen.insert({saving, published});
    h.server->Run("FLUSHALL");
    CHECK_FALSE(h.server->saving());
    h.world.RunFor(1s);
    CHECK(h.Published() == published);
    CHECK(h.Temporaries().empty());
  }
  CHECK(seen.contains({true, false}));
  CHECK(seen.contains({false, true}));
}

TEST_CASE("saver: what the last steps of a given up save say is not taken for the next one's") {
  for (int moment = 0; moment <= kMoments; ++moment) {
    CAPTURE(moment);
    MidSave h(moment);
    h.server->command.settings.save.points.clear();
    h.server->Run("FLUSHALL");
    h.server->Fill(7);
    const uint64_t saves = h.server->saver.status().saves;
    CHECK(h.server->Run("BGSAVE") == "+Background saving started\r\n");
    CHECK(h.server->saving());
    h.server->Settle();
    CHECK(h.server->saver.status().saves == saves + 1);
    CHECK(h.server->command.engine.unsaved_changes == 0);
    CHECK(h.Restart(/*power_cut=*/true)->keys == 7);
  }
}

TEST_CASE("saver: an exit during a background save writes what is there now") {
  for (int moment = 0; moment <= kMoments; moment += 5) {
    MidSave h(moment);
    h.server->Run("SET last 1");
    CHECK(h.server->saver.SaveAtExit().ok());
    CHECK(h.server->command.engine.unsaved_changes == 0);
    CHECK(h.Restart(/*power_cut=*/true)->keys == kNewKeys + 1);
  }
}

TEST_CASE("saver: destroyed during a save it says nothing and leaves the file as it is") {
  for (int moment = 0; moment < kMoments; moment += 5) {
    MidSave h(moment);
    const bool published = h.Published();
    h.server.reset();
    h.world.RunFor(1s);
    CHECK(h.Published() == published);
  }
}

TEST_CASE("saver: changes made during a save stay unsaved") {
  SavingHost h(9);
  h.server->Fill(3000);
  CHECK(h.server->command.engine.unsaved_changes == 3000);
  h.server->Run("BGSAVE");
  h.world.RunFor(100us);
  h.server->Run("MSET a 1 b 2");
  h.server->Run("DEL key7");
  CHECK(h.server->command.engine.unsaved_changes == 3003);
  h.server->Settle();
  CHECK(h.server->command.engine.unsaved_changes == 3);
  CHECK(h.Restart(/*power_cut=*/false)->keys == 3000);
}

TEST_CASE("saver: a failed save keeps the old file, counts nothing as saved, and is tried again") {
  SavingHost h(10);
  h.server->Fill(kOldKeys);
  CHECK(h.server->Run("SAVE") == "+OK\r\n");
  h.server->Fill(3000);
  h.server->Run("BGSAVE");
  SUBCASE("no room for the bytes") { h.disk().SetFull(true); }
  SUBCASE("a failed write") { h.disk().FailNextWrites(1); }
  SUBCASE("a failed sync") { h.disk().FailNextSyncs(1); }
  SUBCASE("a failed rename") {
    CHECK(h.disk().Remove("/server/dump.rdb").ok());
    CHECK(h.disk().MakeDirectory("/server/dump.rdb").ok());
  }
  SUBCASE("the temporary file was taken away") {
    CHECK(h.disk().Remove(h.Temporaries().at(0)).ok());
  }
  const bool old_is_there = h.disk().Peek("/server/dump.rdb").has_value();
  h.server->Settle();
  CHECK(h.server->command.engine.snapshots_fail);
  CHECK(h.server->command.engine.unsaved_changes == 3000);
  CHECK(h.server->log.back().starts_with("Background saving error: /server/"));
  CHECK(h.server->Run("SET k v").starts_with("-MISCONF "));
  CHECK(h.server->Run("INFO persistence").find("rdb_last_bgsave_status:err\r\n") !=
        std::string::npos);
  CHECK(h.Temporaries().empty());
  if (!old_is_there) return;
  CHECK(h.Load()->keys == kOldKeys);

  h.disk().SetFull(false);
  h.server->command.settings.stop_writes_on_bgsave_error = false;
  h.server->Fill(3000);
  h.server->command.engine.unsaved_changes = 3000;
  h.server->command.engine.last_save_seconds -= 3601;
  h.server->Cron();
  CHECK_FALSE(h.server->saving());
  h.world.RunFor(server::persistence::Saver::kRetryPause + 1s);
  h.server->Cron();
  CHECK(h.server->saving());
  h.server->Settle();
  CHECK_FALSE(h.server->command.engine.snapshots_fail);
  CHECK(h.server->command.engine.unsaved_changes == 0);
  CHECK(h.Restart(/*power_cut=*/true)->keys == 3000);
}

TEST_CASE("saver: SAVE and the exit say that they failed, and the old file stays") {
  SavingHost h(11);
  h.server->Run("SET a 1");
  CHECK(h.server->Run("SAVE") == "+OK\r\n");
  h.server->Run("SET b 1");
  h.disk().FailNextSyncs(1);
  CHECK(h.server->Run("SAVE") == "-ERR\r\n");
  CHECK(h.server->log.back() ==
        "Write error saving DB on disk: " + h.TemporaryOf(2) + ": Input/output error");
  h.disk().FailNextWrites(1);
  CHECK_FALSE(h.server->saver.SaveAtExit().ok());
  CHECK(h.server->command.engine.unsaved_changes == 1);
  CHECK(h.Temporaries().empty());
  CHECK(h.Restart(/*power_cut=*/true)->keys == 1);
}

TEST_CASE("saver: save points ask for so many changes and so many seconds") {
  SavingHost h(12);
  h.server->command.settings.save.points = {{.seconds = 60, .changes = 2}};
  h.server->Run("SET a 1");
  h.world.RunFor(100s);
  h.server->Cron();
  CHECK_FALSE(h.server->saving());
  h.server->Run("SET b 1");
  h.server->Cron();
  CHECK(h.server->saving());
  h.server->Settle();
  h.server->Run("MSET a 2 b 2");
  h.world.RunFor(59s);
  h.server->Cron();
  CHECK_FALSE(h.server->saving());
  h.world.RunFor(3s);
  h.server->Cron();
  CHECK(h.server->saving());
}

TEST_CASE("saver: the on-disk backlog gets the file that it needs, but not all of the time") {
  SavingHost h(13);
  h.server->command.settings.save.points.clear();
  std::optional<replication::core::SnapshotFile> shown;
  bool wanted = true;
  h.server->command.replication.disk_wants_snapshot = [&](const auto& file) {
    shown = file;
    return wanted;
  };
  h.server->Fill(kNewKeys);
  h.server->Cron();
  REQUIRE(shown);
  CHECK_FALSE(shown->exists);
  CHECK(h.server->saving());
  h.server->history.Append("of after the cut");
  const base::Instant begun = h.world.Now();
  h.server->Settle();
  const base::Duration took = h.world.Now() - begun;
  // Not at once again, whatever is wanted.
  shown.reset();
  h.world.RunFor(8 * took);
  h.server->Cron();
  CHECK_FALSE(shown);
  h.world.RunFor(2 * took);
  h.server->Cron();
  REQUIRE(shown);
  CHECK(shown->position->id == h.server->history.id());
  CHECK(h.server->saving());
  SUBCASE("the file is known") {
    wanted = false;
    h.server->Settle();
    h.world.RunFor(10 * took);
    h.server->Cron();
    CHECK(shown->position->offset == h.server->history.offset());
    CHECK_FALSE(h.server->saving());
  }
  SUBCASE("where it is moved to it is wanted at once") {
    h.server->Settle();
    h.server->saver.OnFileMoved();
    h.server->Cron();
    CHECK(shown->exists);
    CHECK_FALSE(shown->position);
    CHECK(h.server->saving());
  }
  SUBCASE("of a file that goes elsewhere") {
    h.server->saver.OnFileMoved();
    h.server->Settle();
    h.server->Cron();
    CHECK_FALSE(shown->position);
    CHECK(h.server->saving());
  }
}
