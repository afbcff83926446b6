#include "shared/serve/connection.h"

#include <utility>

namespace quorate::serve {

namespace {
// A client that was sent a big reply gives the memory back once it is out.
constexpr size_t kKeptOutputBytes = 64 * 1024;
}  // namespace

Connection::Connection(ConnectionOwner& owner, std::unique_ptr<io::Stream> stream,
                       std::unique_ptr<session::Client> client)
    : owner_(owner), client_(std::move(client)), stream_(std::move(stream)) {
  client_->peer = stream_->peer();
  client_->local = stream_->local();
  client_->unix_socket = stream_->is_unix();
}

size_t Connection::Flush() {
  base::Buffer& output = client_->output;
  if (output.empty()) return 0;
  const size_t written = stream_->TryWrite(output.view());
  output.Consume(written);
  client_->bytes_out += written;
  if (!output.empty()) {
    stream_->NotifyWritable();
  } else if (output.capacity() > kKeptOutputBytes) {
    output.Free();
  }
  return written;
}

void Connection::OnBytes(std::string_view bytes) {
  client_->bytes_in += bytes.size();
  owner_.OnConnectionBytes(*this, bytes);
}

void Connection::OnClosed(const io::CloseReason& reason) {
  if (client_->close_reason.empty()) client_->close_reason = reason.message;
  owner_.OnConnectionClosed(*this);
}

}  // namespace quorate::serve
