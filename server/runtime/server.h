// One running server: listeners, connections, the loop turn, periodic work and shutdown around the
// engine. Everything reaches the outside through the injected Io, so the simulator runs this very
// class.
//
// A loop turn: callbacks feed the engine; at its end replication writes its replicas, every ready
// session is flushed once, and what closed is destroyed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replication/runtime/replication.h"
#include "server/config/settings.h"
#include "server/config/table.h"
#include "server/engine/engine.h"
#include "server/engine/host.h"
#include "server/persistence/dataset.h"
#include "server/persistence/loader.h"
#include "server/persistence/rollback_records.h"
#include "server/persistence/saver.h"
#include "server/persistence/snapshots.h"
#include "server/runtime/process_probe.h"
#include "server/runtime/replication_bridge.h"
#include "server/store/databases.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"
#include "shared/serve/connection.h"
#include "shared/serve/listeners.h"

namespace quorate::server::runtime {

class Server final : public engine::Host, private serve::ConnectionOwner {
 public:
  struct Options {
    config::ServerSettings settings;
    std::string config_path;  // empty: none; CONFIG REWRITE needs one
  };

  // `on_exit` is called once, when the server has shut down (code 0) or cannot go on (code 1);
  // destroy it afterwards.
  Server(io::Io& io, Options options, log::Logger& logger, ProcessProbe& probe,
         std::function<void(int exit_code)> on_exit);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens the listeners, loads the snapshot file if there is one, and then, if so configured,
  // follows the primary. Error: what could not be opened. A file that cannot be loaded ends the
  // process with exit code 1.
  base::Status Start();
  // SIGTERM: as SHUTDOWN.
  void RequestShutdown();

  // The bound TCP port; 0 if none.
  uint16_t port() const;
  const engine::Engine& engine() const { return *engine_; }
  engine::Engine& engine() { return *engine_; }
  const replication::runtime::Replication& replication() const { return *replication_; }

 private:
  // ---- engine::Host
  base::Instant Now() override { return io_.Now(); }
  std::function<bool()> StartBudget(base::Duration budget) override {
    return [this, end = io_.Now() + budget] { return io_.Now() >= end; };
  }
  void CloseSoon(engine::Session& session) override { engine_->MarkReady(session); }
  void ResumeSoon(engine::Session& session) override;
  base::Status Shutdown(engine::Session* requester,
                        const engine::ShutdownRequest& request) override;
  base::Status RewriteConfig() override;
  void SaveWord(const engine::Fencing::Word& word) override;
  const config::ServerTable& directives() const override { return directives_; }
  std::optional<quorate::config::ApplyFailure> ApplySettings(
      const config::ServerSettings& before, config::ServerSettings& after,
      const std::vector<std::string>& changed) override;
  void ResetStatistics() override {}
  void FreeLater(std::function<void()> work) override;
  void RetainForSnapshot(std::vector<store::Keyspace::Content>& contents) override {
    snapshots_->Retain(contents);
  }
  engine::PersistencePort& persistence() override { return *saver_; }
  engine::RollbackPort* rollbacks() override { return rollbacks_.get(); }
  base::Status ReloadData() override { return dataset_->Reload(); }
  size_t SerializedBytes(std::string_view value) const override {
    return persistence::SerializedBytes(value);
  }
  void ReturnFreeMemory() override { probe_.ReturnFreeMemory(); }
  std::string AllocatorReport() override { return probe_.AllocatorReport(); }
  void Sleep(base::Duration duration) override { probe_.Sleep(duration.count()); }
  uint64_t MemoryUsedBytes() override { return probe_.UsedBytes(); }
  void RefreshMemory() override { probe_.Refresh(); }
  uint64_t MemoryNotForEviction() override {
    return snapshots_->HeldBytes() + replication_->SlowReplicaBytes();
  }
  uint64_t ResidentBytes() override { return probe_.ResidentBytes(); }
  ProcessInfo Process() override;

  // ---- serve::ConnectionOwner
  void OnConnectionBytes(serve::Connection& connection, std::string_view bytes) override;
  void OnConnectionWritable(serve::Connection& connection) override;
  void OnConnectionClosed(serve::Connection& connection) override;

  static engine::Session& SessionOf(serve::Connection& connection) {
    return static_cast<engine::Session&>(connection.client());
  }
  base::Result<serve::Listeners> OpenTcpListeners(const config::ServerSettings& settings);
  base::Result<serve::Listeners> OpenUnixListener(const config::ServerSettings& settings);
  base::Result<serve::Listeners> Listen(const serve::ListenSpec& spec);
  void Accept(std::unique_ptr<io::Stream> stream);
  void BeginTurn();
  void EndTurn();
  void FlushSession(engine::Session& session);
  // The session has written, and we may not be the primary any more: in the middle of the turn we
  // were held up for longer than the lease, or told so. What it wrote may be discarded; it is not
  // to hear that it was done.
  bool AnswerIsTooLate(const engine::Session& session) const;
  void Discard(serve::Connection& connection);
  void OnCron();
  void ArmDeadline();
  void ContinueShutdown();
  // The start, in steps: what is on disk of the stream, the snapshot file, what the stream has
  // beyond it. Without anything on disk they are all one.
  base::Status LoadDataset();
  // What SaveWord wrote. Error: it is there and unreadable.
  base::Status LoadWord();
  base::Status StartLoading();
  void BeginLoading();
  void OnLoaded(base::Result<persistence::Loader::Loaded> outcome);
  void ReplayStream(const std::optional<replication::runtime::Replication::SavedHistory>& saved,
                    std::vector<std::pair<int, std::string>> expired);
  // Ends the process that could not load its data.
  void GiveUpLoading(const std::string& problem);
  // The keys that were left out of the dataset, because they were expired, leave the stream's too.
  void PropagateExpired(const std::vector<std::pair<int, std::string>>& keys);
  // Every online replica has acknowledged `offset`.
  bool ReplicasReached(base::Offset offset) const;
  // Says which replicas are left behind at `offset`.
  void LogReplicas(base::Offset offset);
  // Exits soon with code 1, saving nothing.
  void EndInDisorder();
  // Saves if that is wanted, and exits. Error: it could not be saved, and the server goes on.
  base::Status FinishShutdown(const engine::ShutdownRequest& request);
  // The server goes on: who asked for the shutdown is told so.
  void CancelShutdown();
  bool SavesAtExit(const engine::ShutdownRequest& request) const;

  io::Io& io_;
  log::Logger& logger_;
  ProcessProbe& probe_;
  std::function<void(int)> on_exit_;
  const config::ServerTable& directives_;
  config::ServerSettings settings_;
  const std::string config_path_;

  store::Hasher hasher_;
  store::Databases databases_;
  ReplicationBridge bridge_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<persistence::Snapshots> snapshots_;
  std::unique_ptr<persistence::Dataset> dataset_;
  std::unique_ptr<persistence::Saver> saver_;
  std::unique_ptr<persistence::RollbackRecords> rollbacks_;
  std::unique_ptr<replication::runtime::Replication> replication_;

  std::unique_ptr<persistence::Loader> loader_;  // while loading
  base::Instant loading_since_{};

  serve::Listeners tcp_listeners_;  // CONFIG SET port and bind replace them
  serve::Listeners unix_listener_;  // at most one, as long as the server runs
  std::map<uint64_t, std::unique_ptr<serve::Connection>> connections_;
  std::vector<uint64_t> discarded_;  // destroyed at the end of the turn
  bool word_unsaved_ = false;        // the last SaveWord failed: tried again
  base::Instant word_saved_at_{};    // last try
  std::unique_ptr<io::Timer> cron_timer_;
  std::unique_ptr<io::Timer> deadline_timer_;

  struct ShuttingDown {
    base::Instant deadline;
    std::vector<uint64_t> requesters;  // sessions blocked on it; none for a signal
    engine::ShutdownRequest request;
    base::Offset offset;  // what the replicas must reach; the GETACK lies beyond it
  };
  std::optional<ShuttingDown> shutting_down_;
  bool exited_ = false;
};

}  // namespace quorate::server::runtime
