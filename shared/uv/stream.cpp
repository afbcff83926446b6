#include "shared/uv/stream.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "shared/base/check.h"

namespace quorate::uv {

namespace {

constexpr size_t kSlicesPerCall = 256;

ssize_t Receive(int fd, char* buffer, size_t size) {
  ssize_t n;
  do {
    n = recv(fd, buffer, size, 0);
  } while (n < 0 && errno == EINTR);
  return n;
}

ssize_t Send(int fd, std::span<const std::string_view> slices) {
  if (slices.size() == 1) return send(fd, slices[0].data(), slices[0].size(), MSG_NOSIGNAL);
  std::array<iovec, kSlicesPerCall> vectors;
  for (size_t i = 0; i < slices.size(); ++i) {
    vectors[i] = {const_cast<char*>(slices[i].data()), slices[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = slices.size();
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

io::CloseReason EndOfFile() {
  return {io::CloseReason::Kind::kEndOfFile, "connection closed by peer"};
}

}  // namespace

SocketStream::SocketStream(Loop& loop, FileDescriptor socket, const SocketAddress& peer)
    : loop_(loop),
      socket_(std::move(socket)),
      unix_(peer.family() == AF_UNIX),
      peer_(peer.ToEndpoint()) {
  // A client of a unix socket has no address of its own; the path of the server's end names the
  // connection.
  if (unix_) peer_ = local();
}

SocketStream::SocketStream(Loop& loop, const io::ConnectOptions& options,
                           io::StreamObserver& observer)
    : loop_(loop),
      observer_(&observer),
      connector_(std::make_unique<Connector>(
          loop, options, [this](ConnectOutcome outcome) { OnConnectOutcome(std::move(outcome)); })),
      peer_(options.endpoint) {}

void SocketStream::OnConnectOutcome(ConnectOutcome outcome) {
  connector_.reset();
  if (auto* reason = std::get_if<io::CloseReason>(&outcome)) return Die(std::move(*reason));
  auto& connected = std::get<Connected>(outcome);
  socket_ = std::move(connected.socket);
  peer_ = connected.peer.ToEndpoint();
  unix_ = connected.peer.family() == AF_UNIX;
  reading_ = true;
  if (keep_alive_ > base::Duration::zero()) SetKeepAlive(keep_alive_);
  UpdatePoll();
  observer_->OnConnected();
}

void SocketStream::SetObserver(io::StreamObserver& observer) {
  observer_ = &observer;
  reading_ = true;
  if (write_error_) FailLater(*write_error_);
  UpdatePoll();
}

size_t SocketStream::TryWrite(std::span<const std::string_view> slices) {
  if (!open()) return 0;
  size_t total = 0;
  while (!slices.empty()) {
    const auto batch = slices.first(std::min(slices.size(), kSlicesPerCall));
    slices = slices.subspan(batch.size());
    size_t wanted = 0;
    for (const std::string_view slice : batch) wanted += slice.size();
    if (wanted == 0) continue;
    ssize_t sent;
    do {
      sent = Send(socket_.get(), batch);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
      if (!WouldBlock(errno)) FailLater(errno);
      return total;
    }
    total += static_cast<size_t>(sent);
    if (static_cast<size_t>(sent) < wanted) return total;
  }
  return total;
}

void SocketStream::NotifyWritable() {
  writable_wanted_ = true;
  UpdatePoll();
}

void SocketStream::PauseReading() {
  reading_paused_ = true;
  UpdatePoll();
}

void SocketStream::ResumeReading() {
  reading_paused_ = false;
  UpdatePoll();
}

void SocketStream::SetKeepAlive(base::Duration idle) {
  keep_alive_ = idle;
  if (socket_.valid() && !unix_) uv::SetKeepAlive(socket_.get(), idle);
}

void SocketStream::SetNoDelay(bool on) {
  if (socket_.valid() && !unix_) uv::SetNoDelay(socket_.get(), on);
}

const base::Endpoint& SocketStream::local() const {
  if (!local_ && socket_.valid()) local_ = LocalAddress(socket_.get()).ToEndpoint();
  static const base::Endpoint kNone;
  return local_ ? *local_ : kNone;
}

void SocketStream::UpdatePoll() {
  if (!open() || observer_ == nullptr) return;
  const int wanted =
      (reading_ && !reading_paused_ ? UV_READABLE : 0) | (writable_wanted_ ? UV_WRITABLE : 0);
  if (wanted == armed_events_) return;
  int rc = 0;
  if (poll_.empty()) {
    rc = poll_.Initialise(
        *this, [this](uv_poll_t* h) { return uv_poll_init(loop_.get(), h, socket_.get()); });
  }
  if (rc == 0)
    rc = wanted == 0 ? uv_poll_stop(poll_.get()) : uv_poll_start(poll_.get(), wanted, OnPoll);
  if (rc != 0) return FailLater(-rc);
  armed_events_ = wanted;
}

void SocketStream::OnPoll(uv_poll_t* handle, int status, int events) {
  SocketStream* self = PollHandle::OwnerOf(handle);
  if (self == nullptr) return;
  if (status < 0) {
    // The socket has an error pending; libuv has stopped watching it.
    self->armed_events_ = 0;
    self->DeliverRestAndDie(TakeSocketError(self->socket_.get()));
    return;
  }
  if ((events & UV_READABLE) != 0) {
    self->ReadOnce();
    self = PollHandle::OwnerOf(handle);
  }
  if (self != nullptr && (events & UV_WRITABLE) != 0 && self->writable_wanted_) {
    self->writable_wanted_ = false;
    self->UpdatePoll();
    self->observer_->OnWritable();
  }
}

void SocketStream::ReadOnce() {
  loop_.NoteBytes();
  const ssize_t n = Receive(socket_.get(), loop_.read_buffer(), Loop::kReadBufferSize);
  if (n > 0) return observer_->OnBytes({loop_.read_buffer(), static_cast<size_t>(n)});
  if (n < 0 && WouldBlock(errno)) return;
  const int error = n < 0 ? errno : write_error_.value_or(0);
  Die(error != 0 ? CloseReasonOf(error) : EndOfFile());
}

void SocketStream::DeliverRestAndDie(int error) {
  const uv_poll_t* handle = poll_.empty() ? nullptr : poll_.get();
  while (handle != nullptr && reading_ && !reading_paused_) {
    const ssize_t n = Receive(socket_.get(), loop_.read_buffer(), Loop::kReadBufferSize);
    if (n <= 0) break;
    observer_->OnBytes({loop_.read_buffer(), static_cast<size_t>(n)});
    if (PollHandle::OwnerOf(handle) == nullptr) return;
  }
  if (error == 0) error = write_error_.value_or(0);
  Die(error != 0 ? CloseReasonOf(error) : EndOfFile());
}

void SocketStream::Die(io::CloseReason reason) {
  poll_.Reset();
  socket_.Reset();
  failure_timer_.reset();
  observer_->OnClosed(reason);
}

void SocketStream::FailLater(int error) {
  if (!write_error_) write_error_ = error;
  // Without an observer there is nobody to tell yet; SetObserver comes back here.
  if (observer_ == nullptr || failure_timer_) return;
  failure_timer_ = loop_.timers().Create([this] { DeliverRestAndDie(*write_error_); });
  failure_timer_->StartAt(base::Instant{});
}

}  // namespace quorate::uv
