#include "server/persistence/dataset.h"

#include "tests/unit/server/persistence/saver_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using testing::SavingHost;

namespace {

void Receive(server::persistence::Dataset& dataset, int keys) {
  auto staging = dataset.BeginStaging(false);
  for (int i = 0; i < keys; ++i) {
    const std::string key = std::to_string(i);
    replication::snapshot::StringRecord record{};
    record.key = key;
    record.value = "v";
    CHECK(staging->OnString(record).ok());
  }
  dataset.CommitStaging(std::move(staging));
}

}  // namespace

TEST_CASE("dataset: what a primary has sent is unsaved, even if it is nothing") {
  SavingHost h(1);
  int64_t& unsaved = h.server->command.engine.unsaved_changes;
  Receive(h.server->dataset, 3);
  CHECK(h.server->Run("DBSIZE") == ":3\r\n");
  CHECK(unsaved == 3);
  Receive(h.server->dataset, 0);
  CHECK(unsaved == 4);
}

TEST_CASE("dataset: what clients see while a snapshot arrives is repl-diskless-load's choice") {
  using Arrival = server::config::SnapshotArrival;
  struct Row {
    Arrival arrival;
    bool has_data, same_history;
    bool loading, async_loading;
  };
  const Row rows[] = {
      {Arrival::kOldData, false, false, false, false},
      {Arrival::kOldData, true, false, false, false},
      {Arrival::kOldDataIfAny, false, false, true, false},
      {Arrival::kOldDataIfAny, true, false, false, false},
      {Arrival::kOldDataIfOfTheSameHistory, true, false, true, false},
      {Arrival::kOldDataIfOfTheSameHistory, true, true, false, true},
      {Arrival::kOldDataIfOfTheSameHistory, false, true, false, true},
  };
  for (const Row& row : rows) {
    SavingHost h(4);
    auto& command = h.server->command;
    command.settings.repl_diskless_load = row.arrival;
    if (row.has_data) h.server->Fill(1);
    auto staging = h.server->dataset.BeginStaging(row.same_history);
    CHECK(command.engine.loading == row.loading);
    CHECK(command.engine.async_loading == row.async_loading);
    CHECK(command.Run("EXISTS k").starts_with("-LOADING") == row.loading);
    CHECK(command.Run("REPLICAOF h 1").starts_with("-LOADING") ==
          (row.loading || row.async_loading));
    staging.reset();  // the link broke
    CHECK_FALSE(command.engine.loading);
    CHECK_FALSE(command.engine.async_loading);
    CHECK(h.server->Run("DBSIZE") == (row.has_data ? ":1\r\n" : ":0\r\n"));
    Receive(h.server->dataset, 3);
    CHECK_FALSE(command.engine.loading);
    CHECK_FALSE(command.engine.async_loading);
    CHECK(h.server->Run("DBSIZE") == ":3\r\n");
  }
}

TEST_CASE("dataset: what is read from a file, or reloaded in place, is no change") {
  SavingHost h(2);
  h.server->Fill(5);
  CHECK(h.server->Run("SAVE") == "+OK\r\n");
  CHECK(h.server->dataset.Reload().ok());
  CHECK(h.server->command.engine.unsaved_changes == 0);
  CHECK(h.Restart(/*power_cut=*/false)->keys == 5);
  CHECK(h.server->command.engine.unsaved_changes == 0);
}

TEST_CASE("dataset: a string that no client may send any more is still read") {
  SavingHost h(3);
  h.server->command.RunArgs({"SET", "long", std::string(3 << 20, 'x')});
  CHECK(h.server->Run("SAVE") == "+OK\r\n");
  h.server->command.settings.proto_max_bulk_len = 1 << 20;
  CHECK(h.server->dataset.Reload().ok());
  const auto loaded = h.Load();
  REQUIRE(loaded.ok());
  CHECK(h.server->Run("STRLEN long") == ":3145728\r\n");
}

TEST_CASE("dataset: what was staged in vain is not freed by the loop thread") {
  SavingHost h(4);
  auto staging = h.server->dataset.BeginStaging(false);
  replication::snapshot::StringRecord record{};
  record.key = "key";
  record.value = "v";
  CHECK(staging->OnString(record).ok());
  h.server->dataset.DiscardStaging(std::move(staging));
  CHECK(h.server->command.host.to_free.size() == 1);
  CHECK(h.server->Run("DBSIZE") == ":0\r\n");
}

TEST_CASE("dataset: while replicas are sent a snapshot, its progress is shown") {
  SavingHost h(5);
  h.server->Fill(20000);
  const auto producer = h.server->dataset.BeginSnapshot({}, [] {});
  REQUIRE(h.world.RunUntil([&] { return h.server->saver.status().saving_keys_done > 0; },
                           std::chrono::seconds(1)));
  const server::engine::PersistenceStatus status = h.server->saver.status();
  CHECK(status.saving);
  CHECK(status.saving_keys_total == 20000);
  CHECK(status.saving_keys_done < 20000);
  CHECK(status.saving_bytes_peak > 0);
  CHECK(status.current_background_seconds == 0);
}
