// io::Stream over a non-blocking socket and uv_poll_t. Not uv_tcp_t: the seam's TryWrite borrows
// nothing, and one read buffer serves the whole loop. A readable event costs one recv, a write one
// send or sendmsg; neither allocates.
//
// States: connecting (connector_ set), open (socket_ valid), dead (neither). A failed write does
// not report death at once - it may have been called from anywhere - but in the next turn, after
// what had arrived before is delivered.
#pragma once

#include <uv.h>

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "shared/io/io.h"
#include "shared/io/stream.h"
#include "shared/uv/connector.h"
#include "shared/uv/handle.h"
#include "shared/uv/loop.h"
#include "shared/uv/socket.h"

namespace quorate::uv {

class SocketStream : public io::Stream {
 public:
  // An accepted connection.
  SocketStream(Loop& loop, FileDescriptor socket, const SocketAddress& peer);
  // A connection to be made.
  SocketStream(Loop& loop, const io::ConnectOptions& options, io::StreamObserver& observer);

  void SetObserver(io::StreamObserver& observer) override;
  size_t TryWrite(std::span<const std::string_view> slices) override;
  void NotifyWritable() override;
  void PauseReading() override;
  void ResumeReading() override;
  void SetKeepAlive(base::Duration idle) override;
  void SetNoDelay(bool on) override;
  const base::Endpoint& local() const override;
  const base::Endpoint& peer() const override { return peer_; }
  bool is_unix() const override { return unix_; }

 private:
  using PollHandle = Handle<uv_poll_t, SocketStream>;

  void OnConnectOutcome(ConnectOutcome outcome);
  static void OnPoll(uv_poll_t* handle, int status, int events);
  // Both return with the stream possibly destroyed.
  void ReadOnce();
  void DeliverRestAndDie(int error);
  void Die(io::CloseReason reason);

  bool open() const { return socket_.valid() && !write_error_; }
  // Tells libuv which events are wanted now.
  void UpdatePoll();
  void FailLater(int error);

  Loop& loop_;
  io::StreamObserver* observer_ = nullptr;
  std::unique_ptr<Connector> connector_;
  FileDescriptor socket_;
  PollHandle poll_;
  int armed_events_ = 0;
  bool reading_ = false;
  bool reading_paused_ = false;
  bool writable_wanted_ = false;
  bool unix_ = false;
  std::optional<int> write_error_;
  std::unique_ptr<io::Timer> failure_timer_;
  base::Duration keep_alive_{};
  base::Endpoint peer_;
  mutable std::optional<base::Endpoint> local_;
};

}  // namespace quorate::uv
