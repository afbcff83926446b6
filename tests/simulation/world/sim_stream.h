// Streams and listeners of a simulated process: the seam's contract over Network's sockets.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "shared/io/io.h"
#include "tests/simulation/world/network.h"

namespace quorate::simulation {

class SimIo;

class SimStream : public io::Stream {
 public:
  // An accepted connection.
  SimStream(SimIo& io, SocketId id);
  // A connection to be made.
  SimStream(SimIo& io, const io::ConnectOptions& options, io::StreamObserver& observer);
  ~SimStream() override;

  void SetObserver(io::StreamObserver& observer) override;
  size_t TryWrite(std::span<const std::string_view> slices) override;
  void NotifyWritable() override;
  void PauseReading() override { paused_ = true; }
  void ResumeReading() override;
  void SetKeepAlive(base::Duration idle) override;
  const base::Endpoint& local() const override { return local_; }
  const base::Endpoint& peer() const override { return peer_; }
  bool is_unix() const override { return local_.host.starts_with('/'); }

  // Something may be ready: at most one callback per turn, then the socket is looked at again.
  // Returns with the stream possibly destroyed.
  void Serve();

 private:
  enum class State { kConnecting, kOpen, kDead };

  void Resolve(const io::ConnectOptions& options);
  void StartConnecting(const base::Endpoint& endpoint, const std::string& source);
  void ServeConnecting();
  void ServeOpen();
  void LookAgain();
  void Die(io::CloseReason reason);
  void CloseSocket();

  SimIo& io_;
  State state_;
  SocketId id_ = 0;  // 0: none (resolving, or dead)
  io::StreamObserver* observer_ = nullptr;
  bool paused_ = false;
  bool writable_wanted_ = false;
  bool write_failed_ = false;
  base::Duration keep_alive_{};
  std::unique_ptr<io::Timer> timeout_;
  base::Endpoint local_, peer_;
  std::shared_ptr<SimStream*> self_;  // guards the resolver's callback
};

class SimListener : public io::Listener {
 public:
  using OnAccept = std::function<void(std::unique_ptr<io::Stream>)>;
  SimListener(SimIo& io, ListenerId id, OnAccept on_accept);
  ~SimListener() override;

  const base::Endpoint& endpoint() const override { return endpoint_; }
  // Shared: may run while the listener is destroyed.
  const std::shared_ptr<OnAccept>& on_accept() const { return on_accept_; }

 private:
  SimIo& io_;
  const ListenerId id_;
  const std::shared_ptr<OnAccept> on_accept_;
  base::Endpoint endpoint_;
};

}  // namespace quorate::simulation
