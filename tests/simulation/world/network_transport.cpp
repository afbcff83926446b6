// How connections are made and segments travel: the second half of Network.
#include <algorithm>

#include "tests/simulation/world/network.h"

namespace quorate::simulation {

namespace {

using Kind = io::CloseReason::Kind;
using std::chrono::seconds;

constexpr int kKeepAliveProbes = 3;
constexpr int kMostRetryDoublings = 6;
constexpr size_t kTinySegment = 8;

}  // namespace

// ---- making a connection: request (SYN), answer (SYN-ACK), handshake (ACK)

void Network::SendRequest(SocketId id) {
  Socket& socket = *Find(id);
  const base::Duration latency =
      socket.peer_host == kNowhere ? options_.latency : DrawLatency(socket.host, socket.peer_host);
  events_.After(latency, [this, id] { OnRequest(id); });
}

void Network::RetryRequest(Socket& socket) {
  const int doublings = std::min(socket.attempts++, kMostRetryDoublings);
  events_.After(options_.connect_retry * (1 << doublings), [this, id = socket.id] {
    if (Find(id) != nullptr) SendRequest(id);
  });
}

void Network::OnRequest(SocketId id) {
  Socket* socket = Find(id);
  if (socket == nullptr || socket->connected || socket->failure) return;
  const HostId from = socket->host;
  const HostId to = socket->peer_host;
  if (!IsOpen(from, to)) return RetryRequest(*socket);
  ListenerId listener_id = 0;
  ListenerState* listener = FindListener(to, socket->peer, &listener_id);
  if (listener == nullptr) {
    events_.After(DrawLatency(to, from), [this, id] { OnRequestRefused(id); });
    return;
  }
  if (listener->half_open + listener->ready.size() >= listener->backlog)
    return RetryRequest(*socket);
  ++listener->half_open;
  const SocketId other_id = NewSocket(to, from, nullptr);
  Socket& other = *Find(other_id);
  other.via = listener_id;
  other.peer_id = id;
  other.connected = true;
  other.local = socket->peer;
  other.peer = socket->local;
  other.last_heard = events_.now();
  events_.After(DrawLatency(to, from), [this, id, other_id] { OnRequestAnswered(id, other_id); });
}

void Network::OnRequestRefused(SocketId id) {
  Socket* socket = Find(id);
  if (socket == nullptr || socket->connected || socket->failure) return;
  if (!IsOpen(socket->peer_host, socket->host)) return RetryRequest(*socket);
  Fail(*socket, {Kind::kRefused, "Connection refused"});
}

void Network::OnRequestAnswered(SocketId id, SocketId other_id) {
  Socket* socket = Find(id);
  const bool wanted = socket != nullptr && !socket->connected && !socket->failure;
  if (!wanted) return DiscardHalfOpen(other_id);
  if (Find(other_id) == nullptr || !IsOpen(socket->peer_host, socket->host)) {
    DiscardHalfOpen(other_id);
    return RetryRequest(*socket);
  }
  socket->connected = true;
  socket->peer_id = other_id;
  socket->last_heard = events_.now();
  Enqueue(*socket, Segment::Kind::kHandshake, {});
  Notify(*socket);
}

void Network::DiscardHalfOpen(SocketId id) {
  const Socket* socket = Find(id);
  if (socket == nullptr) return;
  const auto listener = listeners_.find(socket->via);
  if (listener != listeners_.end()) --listener->second.half_open;
  Erase(id);
}

void Network::ArriveHandshake(Socket& from, Socket& to) {
  const auto listener = listeners_.find(to.via);
  if (listener == listeners_.end()) {
    ResetFromAfar(from.id);
    return Erase(to.id);
  }
  --listener->second.half_open;
  listener->second.ready.push_back(to.id);
  trace_.Add(events_.now(), "accept-ready", to.id, from.id);
  listener->second.owner->OnListenerReady(to.via);
}

// ---- segments

void Network::EnqueueData(Socket& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    size_t length = std::min(bytes.size(), options_.largest_segment);
    if (length > 1 && random_.Chance(options_.split_percent, 100)) {
      const size_t limit = random_.Chance(1, 2) ? std::min(length, kTinySegment) : length;
      length = 1 + random_.Below(limit);
    }
    length = std::min(length, bytes.size());
    Enqueue(socket, Segment::Kind::kData, std::string(bytes.substr(0, length)));
    bytes.remove_prefix(length);
  }
}

void Network::Enqueue(Socket& socket, Segment::Kind kind, std::string bytes) {
  base::Instant arrives = events_.now() + DrawLatency(socket.host, socket.peer_host);
  if (!socket.out.empty()) arrives = std::max(arrives, socket.out.back().arrives);
  arrives += TransmissionTime(socket.host, socket.peer_host, bytes.size());
  socket.out.push_back({kind, arrives, std::move(bytes)});
  ScheduleDelivery(socket);
}

void Network::ScheduleDelivery(Socket& socket) {
  if (socket.delivery || socket.stalled_since || socket.blocked || socket.out.empty()) return;
  socket.delivery = events_.At(socket.out.front().arrives, [this, id = socket.id] { Deliver(id); });
}

void Network::Deliver(SocketId id) {
  Socket* socket = Find(id);
  if (socket == nullptr) return;
  socket->delivery.reset();
  if (socket->out.empty()) return;
  if (!IsOpen(socket->host, socket->peer_host)) return Stall(*socket);
  Socket* peer = Find(socket->peer_id);
  const bool taken_by_process = peer != nullptr && !peer->closed && !peer->failure;
  const Segment::Kind kind = socket->out.front().kind;
  const bool needs_answer = kind == Segment::Kind::kData || kind == Segment::Kind::kHandshake;
  if (!taken_by_process && needs_answer) {
    // The reset that this draws needs the way back.
    if (!IsOpen(socket->peer_host, socket->host)) return Stall(*socket);
    return ArriveNowhere(*socket);
  }
  if (peer != nullptr && !Arrive(*socket, *peer)) return;
  socket = Find(id);
  if (socket == nullptr || socket->out.empty()) return;
  socket->out.pop_front();
  if (socket->closed && socket->out.empty()) return Erase(id);
  ScheduleDelivery(*socket);
}

bool Network::Arrive(Socket& from, Socket& to) {
  Segment& segment = from.out.front();
  to.last_heard = events_.now();
  switch (segment.kind) {
    case Segment::Kind::kHandshake:
      ArriveHandshake(from, to);
      break;
    case Segment::Kind::kData:
      if (to.received.size() >= options_.receive_window) {
        from.blocked = true;
        return false;
      }
      trace_.Add(events_.now(), "deliver", to.id, from.id, segment.bytes);
      ReportArrival(from, segment.bytes.size());
      if (to.received.empty()) {
        to.received = std::move(segment.bytes);
      } else {
        to.received += segment.bytes;
      }
      Notify(to);
      break;
    case Segment::Kind::kEnd:
      trace_.Add(events_.now(), "end", to.id, from.id);
      to.end = true;
      Notify(to);
      break;
    case Segment::Kind::kReset:
      trace_.Add(events_.now(), "reset", to.id, from.id);
      Fail(to, {Kind::kReset, "Connection reset by peer"});
      break;
  }
  return true;
}

void Network::ArriveNowhere(Socket& from) {
  const Socket* peer = Find(from.peer_id);
  if (peer != nullptr && peer->closed) Erase(peer->id);
  from.out.clear();
  ResetFromAfar(from.id);
}

// While little is under way there is room in any case, and it costs an event less to say so at
// once.
void Network::ReportArrival(const Socket& from, size_t bytes) {
  const base::Duration latency = DrawLatency(from.peer_host, from.host);
  if (!from.wants_writable && from.unacknowledged < options_.send_window / 8)
    return Acknowledge(from.id, bytes);
  events_.After(latency, [this, id = from.id, bytes] { Acknowledge(id, bytes); });
}

void Network::Acknowledge(SocketId id, size_t bytes) {
  Socket* socket = Find(id);
  if (socket == nullptr || socket->failure) return;
  if (!IsOpen(socket->peer_host, socket->host)) {
    socket->lost_acknowledgements += bytes;
    return;
  }
  socket->unacknowledged -= std::min(bytes, socket->unacknowledged);
  socket->last_heard = events_.now();
  if (socket->wants_writable && RoomIsWorthIt(*socket)) {
    socket->wants_writable = false;
    Notify(*socket);
  }
}

// ---- ends

void Network::Unblock(SocketId id) {
  Socket* socket = Find(id);
  if (socket == nullptr || !socket->blocked) return;
  socket->blocked = false;
  ScheduleDelivery(*socket);
}

void Network::Abort(Socket& socket) {
  trace_.Add(events_.now(), "abort", socket.id);
  socket.closed = true;
  socket.owner = nullptr;
  const bool unsent_is_dropped = random_.Chance(1, 2);
  if (unsent_is_dropped &&
      (socket.out.empty() || socket.out.front().kind != Segment::Kind::kHandshake)) {
    socket.out.clear();
    if (socket.delivery) events_.Cancel(*socket.delivery);
    socket.delivery.reset();
  }
  Unblock(socket.peer_id);
  Enqueue(socket, Segment::Kind::kReset, {});
}

void Network::Fail(Socket& socket, io::CloseReason reason) {
  if (socket.closed) return Erase(socket.id);
  if (socket.failure) return;
  trace_.Add(events_.now(), "fail", socket.id, static_cast<uint64_t>(reason.kind));
  socket.failure = std::move(reason);
  socket.out.clear();
  socket.stalled_since.reset();
  if (socket.delivery) events_.Cancel(*socket.delivery);
  socket.delivery.reset();
  Notify(socket);
}

void Network::ResetFromAfar(SocketId id) {
  const Socket* socket = Find(id);
  if (socket == nullptr) return;
  events_.After(DrawLatency(socket->peer_host, socket->host), [this, id] {
    Socket* target = Find(id);
    if (target == nullptr) return;
    if (!IsOpen(target->peer_host, target->host)) {
      // Lost; what provoked it is sent again, and draws another.
      events_.After(options_.connect_retry, [this, id] { ResetFromAfar(id); });
      return;
    }
    Fail(*target, {Kind::kReset, "Connection reset by peer"});
  });
}

void Network::Probe(SocketId id) {
  Socket* socket = Find(id);
  if (socket == nullptr || socket->failure) return;
  socket->probe.reset();
  const auto again = [this, socket, id](base::Instant when) {
    socket->probe = events_.At(when, [this, id] { Probe(id); });
  };
  if (!socket->connected) return again(events_.now() + socket->keep_alive);
  const base::Instant due = socket->last_heard + socket->keep_alive;
  if (due > events_.now()) return again(due);
  if (!IsOpen(socket->host, socket->peer_host) || !IsOpen(socket->peer_host, socket->host)) {
    if (++socket->failed_probes >= kKeepAliveProbes)
      return Fail(*socket, {Kind::kTimedOut, "Connection timed out"});
    return again(events_.now() + socket->keep_alive / kKeepAliveProbes);
  }
  if (Find(socket->peer_id) == nullptr && !socket->end) {
    return Fail(*socket, {Kind::kReset, "Connection reset by peer"});
  }
  socket->failed_probes = 0;
  socket->last_heard = events_.now();
  again(events_.now() + socket->keep_alive);
}

// ---- cuts

void Network::Stall(Socket& socket) {
  const base::Instant now = events_.now();
  trace_.Add(now, "stall", socket.id);
  socket.stalled_since = now;
  if (options_.stall_limit == base::Duration::zero()) return;
  events_.After(options_.stall_limit, [this, id = socket.id, now] {
    Socket* stalled = Find(id);
    if (stalled == nullptr || stalled->stalled_since != now) return;
    Fail(*stalled, {Kind::kTimedOut, "Connection timed out"});
  });
}

void Network::Resume(Socket& socket) {
  socket.stalled_since.reset();
  const base::Instant arrives =
      events_.now() + base::Duration(random_.Between(1, options_.retransmit_within.count()));
  for (Segment& segment : socket.out) segment.arrives = std::max(segment.arrives, arrives);
  ScheduleDelivery(socket);
}

void Network::ReopenWay(HostId from, HostId to) {
  for (const auto& socket : sockets_) {
    if (socket == nullptr) continue;
    const bool forth = socket->host == from && socket->peer_host == to;
    const bool back = socket->host == to && socket->peer_host == from;
    if ((forth || back) && socket->stalled_since) Resume(*socket);
    if (!back || socket->lost_acknowledgements == 0) continue;
    const size_t bytes = std::exchange(socket->lost_acknowledgements, 0);
    events_.After(DrawLatency(from, to),
                  [this, id = socket->id, bytes] { Acknowledge(id, bytes); });
  }
}

}  // namespace quorate::simulation
