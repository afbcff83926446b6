#include "shared/uv/connector.h"

#include <netinet/in.h>

#include <cerrno>
#include <utility>

#include "shared/uv/resolver.h"

namespace quorate::uv {

Connector::Connector(Loop& loop, const io::ConnectOptions& options,
                     std::function<void(ConnectOutcome)> done)
    : loop_(loop),
      source_address_(options.source_address),
      done_(std::move(done)),
      self_(std::make_shared<Connector*>(this)) {
  report_timer_ = loop_.timers().Create([this] { Report(std::move(*outcome_)); });
  deadline_timer_ = loop_.timers().Create([this] {
    Report(io::CloseReason{io::CloseReason::Kind::kTimedOut, "connection timed out"});
  });
  deadline_timer_->StartAt(Loop::Now() + options.timeout);
  Resolve(options.endpoint);
}

void Connector::Resolve(const base::Endpoint& endpoint) {
  const auto known = endpoint.host.starts_with('/')
                         ? SocketAddress::FromUnixPath(endpoint.host)
                         : SocketAddress::FromLiteral(endpoint.host, endpoint.port);
  if (known) {
    addresses_ = {*known};
    TryNextAddress();
    return;
  }
  ResolveHost(
      loop_, endpoint.host, endpoint.port,
      [weak = std::weak_ptr<Connector*>(self_)](base::Result<std::vector<SocketAddress>> found) {
        const std::shared_ptr<Connector*> alive = weak.lock();
        if (!alive) return;
        Connector& self = **alive;
        if (!found) {
          self.Report(
              io::CloseReason{io::CloseReason::Kind::kResolveFailed, found.error().message});
          return;
        }
        self.addresses_ = std::move(found).value();
        self.TryNextAddress();
      });
}

void Connector::TryNextAddress() {
  while (next_address_ < addresses_.size()) {
    const int error = StartConnecting(addresses_[next_address_++]);
    if (error == EINPROGRESS) return;
    if (error == 0) return ReportLater(TakeConnected());
    last_failure_ = CloseReasonOf(error);
  }
  ReportLater(last_failure_);
}

int Connector::StartConnecting(const SocketAddress& address) {
  poll_.Reset();
  socket_ = OpenSocket(address.family());
  if (!socket_.valid()) return errno;
  if (address.family() != AF_UNIX) SetNoDelay(socket_.get());
  if (const int error = BindSource(address)) return error;
  if (connect(socket_.get(), address.get(), address.length()) == 0) return 0;
  if (errno != EINPROGRESS && errno != EINTR) return errno;
  return Watch();
}

int Connector::BindSource(const SocketAddress& address) {
  if (source_address_.empty() || address.family() == AF_UNIX) return 0;
  const auto source = SocketAddress::FromLiteral(source_address_, 0);
  if (!source) return EINVAL;
  if (source->family() != address.family()) return EAFNOSUPPORT;
  // The port is chosen at connect, when the peer is known, so that many connections can share it.
  const int on = 1;
  setsockopt(socket_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  return bind(socket_.get(), source->get(), source->length()) == 0 ? 0 : errno;
}

int Connector::Watch() {
  int rc = poll_.Initialise(
      *this, [this](uv_poll_t* h) { return uv_poll_init(loop_.get(), h, socket_.get()); });
  if (rc == 0) {
    rc = uv_poll_start(poll_.get(), UV_WRITABLE, [](uv_poll_t* h, int, int) {
      if (Connector* self = Handle<uv_poll_t, Connector>::OwnerOf(h)) self->OnSocketReady();
    });
  }
  return rc == 0 ? EINPROGRESS : -rc;
}

void Connector::OnSocketReady() {
  int error = TakeSocketError(socket_.get());
  const SocketAddress& peer = addresses_[next_address_ - 1];
  // A port in the ephemeral range where nobody listens can be connected to itself.
  if (error == 0 && LocalAddress(socket_.get()).ToEndpoint() == peer.ToEndpoint())
    error = ECONNREFUSED;
  if (error == 0) return Report(TakeConnected());
  last_failure_ = CloseReasonOf(error);
  TryNextAddress();
}

ConnectOutcome Connector::TakeConnected() {
  poll_.Reset();
  return Connected{std::move(socket_), addresses_[next_address_ - 1]};
}

void Connector::ReportLater(ConnectOutcome outcome) {
  outcome_ = std::move(outcome);
  report_timer_->StartAt(base::Instant{});
}

void Connector::Report(ConnectOutcome outcome) {
  poll_.Reset();
  deadline_timer_->Stop();
  report_timer_->Stop();
  const auto done = std::move(done_);
  done(std::move(outcome));
}

}  // namespace quorate::uv
