// Joins the engine with replication: for the engine it is the ReplicationPort, for replication the
// server's ports. It translates and keeps no state but the session in which the primary's commands
// run.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "replication/runtime/replication.h"
#include "server/engine/engine.h"
#include "server/engine/replication_port.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"
#include "shared/serve/connection.h"

namespace quorate::server::runtime {

class ReplicationBridge final : public engine::ReplicationPort,
                                public replication::runtime::StreamApplier,
                                public replication::runtime::ReplicaLinks,
                                public replication::runtime::ReplicationListener {
 public:
  using FindConnection = std::function<serve::Connection*(uint64_t id)>;

  ReplicationBridge(io::Io& io, log::Logger& logger, FindConnection find_connection);

  // Before any other call. Both outlive the bridge's use.
  // `end_process` ends it soon, in disorder: an error of the stream demands that.
  void Attach(engine::Engine& engine, replication::runtime::Replication& replication,
              std::function<void()> end_process);
  // Ends the primary's session; before the engine goes.
  void Detach();

  // ---- engine::ReplicationPort
  bool is_replica() const override { return replication_->is_replica(); }
  bool primary_link_up() const override { return replication_->primary_link_up(); }
  int64_t good_replicas() const override { return replication_->CountGoodReplicas(); }
  base::Offset offset() const override { return replication_->offset(); }
  bool streaming() const override { return replication_->streaming(); }
  void Append(int db, std::string_view command) override { replication_->Append(db, command); }
  void AppendMulti(int db) override { replication_->AppendMulti(db); }
  void AppendExec() override { replication_->AppendExec(); }
  void HandleReplconf(engine::Session& session, std::span<const std::string_view> args) override;
  void HandlePsync(engine::Session& session, std::span<const std::string_view> args) override;
  base::Result<ReplicaOfOutcome> ReplicaOf(std::optional<base::Endpoint> primary) override;
  base::Status StartFailover(const replication::core::FailoverRequest& request) override {
    return replication_->StartFailover(request);
  }
  base::Status AbortFailover() override { return replication_->AbortFailover(); }
  replication::core::FailoverState failover_state() const override {
    return replication_->failover_state();
  }
  void HoldUpstream(base::Instant until) override { replication_->HoldUpstream(until); }
  void DropUpstream(std::string_view reason) override { replication_->DropUpstream(reason); }
  const replication::core::History& history() const override { return replication_->history(); }
  std::vector<replication::core::ReplicaView> Replicas() const override {
    return replication_->Replicas();
  }
  std::optional<replication::core::UpstreamView> Upstream() const override {
    return replication_->Upstream();
  }
  replication::core::BacklogView Backlog() const override { return replication_->Backlog(); }
  const replication::core::SyncCounters& counters() const override {
    return replication_->counters();
  }
  void ResetCounters() override { replication_->ResetCounters(); }
  int64_t ReplicasAcknowledged(base::Offset offset) const override {
    return replication_->CountAcknowledged(offset);
  }
  int stream_db() const override { return replication_->stream_db(); }
  bool DiskWantsSnapshot(const replication::core::SnapshotFile& file) const override {
    return replication_->DiskWantsSnapshot(file);
  }
  void ScheduleGetAck() override { replication_->ScheduleGetAck(); }
  void HoldStream(bool held) override { replication_->HoldStream(held); }

  // ---- replication's ports
  void BeginBytes() override;
  size_t LookAhead(std::string_view coming) override;
  base::Status Apply(std::span<const std::string_view> args) override;
  void SelectDb(int db) override;
  void AbortTransaction() override;
  void EndStream() override;
  size_t TryWrite(replication::core::ReplicaId replica,
                  std::span<const std::string_view> slices) override;
  void NotifyWritable(replication::core::ReplicaId replica) override;
  void Close(replication::core::ReplicaId replica, std::string_view reason) override;
  void OnAcknowledged() override;
  void OnRoleChanged(bool is_replica) override;
  void OnFailoverPause(bool paused) override;
  void OnUpstreamBytes(size_t bytes) override { engine_->stats().net_repl_input_bytes += bytes; }
  void OnPrimaryLink(bool up) override;

 private:
  engine::Session& PrimarySession();
  // propagation-error-behavior. True: the process ends, and nothing more is applied.
  bool Panics(std::string_view error, std::string_view command);

  io::Io& io_;
  log::Logger& logger_;
  FindConnection find_connection_;
  std::function<void()> end_process_;
  engine::Engine* engine_ = nullptr;
  replication::runtime::Replication* replication_ = nullptr;
  std::unique_ptr<engine::Session> primary_session_;  // while we are a replica
};

}  // namespace quorate::server::runtime
