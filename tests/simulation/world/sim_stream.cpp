#include "tests/simulation/world/sim_stream.h"

#include <utility>

#include "tests/simulation/world/sim_io.h"

namespace quorate::simulation {

using Kind = io::CloseReason::Kind;

SimStream::SimStream(SimIo& io, SocketId id) : io_(io), state_(State::kOpen), id_(id) {
  const Network& network = io_.machine().network;
  local_ = network.LocalOf(id);
  peer_ = is_unix() ? local_ : network.PeerOf(id);
  io_.Attach(id, *this);
}

SimStream::SimStream(SimIo& io, const io::ConnectOptions& options, io::StreamObserver& observer)
    : io_(io),
      state_(State::kConnecting),
      observer_(&observer),
      peer_(options.endpoint),
      self_(std::make_shared<SimStream*>(this)) {
  timeout_ = io_.CreateTimer([this] { Die({Kind::kTimedOut, "connection timed out"}); });
  timeout_->StartAt(io_.Now() + options.timeout);
  Resolve(options);
}

SimStream::~SimStream() { CloseSocket(); }

void SimStream::Resolve(const io::ConnectOptions& options) {
  const std::string& host = options.endpoint.host;
  const bool is_literal = host.starts_with('/') ||
                          host.find_first_not_of("0123456789.") == std::string::npos ||
                          host.find(':') != std::string::npos;
  if (is_literal) return StartConnecting(options.endpoint, options.source_address);
  io_.Resolve(
      host, [weak = std::weak_ptr<SimStream*>(self_), port = options.endpoint.port,
             source = options.source_address](const base::Result<std::vector<std::string>>& found) {
        const std::shared_ptr<SimStream*> alive = weak.lock();
        if (!alive || (*alive)->state_ != State::kConnecting) return;
        if (!found) return (*alive)->Die({Kind::kResolveFailed, found.error().message});
        (*alive)->StartConnecting({found->front(), port}, source);
      });
}

void SimStream::StartConnecting(const base::Endpoint& endpoint, const std::string& source) {
  Network& network = io_.machine().network;
  if (!io_.alive()) return;
  id_ = network.Connect(io_, io_.machine().host, endpoint, source);
  local_ = network.LocalOf(id_);
  peer_ = endpoint;
  io_.Attach(id_, *this);
  if (network.Look(id_).failure != nullptr) LookAgain();
}

void SimStream::SetObserver(io::StreamObserver& observer) {
  observer_ = &observer;
  LookAgain();
}

size_t SimStream::TryWrite(std::span<const std::string_view> slices) {
  if (state_ != State::kOpen || !io_.alive()) return 0;
  Network& network = io_.machine().network;
  if (network.Look(id_).failure != nullptr) {
    write_failed_ = true;
    LookAgain();
    return 0;
  }
  size_t total = 0;
  for (const std::string_view slice : slices) {
    const size_t taken = network.Send(id_, slice);
    total += taken;
    if (taken < slice.size()) break;
  }
  return total;
}

void SimStream::NotifyWritable() {
  writable_wanted_ = true;
  if (id_ != 0 && io_.alive()) io_.machine().network.WantWritable(id_);
}

void SimStream::ResumeReading() {
  paused_ = false;
  LookAgain();
}

void SimStream::SetKeepAlive(base::Duration idle) {
  keep_alive_ = idle;
  if (state_ == State::kOpen && io_.alive() && !is_unix())
    io_.machine().network.SetKeepAlive(id_, idle);
}

void SimStream::LookAgain() {
  if (id_ != 0 && io_.alive()) io_.OnSocketReady(id_);
}

void SimStream::Serve() {
  if (observer_ == nullptr) return;
  if (state_ == State::kConnecting) return ServeConnecting();
  if (state_ == State::kOpen) ServeOpen();
}

void SimStream::ServeConnecting() {
  const Network::View view = io_.machine().network.Look(id_);
  if (view.failure != nullptr) return Die(*view.failure);
  if (!view.connected) return;
  state_ = State::kOpen;
  timeout_.reset();
  if (keep_alive_ > base::Duration::zero()) SetKeepAlive(keep_alive_);
  if (view.readable > 0 || view.end || writable_wanted_) LookAgain();
  observer_->OnConnected();
}

void SimStream::ServeOpen() {
  Network& network = io_.machine().network;
  const Network::View view = network.Look(id_);
  if (view.readable > 0 && !paused_) {
    if (view.end || view.failure != nullptr || (writable_wanted_ && view.writable)) LookAgain();
    const std::string bytes = network.Receive(id_);
    return observer_->OnBytes(bytes);
  }
  if (!paused_ || write_failed_) {
    if (view.failure != nullptr) return Die(*view.failure);
    if (view.end) return Die({Kind::kEndOfFile, "connection closed by peer"});
  }
  if (!writable_wanted_ || !view.writable) return;
  writable_wanted_ = false;
  observer_->OnWritable();
}

void SimStream::Die(io::CloseReason reason) {
  CloseSocket();
  timeout_.reset();
  state_ = State::kDead;
  observer_->OnClosed(reason);
}

void SimStream::CloseSocket() {
  const SocketId id = std::exchange(id_, 0);
  if (id == 0) return;
  io_.Detach(id);
  if (io_.alive()) io_.machine().network.Close(id);
}

SimListener::SimListener(SimIo& io, ListenerId id, OnAccept on_accept)
    : io_(io),
      id_(id),
      on_accept_(std::make_shared<OnAccept>(std::move(on_accept))),
      endpoint_(io.machine().network.EndpointOf(id)) {}

SimListener::~SimListener() {
  io_.DetachListener(id_);
  if (io_.alive()) io_.machine().network.CloseListener(id_);
}

}  // namespace quorate::simulation
