#include "server/runtime/connection.h"

namespace quorate::server::runtime {

namespace {
// A session that has written a big reply gives the memory back once it is sent.
constexpr size_t kKeptOutputBytes = 64 * 1024;
}  // namespace

Connection::Connection(ConnectionOwner& owner, std::unique_ptr<io::Stream> stream, uint64_t id,
                       base::Instant now)
    : owner_(owner), session_(id, now), stream_(std::move(stream)) {
  session_.peer = stream_->peer();
  session_.local = stream_->local();
  session_.unix_socket = stream_->is_unix();
}

size_t Connection::Flush() {
  base::Buffer& output = session_.output;
  if (output.empty()) return 0;
  const size_t written = stream_->TryWrite(output.view());
  output.Consume(written);
  if (!output.empty()) {
    stream_->NotifyWritable();
  } else if (output.capacity() > kKeptOutputBytes) {
    output.Free();
  }
  return written;
}

void Connection::OnClosed(const io::CloseReason& reason) {
  if (session_.close_reason.empty()) session_.close_reason = reason.message;
  owner_.OnConnectionClosed(*this);
}

}  // namespace quorate::server::runtime
