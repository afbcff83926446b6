// One accepted client: its stream and its session. It feeds what arrives to the engine and writes
// out what the session has to say; after PSYNC the writing belongs to replication.
//
// Ownership: Server owns connections and destroys them at the end of a turn, never inside their own
// callbacks.
#pragma once

#include <memory>
#include <string_view>

#include "server/engine/session.h"
#include "shared/io/stream.h"

namespace quorate::server::runtime {

class Connection;

// What a connection tells its owner.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void OnConnectionBytes(Connection& connection, std::string_view bytes) = 0;
  virtual void OnConnectionWritable(Connection& connection) = 0;
  virtual void OnConnectionClosed(Connection& connection) = 0;
};

class Connection final : public io::StreamObserver {
 public:
  Connection(ConnectionOwner& owner, std::unique_ptr<io::Stream> stream, uint64_t id,
             base::Instant now);

  engine::Session& session() { return session_; }
  io::Stream& stream() { return *stream_; }
  uint64_t id() const { return session_.id; }

  // Writes the session's output as far as the kernel takes it. Returns the bytes written.
  size_t Flush();

  bool closing = false;  // listed for destruction at the end of the turn

 private:
  void OnBytes(std::string_view bytes) override { owner_.OnConnectionBytes(*this, bytes); }
  void OnWritable() override { owner_.OnConnectionWritable(*this); }
  void OnClosed(const io::CloseReason& reason) override;

  ConnectionOwner& owner_;
  engine::Session session_;
  std::unique_ptr<io::Stream> stream_;
};

}  // namespace quorate::server::runtime
