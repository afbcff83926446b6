// A server's engine, snapshots and saver on a simulated host: virtual time and a disk that can
// fail.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/persistence/dataset.h"
#include "server/persistence/loader.h"
#include "server/persistence/saver.h"
#include "server/persistence/snapshots.h"
#include "shared/log/logger.h"
#include "tests/simulation/world/world.h"
#include "tests/support/command_fixture.h"

namespace quorate::testing {

// One server; several may share a process of the world, and thereby a working directory.
struct SavingServer {
  SavingServer(simulation::Process& the_process, uint64_t seed)
      : process(the_process), random(seed) {
    command.host.persistence_port = &saver;
    command.host.retain = [this](auto& contents) { snapshots.Retain(contents); };
    command.replication.shown_history = command.replication.live_history = &history;
    command.settings.save.points = {{.seconds = 3600, .changes = 1}};
    history.EnsureBacklog();
    Align();
    command.engine.last_save_seconds = command.wall.ms / 1000;
  }
  ~SavingServer() { command.host.persistence_port = &command.host.files; }
  SavingServer(const SavingServer&) = delete;
  SavingServer& operator=(const SavingServer&) = delete;

  // The engine's clocks are set by the process'.
  void Align() {
    command.host.now = process.io().Now();
    command.wall = process.io().WallNow();
    command.engine.BeginTurn(command.host.now, command.wall);
  }
  // One request, in a turn of its own.
  std::string Run(std::string_view line) {
    Align();
    std::string reply = command.Run(line);
    saver.EndTurn();
    return reply;
  }
  void Fill(int keys) {
    const std::string value(200, 'v');
    for (int i = 0; i < keys; ++i) command.RunArgs({"SET", "key" + std::to_string(i), value});
  }
  void Cron() {
    Align();
    saver.Cron();
  }
  bool saving() const { return saver.status().saving; }
  // Until no save is in the making.
  void Settle() {
    process.host().world().RunUntil([this] { return !saving(); }, std::chrono::seconds(60));
  }

  simulation::Process& process;
  base::Random random;
  log::Logger logger{
      log::CapturingSink([this](log::Level, std::string_view line) { log.emplace_back(line); }),
      log::Level::kNotice, 'M'};
  std::vector<std::string> log;
  replication::core::History history{base::ReplicationId::Generate(random), 1 << 20};
  CommandFixture command{base::RunId::Generate(random)};
  server::persistence::Snapshots snapshots{process.io(), command.engine};
  server::persistence::Dataset dataset{command.engine, snapshots};
  server::persistence::Saver saver{process.io(), command.engine, snapshots, logger};
};

// A host with one server on it.
struct SavingHost {
  explicit SavingHost(uint64_t seed)
      : world(seed), host(world.AddHost("10.0.0.1")), process(&host.StartProcess("server")) {
    server.emplace(*process, seed);
  }

  simulation::Disk& disk() { return host.disk(); }
  std::vector<std::string> Temporaries() {
    std::vector<std::string> names = disk().List();
    std::erase_if(names,
                  [](const std::string& name) { return name.find("/temp-") == std::string::npos; });
    return names;
  }
  // That of the server's `number`th save.
  std::string TemporaryOf(int number) {
    return "/server/temp-" + server->command.engine.run_id().ToString() + "-" +
           std::to_string(number) + ".rdb";
  }
  // The server is killed, or loses its power, and a new process reads what it left. Returns how
  // that ended.
  base::Result<server::persistence::Loader::Loaded> Restart(bool power_cut) {
    if (power_cut) {
      host.PowerOff();
      host.PowerOn();
    } else {
      process->Kill();
    }
    server.reset();
    process = &host.StartProcess("server");
    server.emplace(*process, 99);
    return Load();
  }
  base::Result<server::persistence::Loader::Loaded> Load(
      std::optional<base::WallTime> drop_expired = std::nullopt) {
    std::optional<base::Result<server::persistence::Loader::Loaded>> outcome;
    server::persistence::Loader loader(process->io(), server->dataset, drop_expired,
                                       [&](auto loaded) { outcome.emplace(std::move(loaded)); });
    if (base::Status opened = loader.Start("dump.rdb"); !opened) return opened.error();
    world.RunUntil([&] { return outcome.has_value(); }, std::chrono::seconds(60));
    return *outcome;
  }

  simulation::World world;
  simulation::Host& host;
  simulation::Process* process;
  std::optional<SavingServer> server;
};

}  // namespace quorate::testing
