// One accepted client: its stream and its client state. It hands what arrives to its owner and
// writes out what the client is to be told.
//
// Ownership: the daemon owns connections and destroys them at the end of a turn, never inside their
// own callbacks.
#pragma once

#include <memory>
#include <string_view>

#include "shared/io/stream.h"
#include "shared/session/client.h"

namespace quorate::serve {

class Connection;

class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void OnConnectionBytes(Connection& connection, std::string_view bytes) = 0;
  virtual void OnConnectionWritable(Connection& connection) = 0;
  virtual void OnConnectionClosed(Connection& connection) = 0;
};

class Connection final : public io::StreamObserver {
 public:
  // Reading starts with Begin().
  Connection(ConnectionOwner& owner, std::unique_ptr<io::Stream> stream,
             std::unique_ptr<session::Client> client);
  void Begin() { stream_->SetObserver(*this); }

  session::Client& client() { return *client_; }
  io::Stream& stream() { return *stream_; }
  uint64_t id() const { return client_->id; }

  // Writes the client's output as far as the kernel takes it; asks for OnConnectionWritable if some
  // is left. Returns the bytes written.
  size_t Flush();

  bool closing = false;  // listed for destruction at the end of the turn

 private:
  void OnBytes(std::string_view bytes) override;
  void OnWritable() override { owner_.OnConnectionWritable(*this); }
  void OnClosed(const io::CloseReason& reason) override;

  ConnectionOwner& owner_;
  std::unique_ptr<session::Client> client_;
  std::unique_ptr<io::Stream> stream_;
};

}  // namespace quorate::serve
