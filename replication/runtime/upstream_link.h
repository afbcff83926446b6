// The replica's connection to its primary: the socket, the staging of an arriving snapshot, and the
// cutting of the stream into commands, each run by the server and only then counted and passed on.
// What to say and when is the machine's (core/replica.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "replication/core/primary.h"
#include "replication/core/replica.h"
#include "replication/runtime/ports.h"
#include "replication/snapshot/reader.h"
#include "shared/base/buffer.h"
#include "shared/io/io.h"
#include "shared/resp/request_parser.h"

namespace quorate::replication::runtime {

class UpstreamLink final : public io::StreamObserver {
 public:
  // `run` carries the machine's actions out; they may close or reopen this link.
  UpstreamLink(io::Io& io, core::Replica& machine, core::Primary& downstream, Dataset& dataset,
               StreamApplier& applier, ReplicationListener& listener,
               std::function<void(core::ReplicaActions)> run);

  // A primary may send what no client may: its own limits may be wider than ours. Memory follows
  // bytes received in any case.
  static resp::RequestParser::Limits StreamLimits();
  // A primary that does not read what we send, its acknowledgements above all, is left when so much
  // waits for it.
  static constexpr size_t kMaxUnsentBytes = 1024 * 1024;

  // ---- the machine's actions
  void Open(const base::Endpoint& primary, base::Duration timeout, base::Duration keepalive);
  void Close();
  void Send(std::string_view bytes);
  void BeginStaging(bool same_history);
  void FinishStaging();
  void AbandonStaging();
  void CommitStaging();
  // What follows the snapshot is not read, or is kept, until CommitStaging.
  void PauseReading();

  // ---- io::StreamObserver
  void OnConnected() override;
  void OnBytes(std::string_view bytes) override;
  void OnWritable() override;
  void OnClosed(const io::CloseReason& reason) override;

 private:
  void Step(const core::ReplicaInput& input);
  // False if the staging refused: the link is closed by then.
  bool Stage(const core::SnapshotFraming::Payload& payload);
  void OnStream(std::string_view bytes);
  // Runs the whole commands at the front of `bytes`; returns how many bytes are done with, or
  // nullopt if the link was closed meanwhile.
  std::optional<size_t> RunCommands(std::string_view bytes);
  void RunCommand(std::string_view raw);
  void Flush();

  io::Io& io_;
  core::Replica& machine_;
  core::Primary& downstream_;
  Dataset& dataset_;
  StreamApplier& applier_;
  ReplicationListener& listener_;
  std::function<void(core::ReplicaActions)> run_;

  std::unique_ptr<io::Stream> stream_;
  base::Duration keepalive_{};
  uint64_t link_ = 0;    // counts Open and Close: tells a callback that its link is gone
  base::Buffer output_;  // what the socket did not take
  base::Buffer input_;   // an unfinished command, or what came while reading was paused
  bool paused_ = false;
  resp::RequestParser parser_;

  std::unique_ptr<Staging> staging_;
  std::optional<snapshot::Reader> reader_;
};

}  // namespace quorate::replication::runtime
